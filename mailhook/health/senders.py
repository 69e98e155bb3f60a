"""The domain a mail says it comes from: all that may be told of a sender."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from mailhook.store import Reader

# Of a flood the newest say enough; and a forger can use any number of domains.
NEWEST, _NAMED = 1000, 3
# Of two words, `truora` and `tru0ra`, so much is the same.
_ALIKE = 0.8
# A shorter word is in many names.
_TELLING = 4
# A restart, for a credential that was exchanged is not read again at a reload.
KEY_TODO = (
    "put the new key first in trust.signing_keys, restart mailhook, then"
    " `mailhook replay --quarantined`"
)
# By the index of what waits, however many mails there are.
WAITING = """
SELECT sender, authenticity = 'verified' AS proven FROM (
    SELECT sender, reason, authenticity FROM deliveries
    WHERE outcome = 'quarantined' OR unread > 0 ORDER BY id DESC LIMIT ?)
WHERE substr(reason, 1, instr(reason, ':') - 1) = ?
"""
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"(?:{_LABEL}\.)+{_LABEL}")
_MOST = 253  # RFC 1035 section 2.3.4, less the dots at its ends


def domain_of(sender: str | None) -> str | None:
    """The domain of the one address in `deliveries.sender`, in plain letters; else None."""
    local, at, domain = (sender or "").rpartition("@")
    if not at or not local or ", " in local:
        return None
    return plain(domain)


def plain(name: str) -> str | None:
    """The name in lower case and IDNA's letters, None if it is no domain's."""
    if len(name) > _MOST:
        return None
    try:
        name = name.lower() if name.isascii() else name.lower().encode("idna").decode()
    except UnicodeError:
        return None
    return name if len(name) <= _MOST and _DOMAIN.fullmatch(name) else None


def is_listed(domain: str | None, senders: Sequence[str]) -> bool:
    """Whether mails of that domain may be believed by `trust.senders`, once they are proven."""
    listed = (plain(sender) for sender in senders if "@" not in sender)
    return bool(domain) and any(
        name and (domain == name or f"{domain}".endswith(f".{name}")) for name in listed
    )


def resembles(domain: str | None, senders: Sequence[str]) -> bool:
    """Whether the domain, which none of `trust.senders` covers, only looks like one of them."""
    from difflib import SequenceMatcher

    names = {plain(sender.rpartition("@")[2]) for sender in senders}
    if domain is None or domain in names or is_listed(domain, senders):
        return False
    known = {max(name.split(".")[:-1], key=len) for name in names if name}
    known = {one for one in known if len(one) >= _TELLING}
    return any(
        one in label or SequenceMatcher(None, one, label).ratio() >= _ALIKE
        for one in known
        for label in domain.split(".")
    )


def of_unproven(store: Reader) -> Counter[str | None]:
    """The domains from which the newest mails in quarantine come that look like hooks."""
    return Counter(domain_of(row["sender"]) for row in store.rows(WAITING, (NEWEST, "untrusted")))


def of_unknown_key(store: Reader) -> Counter[str | None]:
    """The proven domains of the newest mails whose token no key of ours has signed."""
    rows = store.rows(WAITING, (NEWEST, "unknown_key"))
    return Counter(domain_of(row["sender"]) for row in rows if row["proven"])


def in_words(domains: Counter[str | None], senders: Sequence[str] = ()) -> str:
    """`x.example (30), y.example (7) and 2 more domains`; says if one is of trusted `senders`."""
    # Most mails first, then by name; those without a domain after those with one.
    named = sorted(domains.items(), key=lambda one: (-one[1], one[0] or "~"))[:_NAMED]
    told = [domain or "senders without one plain address" for domain, _ in named]
    if len(domains) > 1:
        told = [f"{name} ({mails:,})" for name, (_, mails) in zip(told, named, strict=True)]
    if more := len(domains) - len(named):
        told.append("1 more domain" if more == 1 else f"{more:,} more domains")
    words = f"{', '.join(told[:-1])} and {told[-1]}" if len(told) > 1 else "".join(told)
    proof = " without proof" * any(is_listed(domain, senders) for domain in domains)
    return f"{words or 'unknown senders'}{proof}"
