"""Who is believed, and who is not: each case is the headers of a mail, settings, and the verdict.

PROVEN is taken for what it says; REFUSED is honest mail that our server did not
prove; ATTACKS is what somebody would write who wants to be believed. `says` is
what the verdict's sentence must hold.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mailhook.authenticity import judge
from mailhook.config import TrustSettings

OURS = "mx.example.com"
FROM = "Truora <notifications@truora.com>"
PASS = "dmarc=pass header.from=truora.com"
GENUINE = f"{OURS}; {PASS}"
FAIL = f"{OURS}; dmarc=fail header.from=truora.com"


@dataclass(frozen=True)
class Case:
    """`results` are the mail's Authentication-Results from the top, `others` what else it bears."""

    rule: str
    says: str = ""
    results: tuple[str, ...] = (GENUINE,)
    sender: str | tuple[str, ...] = FROM
    others: tuple[tuple[str, str], ...] = ()
    server: str | tuple[str, ...] = OURS
    senders: tuple[str, ...] = ("truora.com",)
    require: Literal["dmarc", "dkim", "none"] = "dmarc"

    def told(self) -> tuple[list[tuple[str, str]], TrustSettings]:
        """The headers and the settings."""
        senders = (self.sender,) if isinstance(self.sender, str) else self.sender
        headers = [("authentication-results", value) for value in self.results]
        headers += [*self.others, *(("from", value) for value in senders)]
        servers = (self.server,) if isinstance(self.server, str) else self.server
        return headers, TrustSettings(
            authserv_id=servers, senders=self.senders, require=self.require
        )

    def judged(self) -> tuple[bool, str]:
        proof = judge(*self.told())
        return proof.verified, proof.detail


def top(*results: str) -> tuple[str, ...]:
    return results


PROVEN = [
    Case("a plain pass of our server"),
    Case("a subdomain of a trusted one",
         results=top(f"{OURS}; dmarc=pass header.from=m.truora.com"),
         sender="a@m.truora.com"),
    Case("a whole trusted address", senders=("notifications@truora.com",)),
    Case("any of several trusted ones", senders=("example.org", "truora.com")),
    Case("a bare address", sender="notifications@truora.com"),
    Case("capitals everywhere", results=top("MX.Example.COM; DMARC=Pass header.FROM=Truora.Com"),
         sender="N@TRUORA.com"),
    Case("a display name in encoded words", sender="=?utf-8?q?Truora=C3=A1?= <n@truora.com>"),
    Case("a quoted display name with a comma", sender='"Truora, Inc." <n@truora.com>'),
    Case("no domain named: the one From is meant", results=top(f"{OURS}; dmarc=pass")),
    Case("a version behind the id", results=top(f"{OURS} 1; {PASS}")),
    Case("a version behind the method",
         results=top(f"{OURS}; dmarc/1=pass header.from=truora.com")),
    Case("the id in quotes", results=top(f'"{OURS}"; {PASS}')),
    Case("the id after a comment", results=top(f"(by us) {OURS}; {PASS}")),
    Case("the same pass told twice", results=top(f"{OURS}; {PASS}; {PASS}")),
    Case("a later hop of somebody else on top", results=top("relay.example.net; none", GENUINE)),
    Case("a later hop that wrote nonsense, but its name",
         results=top('relay.example.net; x="', GENUINE)),
    Case("a later hop that wrote at length",
         results=top("relay.example.net; " + "x" * 50_000, GENUINE)),
    Case("any of several of our servers", server=("mx1.example.com", OURS)),
    Case("any server below a wildcard", server="*.example.com"),
    Case("our name in other capitals in the settings", server="MX.example.com"),
    Case("dkim failed, dmarc passed by spf", results=top(f"{OURS}; dkim=fail; spf=pass; {PASS}")),
    Case("an address where the domain is asked for",
         results=top(f"{OURS}; dmarc=pass header.from=n@truora.com")),
    Case("a domain in letters beyond ASCII", senders=("trüora.example",),
         results=top(f"{OURS}; dmarc=pass header.from=xn--trora-lva.example"),
         sender="a@xn--trora-lva.example"),
    Case("Gmail", server="mx.google.com", results=top(
        'mx.google.com;       dkim=pass header.i=@truora.com header.s=s1 header.b="ab/cd+e=";'
        "       spf=pass (google.com: domain of b@em.truora.com designates 192.0.2.1 as permitted"
        ' sender) smtp.mailfrom="b+x=example.com@em.truora.com";'
        "       dmarc=pass (p=QUARANTINE sp=QUARANTINE dis=NONE) header.from=truora.com")),
    Case("Microsoft 365, which names no server", server="unnamed", results=top(
        "spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=em.truora.com; dkim=pass (signature was"
        " verified) header.d=truora.com;dmarc=pass action=none header.from=truora.com;"
        "compauth=pass reason=100")),
    Case("Yahoo", server="*.yahoo.example", results=top(
        "atlas-production.v2.omega.yahoo.example; dkim=pass header.i=@truora.com header.s=s1;"
        " spf=pass smtp.mailfrom=em.truora.com; dmarc=pass(p=QUARANTINE) header.from=truora.com;")),
    Case("Fastmail", server="*.messagingengine.com", results=top(
        "mx5.messagingengine.com; arc=none (no signatures found); dkim=pass (2048-bit rsa key"
        " sha256) header.d=truora.com header.i=@truora.com header.b=Ab1/+x== header.a=rsa-sha256"
        " header.s=s1 x-bits=2048; dmarc=pass policy.published-domain-policy=quarantine"
        " policy.applied-disposition=none policy.evaluated-disposition=none (p=quarantine,"
        "d=none,d.eval=none) policy.policy-from=p header.from=truora.com; iprev=pass"
        " smtp.remote-ip=192.0.2.1 (mail.truora.com)")),
    Case("Zoho", server="mx.zoho.example", results=top(
        "mx.zoho.example; dkim=pass; spf=pass (zoho.example: domain of em.truora.com designates"
        " 192.0.2.1 as permitted sender ) smtp.mailfrom=b@em.truora.com;"
        " dmarc=pass(p=quarantine dis=none) header.from=truora.com")),
    Case("rspamd", results=top(
        f'{OURS}; dkim=pass header.d=truora.com header.s=s1 header.b="x/Y="; dmarc=pass'
        " (policy=quarantine) header.from=truora.com; spf=pass (mx.example.com: domain of"
        " b@em.truora.com designates 192.0.2.1 as permitted sender)"
        " smtp.mailfrom=b@em.truora.com")),
    Case("OpenDMARC",
         results=top(f"{OURS}; dmarc=pass (p=quarantine dis=none) header.from=truora.com",
         f"{OURS}; dkim=pass (2048-bit key; unprotected) header.d=truora.com")),
    Case("Exim", results=top(
        f"{OURS}; iprev=pass (mail.truora.com) smtp.remote-ip=192.0.2.1; spf=pass smtp.mailfrom="
        "em.truora.com; dkim=pass header.d=truora.com header.s=s1 header.a=rsa-sha256; dmarc=pass"
        " header.from=truora.com; arc=none")),
    Case("of two dmarc results the first decides",
         results=top(f"{OURS}; {PASS}; dmarc=fail header.from=truora.com")),
    Case("Sender and Reply-To of anybody", others=(
        ("sender", "x@evil.example"), ("reply-to", "x@evil.example"))),
    Case("headers of our server about a former hop", others=(
        ("arc-authentication-results", f"i=1; {OURS}; dmarc=fail header.from=truora.com"),
        ("received-spf", "fail"))),
    Case("our header far below others", results=(*["relay.example.net; none"] * 60, GENUINE)),
    Case("our header above 500 others", results=(GENUINE, *["x; dmarc=fail"] * 500)),
    Case("a header in Latin-1", results=top(f"{OURS}; {PASS}; spf=pass (se\xf1or \xe9) x.y=\xfc")),
    Case("folds where a folded header was put together", results=top(
        f"{OURS}   1;\t dmarc\t/ 1 \t=  pass   header . from\t=  truora.com")),
    Case("a reason and property types nobody knows", results=top(
        f'{OURS}; dmarc=pass reason="all; well" x-y.z="q=r" header.from=truora.com dns.sec=na')),
    Case("Proton", server="mail.protonmail.example", results=top(
        "mail.protonmail.example; dmarc=pass (p=quarantine dis=none) header.from=truora.com",
        "mail.protonmail.example; spf=pass smtp.mailfrom=em.truora.com",
        "mail.protonmail.example; arc=none smtp.remote-ip=192.0.2.1",
        "mail.protonmail.example; dkim=pass (Good 2048 bit rsa-sha256 signature)"
        ' header.d=truora.com header.i=@truora.com header.b="Ab/+=="')),
    Case("Stalwart", results=top(
        f"{OURS}; dkim=pass header.d=truora.com header.s=s1 header.b=Ab1Cd2; spf=pass"
        " (mx.example.com: domain of b@em.truora.com designates 192.0.2.1 as permitted sender)"
        " smtp.mailfrom=b@em.truora.com smtp.helo=mail.truora.com; iprev=pass"
        " policy.iprev=192.0.2.1; dmarc=pass header.from=truora.com policy.dmarc=quarantine")),
    Case("dkim: signed by From's domain", says="dkim=pass", require="dkim",
         results=top(f"{OURS}; dkim=pass header.d=truora.com; dmarc=fail header.from=truora.com")),
    Case("dkim: Gmail names the signer's identity alone", says="dkim=pass", require="dkim",
         results=top(f"{OURS}; dkim=pass header.i=@em.truora.com header.s=s1")),
    Case("dkim: any aligned one of several", says="dkim=pass", require="dkim", results=top(
        f"{OURS}; dkim=fail header.d=truora.com; dkim=pass header.d=sendgrid.example;"
        " dkim=pass header.d=em.truora.com")),
    Case("dkim: signed by the listed domain above From's", says="dkim=pass", require="dkim",
         sender="a@m.truora.com", results=top(f"{OURS}; dkim=pass header.d=truora.com")),
    Case("dkim: a whole address, signed by its domain", says="dkim=pass", require="dkim",
         senders=("notifications@truora.com",),
         results=top(f"{OURS}; dkim=pass header.d=truora.com")),
    Case("none: what is proven is proven all the same", require="none"),
    Case("none: by a signature, where there is no policy", says="dkim=pass", require="none",
         results=top(f"{OURS}; dkim=pass header.d=truora.com; dmarc=none header.from=truora.com")),
]  # fmt: skip

REFUSED = [
    Case("no settings: no header counts", "trust.authserv_id is not set", server=()),
    Case("no settings: the sentence names the line to add", "the topmost is of mx.example.com",
         server=()),
    Case("no header at all", "the mail has none", results=()),
    Case("only another server's", "the topmost is of mx.other.example",
         results=top(f"mx.other.example; {PASS}")),
    Case("a fail", "dmarc=fail for truora.com by mx.example.com", results=top(FAIL)),
    Case("none", "dmarc=none", results=top(f"{OURS}; dmarc=none header.from=truora.com")),
    Case("a result nobody knows", "dmarc=passed", results=top(f"{OURS}; dmarc=passed")),
    Case("an empty list of results", "no dmarc result", results=top(f"{OURS}; none")),
    Case("nothing behind the id", "no dmarc result", results=top(OURS)),
    Case("spf and dkim without dmarc", "no dmarc result",
         results=top(f"{OURS}; spf=pass; dkim=pass header.d=truora.com")),
    Case("a sender nobody trusts", "example.org is not in trust.senders", sender="a@example.org",
         results=top(f"{OURS}; dmarc=pass header.from=example.org")),
    Case("another address than the trusted one", "not in trust.senders",
         senders=("other@truora.com",)),
    Case("no From", "0 From", sender=()),
    Case("dmarc in a second header of ours", "only in a second header",
         results=top(f"{OURS}; dkim=pass header.d=truora.com", GENUINE)),
    Case("dmarc in a second header of a server that names none", "only in a second header",
         server="unnamed", results=top("spf=pass smtp.mailfrom=x", PASS)),
    Case("dkim: only in a second header of ours", "only in a second header", require="dkim",
         results=top(GENUINE, f"{OURS}; dkim=pass header.d=truora.com")),
    Case("dkim: none", "dkim=none for no domain", require="dkim",
         results=top(f"{OURS}; dkim=none; {PASS}")),
    Case("dkim: no result", "no dkim result", require="dkim"),
    Case("dkim: signed by the service that sends alone", "dkim=pass for sendgrid.example",
         require="dkim", results=top(f"{OURS}; dkim=pass header.d=sendgrid.example")),
    Case("dkim: Zoho names no signer", "dkim=pass for no domain", require="dkim",
         results=top(f"{OURS}; dkim=pass; {PASS}")),
    Case("a mailing list's rewritten mail", "list.example is not in trust.senders",
         sender="Truora via List <hooks@list.example>",
         results=top(f"{OURS}; dmarc=pass header.from=list.example")),
    Case("ours below a hundred others", "none of the first 100",
         results=(*["relay.example.net; none"] * 500, GENUINE)),
    Case("none: nothing is proven", "no dmarc result", require="none", results=top(OURS)),
]  # fmt: skip

ATTACKS = [
    Case("two Froms, the genuine first", "2 From", sender=(FROM, "x@evil.example")),
    Case("two Froms, the genuine last", "2 From", sender=("x@evil.example", FROM)),
    Case("two addresses in one From", "plain address", sender=f"{FROM}, x@evil.example"),
    Case("a group", "plain address", sender="Truora: n@truora.com;"),
    Case("the address in a comment", "plain address", sender="x@evil.example (n@truora.com)"),
    Case("a comment inside the address", "plain address", sender="n@truora.com(.evil.example)"),
    Case("the address as display name", "plain address", sender="n@truora.com <x@evil.example>"),
    Case("the address as quoted display name", "evil.example is not in",
         sender='"n@truora.com" <x@evil.example>'),
    Case("the address in encoded words", "evil.example is not in",
         sender="=?utf-8?q?n=40truora=2Ecom?= <x@evil.example>"),
    Case("an address that is an encoded word", "plain letters",
         sender="=?utf-8?q?x=40evil.example=3E?=@truora.com"),
    Case("a route", "plain address", sender="<@truora.com:x@evil.example>"),
    Case("two pairs of brackets", "plain address", sender="<n@truora.com> <x@evil.example>"),
    Case("two at signs", "plain address", sender="n@truora.com@evil.example"),
    Case("a quoted local part that ends early", "plain address",
         sender='"x@evil.example> "<n@truora.com'),
    Case("letters that look alike", "plain letters", sender="n@truоra.com"),
    Case("a trusted name as subdomain", "not in trust.senders", sender="n@truora.com.evil.example",
         results=top(f"{OURS}; dmarc=pass header.from=truora.com.evil.example")),
    Case("a trusted name as the end of another", "not in trust.senders", sender="n@nottruora.com"),
    Case("a trailing dot", "plain letters", sender="n@truora.com."),
    Case("a NUL in the domain", "plain letters", sender="n@truora\0.com"),
    Case("a From of 100,000 characters", "plain address", sender="x" * 100_000 + " <n@truora.com>"),
    Case("an empty From", "plain address", sender=""),
    Case("pass for another domain than From's", "dmarc=pass for evil.example",
         results=top(f"{OURS}; dmarc=pass header.from=evil.example")),
    Case("pass for two domains", "evil.example and truora.com",
         results=top(f"{OURS}; dmarc=pass header.from=truora.com header.from=evil.example")),
    Case("pass for the parent of From's domain", "dmarc=pass for truora.com",
         sender="n@sub.truora.com"),
    Case("a forged pass below our fail", "dmarc=fail", results=top(FAIL, GENUINE)),
    Case("a forged pass below our silence", "no dmarc result",
         results=top(f"{OURS}; none", GENUINE)),
    Case("a forged pass below our unreadable one", "cannot be read",
         results=top(f'{OURS}; dmarc=fail reason="', GENUINE)),
    Case("a forged pass below one that might be ours", "cannot be read",
         results=top(f"(({OURS}; dmarc=fail", GENUINE)),
    Case("a forged pass below our endless one", "longer than 20,000",
         results=top(f"{OURS}; dmarc=fail (" + "x" * 1_000_000 + ")", GENUINE)),
    Case("a forged pass below an endless comment", "cannot be read",
         results=top("(" * 1_000_000, GENUINE)),
    Case("an unreadable one between another's and a forged one", "cannot be read",
         results=top("relay.example.net; none", f'"{OURS}', GENUINE)),
    Case("our pass behind a megabyte of comment", "longer than 20,000",
         results=top(f"{OURS}; (" + "x" * 1_000_000 + f") {PASS}")),
    Case("our name with more behind it", "no Authentication-Results of",
         results=top(f"{OURS}.evil.example; {PASS}")),
    Case("our name with more before it", "no Authentication-Results of",
         results=top(f"evil{OURS}; {PASS}")),
    Case("our name in a comment", "the topmost is of evil.example",
         results=top(f"evil.example ({OURS}); {PASS}")),
    Case("our name in a string behind another", "the topmost is of evil.example",
         results=top(f'evil.example "{OURS}"; {PASS}')),
    Case("our name as a later statement", "the topmost is of evil.example",
         results=top(f"evil.example; {GENUINE}")),
    Case("a wildcard's own domain without a label", "no Authentication-Results of",
         server="*.example.com", results=top(f"example.com; {PASS}")),
    Case("a domain that only ends like the wildcard's", "no Authentication-Results of",
         server="*.example.com", results=top(f"evilexample.com; {PASS}")),
    Case("a server that names none, when a name is asked for", "it names no server",
         results=top(PASS)),
    Case("unnamed, but not on top", "no Authentication-Results of unnamed", server="unnamed",
         results=top("evil.example; none", PASS)),
    Case("unnamed, but it names one", "the topmost is of evil.example", server="unnamed",
         results=top(f"evil.example; {PASS}")),
    Case("a fail before a pass", "dmarc=fail", results=top(f"{OURS}; dmarc=fail; {PASS}")),
    Case("a pass in a comment", "no dmarc result", results=top(f"{OURS}; spf=fail ({PASS})")),
    Case("a pass in a comment in a comment", "no dmarc result",
         results=top(f"{OURS}; spf=fail (a (b) ; {PASS})")),
    Case("a pass behind an escaped bracket", "no dmarc result",
         results=top(rf"{OURS}; spf=fail (a \) ; {PASS})")),
    Case("a pass in a string", "no dmarc result",
         results=top(f'{OURS}; spf=fail smtp.mailfrom="a; {PASS} "@evil.example')),
    Case("a pass behind an escaped quote", "no dmarc result",
         results=top(rf'{OURS}; spf=fail smtp.mailfrom="a\"; {PASS}"@evil.example')),
    Case("a pass as a property of another method", "no dmarc result",
         results=top(f"{OURS}; spf=fail smtp.mailfrom=x {PASS}")),
    Case("a method that only begins so", "no dmarc result", results=top(f"{OURS}; dmarc-x=pass")),
    Case("a method in quotes", "no dmarc result", results=top(f'{OURS}; "dmarc"=pass')),
    Case("an equals sign in quotes", "no dmarc result", results=top(f'{OURS}; dmarc "=" pass')),
    Case("words before the method", "no dmarc result", results=top(f"{OURS}; x dmarc=pass")),
    Case("a domain hidden behind a value that ends in a dot", "dmarc=pass for evil.example",
         results=top(f"{OURS}; dmarc=pass policy.x=a. header.from=evil.example")),
    Case("ARC's results alone", "the mail has none", results=(), others=(
        ("arc-authentication-results", f"i=1; {GENUINE}"), ("arc-seal", "i=1; cv=none"))),
    Case("Received-SPF alone", "the mail has none", results=(),
         others=(("received-spf", "pass (mx.example.com: domain of truora.com)"),)),
    Case("a header named nearly like it", "the mail has none", results=(),
         others=(("authentication-results-x", GENUINE), ("x-authentication-results", GENUINE))),
    Case("the trusted address as Sender", "evil.example is not in", sender="x@evil.example",
         others=(("sender", FROM), ("reply-to", FROM), ("return-path", "<n@truora.com>"))),
    Case("no From, but a Sender", "0 From", sender=(), others=(("sender", FROM),)),
    Case("a null sender", "plain address", sender="<>"),
    Case("a null sender with a name", "plain address", sender='"n@truora.com" <>'),
    Case("an empty group", "plain address", sender="n@truora.com:;"),
    Case("an address beside a group", "plain address", sender=f"x:y@evil.example;, {FROM}"),
    Case("a Unicode full stop in the domain", "plain letters", sender="n@truora\u3002com"),
    Case("a full-width letter in the domain", "plain letters", sender="n@truor\uff41.com"),
    Case("the look-alike in IDNA's letters", "not in trust.senders", sender="n@xn--truor-4ve.com"),
    Case("a domain of digits alike", "not in trust.senders", sender="n@tru0ra.com"),
    Case("a hyphen instead of the dot", "not in trust.senders", sender="n@mail-truora.com"),
    Case("another top-level domain", "not in trust.senders", sender="n@truora.com.co"),
    Case("a domain in brackets", "plain letters", sender="n@[truora.com]"),
    Case("a whole address with more before it", "not in trust.senders",
         senders=("n@truora.com",), sender="evil-n@truora.com"),
    Case("a whole address below its domain", "not in trust.senders",
         senders=("n@truora.com",), sender="n@m.truora.com"),
    Case("a header injected by a fold", "dmarc=fail",
         results=top(f"{OURS}; dmarc=fail header.from=truora.com\r\n x: {OURS}; {PASS}")),
    Case("a line break inside a value", "dmarc=fail",
         results=top(f"{OURS}; dmarc=fail smtp.x=a\nAuthentication-Results: {GENUINE}")),
    Case("a fail before a pass by version", "dmarc=fail",
         results=top(f"{OURS}; dmarc/1=fail header.from=truora.com; dmarc/2=pass")),
    Case("a version that is none", "no dmarc result", results=top(f"{OURS}; dmarc/x=pass")),
    Case("a pass of the subdomain alone", "dmarc=pass for m.truora.com",
         results=top(f"{OURS}; dmarc=pass header.from=m.truora.com")),
    Case("our name with a dot behind it", "no Authentication-Results of",
         results=top(f"{OURS}.; {PASS}")),
    Case("our name in letters that look alike", "no Authentication-Results of",
         results=top(f"mx.ex\u0430mple.com; {PASS}")),
    Case("dkim=pass of another domain, dmarc none", "dmarc=none",
         results=top(f"{OURS}; dkim=pass header.d=evil.example; dmarc=none")),
    Case("dkim: pass of another domain", "dkim=pass for evil.example", require="dkim",
         results=top(f"{OURS}; dkim=pass header.d=evil.example; {PASS}")),
    Case("dkim: the trusted name as identity of another's signature", "for evil.example",
         require="dkim", results=top(
            f"{OURS}; dkim=pass header.d=evil.example header.i=@truora.com")),
    Case("dkim: two signers in one result", "for no domain", require="dkim",
         results=top(f"{OURS}; dkim=pass header.d=evil.example header.d=truora.com")),
    Case("dkim: the trusted name as the end of another", "for nottruora.com", require="dkim",
         results=top(f"{OURS}; dkim=pass header.d=nottruora.com")),
    Case("dkim: a top-level domain that signs for all below", "dkim=pass for com",
         require="dkim", results=top(f"{OURS}; dkim=pass header.d=com")),
    Case("dkim: a fail of ours, a pass of another's", "dkim=fail for truora.com", require="dkim",
         results=top(f"{OURS}; dkim=fail header.d=truora.com; dkim=pass header.d=evil.example")),
    Case("dkim: a pass below our silence", "second header", require="dkim",
         results=top(f"{OURS}; none", f"{OURS}; dkim=pass header.d=truora.com")),
    Case("dkim: a domain in a comment", "for no domain", require="dkim",
         results=top(f"{OURS}; dkim=pass (header.d=truora.com)")),
    Case("none: neither passes for From", "evil.example", require="none",
         results=top(f"{OURS}; dmarc=pass header.from=evil.example; dkim=pass header.d=x.example")),
]  # fmt: skip
