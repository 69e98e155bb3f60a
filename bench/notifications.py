"""Notifications as a mail server keeps them: 7 to 8 kB, three languages, each of its own subject.

They tell their events in four spellings, in turn: labels in text and page, a table in
the page only, JSON in the page, a signed token. The same numbers give the same bytes.
All values are invented.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import html
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.header import Header
from email.utils import format_datetime

from wording import CLOSING, GREETING, KINDS, LEGAL, LINKS, OPEN, TIME, Kind, Wording

from mailhook import catalog, token

SMALLEST, LARGEST = 7_000, 8_000

SIGNING_KEY = "bench-signing-key-0123456789abcdef"

_SPELLINGS = ("labels", "table", "json", "token")
_START = datetime(2026, 8, 3, 6, tzinfo=UTC)
_LANGUAGES = 3

_HEAD = """\
Return-Path: <bounce+{token}@notify.truora.com>
Delivered-To: hooks@example.com
Received: from mx.example.com ([192.0.2.10])
\tby store.example.com with LMTP id {queue}AAA
\tfor <hooks@example.com>; {date}
Authentication-Results: mx.example.com;
\tdkim=pass (2048-bit key; unprotected) header.d=truora.com header.i=@truora.com
\theader.a=rsa-sha256 header.s=s1 header.b={short};
\tspf=pass (mx.example.com: domain of bounce@notify.truora.com designates 198.51.100.25
\tas permitted sender) smtp.mailfrom=notify.truora.com;
\tdmarc=pass (policy=quarantine) header.from=truora.com
Received: from out25.relay.example.net (out25.relay.example.net [198.51.100.25])
\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)
\tkey-exchange X25519 server-signature RSA-PSS (2048 bits))
\t(No client certificate requested)
\tby mx.example.com (Postfix) with ESMTPS id {queue}
\tfor <hooks@example.com>; {date}
DKIM-Signature: v=1; a=rsa-sha256; q=dns/txt; c=relaxed/simple;
\ts=s1; d=truora.com; t={seconds};
\th=From:To:Subject:MIME-Version:Content-Type:Message-ID:Date;
\tbh={hash};
\tb={relay}
DKIM-Signature: v=1; a=rsa-sha256; q=dns/txt; c=relaxed/simple;
\ts=k2; d=relay.example.net; t={seconds};
\th=From:To:Subject:MIME-Version:Content-Type:Message-ID:Date:Feedback-ID;
\tbh={hash};
\tb={relay}
Received: from notifier-7d9c ([203.0.113.40])
\tby relay.example.net with HTTP id {token}; {date}
From: Truora <notifications@truora.com>
To: hooks@example.com
Subject: {subject}
Date: {date}
Message-ID: <{token}@truora.com>
Feedback-ID: 7:hooks:notify:relay
X-Entity-Ref-ID: {token}
MIME-Version: 1.0
Content-Type: multipart/alternative; boundary="=_{token}"

--=_{token}
Content-Type: text/plain; charset=UTF-8
Content-Transfer-Encoding: quoted-printable

{text}
--=_{token}
Content-Type: text/html; charset=UTF-8
Content-Transfer-Encoding: quoted-printable

{html}
--=_{token}--
"""

_PAGE = """\
<!doctype html>
<html lang="{language}"><head><meta charset="utf-8"><title>{name}</title>
<style>@media only screen and (max-width:600px){{.card{{width:100%!important}}}}</style></head>
<body style="margin:0;background:#f4f5f7;font-family:Helvetica,Arial,sans-serif">
<div style="display:none;max-height:0;overflow:hidden">{name}</div>
<table role="presentation" class="card" width="600" align="center" style="background:#fff">
<tr><td style="padding:24px 32px"><img src="https://assets.truora.com/mail/logo.png" \
alt="Truora" width="120" style="display:block;border:0"></td></tr>
<tr><td style="padding:0 32px"><h1 style="font-size:20px;color:#17233c">{name}</h1>
<p style="font-size:14px;line-height:20px;color:#44506a">{greeting}</p>
{said}</td></tr>
<tr><td style="padding:24px 32px"><a href="https://account.truora.com/events/{subject_id}" \
style="background:#4a24d8;border-radius:4px;color:#fff;padding:12px 20px">{open}</a></td></tr>
<tr><td style="padding:0 32px 32px;font-size:11px;line-height:16px;color:#8a94a8">{legal}<br>
{links}</td></tr>
</table></body></html>"""

_CELL = (
    '<td width="50%" style="padding:6px 0;font-size:14px;line-height:20px;text-align:left;'
    'color:{color}">{said}</td>'
)
_TABLE = '<table role="presentation" width="100%" style="border-collapse:collapse">\n{rows}</table>'
_PRE = '<pre style="font-size:12px;background:#f4f5f7;padding:12px">{said}</pre>'
_HTML_ONLY = (
    "This message is best seen as HTML.",
    "Este mensaje se ve mejor en HTML.",
    "Esta mensagem é melhor vista em HTML.",
)
_LINK = '<a href="https://click.relay.example.net/{token}" style="color:#4a24d8">{said}</a>'


@dataclass(frozen=True, slots=True)
class _Notice:
    kind: Kind
    spelling: str
    language: int
    subject_id: str
    at: datetime

    @property
    def name(self) -> str:
        return self.kind.name[self.language]

    def said(self, wording: Wording) -> str:
        return wording[self.language]

    def labelled(self) -> Iterator[tuple[str, str]]:
        """Labels and values, as both parts of the mail show them."""
        yield self.said(self.kind.id_label), self.subject_id
        for label, value in self.kind.fields:
            yield self.said(label), self.said(value)
        yield self.said(TIME), self.timestamp

    @property
    def timestamp(self) -> str:
        return self.at.isoformat().replace("+00:00", "Z")

    def event(self) -> dict[str, object]:
        """The event as the web hook carries it."""
        words = catalog.load()
        named = words.find_event(self.kind.name[0])
        if named is None:
            raise ValueError(f"the catalogue does not know {self.kind.name[0]}")
        told = ((self.said(label), self.said(value)) for label, value in self.kind.fields)
        fields = ((words.field(label, named.type) or label, value) for label, value in told)
        content = {name: words.value(name, value) for name, value in fields}
        own = words.types[named.type].id_fields[0]
        return {
            "id": f"HKE{_hex(self.subject_id)}",
            "event_type": named.type,
            "event_action": named.action,
            "object": {own: self.subject_id, **content},
            "timestamp": self.timestamp,
            "version": "1.0",
        }

    def text(self) -> str:
        """What the plain part says of the event."""
        if self.spelling == "token":
            return "\n".join(_lines(self.token(), 76))
        if self.spelling != "labels":
            return _HTML_ONLY[self.language]
        return "\n".join(f"{label}: {value}" for label, value in self.labelled())

    def page(self) -> str:
        """What the page says of it."""
        if self.spelling == "token":
            return _PRE.format(said="<br>".join(_lines(self.token(), 76)))
        if self.spelling == "json":
            said = html.escape(json.dumps(self.event(), indent=2, ensure_ascii=False))
            return _PRE.format(said=said)
        rows = (
            _CELL.format(color="#8a94a8", said=label) + _CELL.format(color="#17233c", said=value)
            for label, value in self.labelled()
        )
        return _TABLE.format(rows="".join(f"<tr>{row}</tr>\n" for row in rows))

    def token(self) -> str:
        """The web hook itself."""
        claims = {"iss": "Truora", "iat": int(self.at.timestamp()), "events": [self.event()]}
        return token.sign(claims, SIGNING_KEY.encode())


def write(number: int) -> bytes:
    """The notification of that number, line ends as a Maildir keeps them."""
    notice = _Notice(
        kind=KINDS[number % len(KINDS)],
        spelling=_SPELLINGS[number // len(KINDS) // _LANGUAGES % len(_SPELLINGS)],
        language=number // len(KINDS) % _LANGUAGES,
        subject_id=KINDS[number % len(KINDS)].prefix + _hex(f"subject {number}"),
        at=_START + timedelta(seconds=7 * number),
    )
    dice = random.Random(number)  # noqa: S311 - the same mails in every run
    signatures = tuple(_token(dice, 344) for _ in range(2))
    bare = _mail(notice, number, signatures, ("",) * len(LINKS))
    missing = dice.randint(SMALLEST + 50, LARGEST - 50) - len(bare) - bare.count(b"\n")
    # Where a link is followed a token tells, and tokens fill what soft line breaks leave.
    each = missing * 74 // 77 // len(LINKS)
    return _mail(notice, number, signatures, tuple(_token(dice, each) for _ in LINKS))


def _mail(notice: _Notice, number: int, signatures: Sequence[str], tokens: Sequence[str]) -> bytes:
    greeting = notice.said(GREETING)
    page = _page(notice, tokens)
    sent_at = notice.at + timedelta(seconds=3)
    return _HEAD.format(
        token=_hex(f"mail {number}"),
        queue=_hex(f"queue {number}")[:11].upper(),
        date=format_datetime(sent_at),
        seconds=int(sent_at.timestamp()),
        short=_hex(f"short {number}")[:8],
        hash=base64.b64encode(hashlib.sha256(page.encode()).digest()).decode(),
        own=_folded(signatures[0]),
        relay=_folded(signatures[1]),
        subject=Header(notice.name, "us-ascii" if notice.name.isascii() else "utf-8").encode(),
        text=_quoted(f"{greeting}\n\n{notice.name}\n\n{notice.text()}\n\n{notice.said(CLOSING)}\n"),
        html=_quoted(page),
    ).encode("ascii")


def _page(notice: _Notice, tokens: Sequence[str]) -> str:
    links = zip(tokens, map(notice.said, LINKS), strict=True)
    return _PAGE.format(
        language=("en", "es", "pt")[notice.language],
        name=notice.name,
        greeting=notice.said(GREETING),
        said=notice.page(),
        links=" | ".join(_LINK.format(token=token, said=said) for token, said in links),
        subject_id=notice.subject_id,
        open=notice.said(OPEN),
        legal=notice.said(LEGAL),
    )


def _token(dice: random.Random, length: int) -> str:
    """As random as what signs mails and follows links, so that it cannot be compressed."""
    return base64.urlsafe_b64encode(dice.randbytes(length)).decode()[:length]


def _hex(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _lines(text: str, width: int) -> list[str]:
    return [text[at : at + width] for at in range(0, len(text), width)]


def _folded(text: str) -> str:
    return "\n\t ".join(text[at : at + 72] for at in range(0, len(text), 72))


def _quoted(text: str) -> str:
    return binascii.b2a_qp(text.encode(), istext=True).decode("ascii")
