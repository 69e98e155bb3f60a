"""Of mails nothing is told but the domains of their senders and the names of servers."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from pathlib import Path

import mails
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailhook import message
from mailhook.config import TrustSettings
from mailhook.doctor import senders, servers
from mailhook.doctor.proposal import propose
from mailhook.doctor.sights import look
from mailhook.errors import MalformedMessage
from mailhook.health.senders import domain_of
from mailhook.trust import Trust

MAILS = sorted((Path(__file__).parent.parent / "fixtures" / "mail").rglob("*.eml"))
# What the doctor's own sentences are made of.
OURS = {"hooks", "Truora", "hook", "mails"}


def said(*raws: bytes, authserv_id: tuple[str, ...] = ("mx.example.com",)) -> str:
    """All that is told of these mails, by settings that are right and by some that are not."""
    words = []
    for trust in (TrustSettings(authserv_id=authserv_id), TrustSettings()):
        sights = [look(mails.delivered(raw), Trust(trust)) for raw in raws]
        found = senders.told("box", "INBOX", sights)
        remarks = [
            *senders.remarks({("box", "INBOX"): len(sights)}, found, trust),
            *servers.remarks("box", sights, trust),
        ]
        proposal = propose([sights], trust)
        words += [asdict(one) for one in (*remarks, *found)]
        words += [asdict(proposal)] if proposal else []
    return json.dumps(words, ensure_ascii=False)


def personal(raw: bytes) -> set[str]:
    """Local parts, names, subject, Message-ID and ids of the mail."""
    try:
        mail = message.parse(raw)
    except MalformedMessage:
        return set()
    found = {sender.rpartition("@")[0] for sender in mail.senders}
    found |= {mail.subject, mail.message_id or ""}
    for value in (*mail.header("from"), *mail.header("to")):
        found |= set(re.findall(r"[\w.+-]+(?=@)|[\w ]{4,}(?= *<)", value))
    found |= set(re.findall(r"\b(?:[A-Z]{3}\w{4,}|[HT]KE\w+)\b", mail.text + mail.html))
    return {word.strip() for word in found if len(word.strip()) > 3} - OURS


@pytest.mark.parametrize("path", MAILS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_nothing_of_a_fixtures_mail_is_told(path: Path):
    raw = path.read_bytes()
    told = said(raw)
    assert [
        word for word in personal(raw) if re.search(rf"(?<!\w){re.escape(word)}(?!\w)", told)
    ] == []


MARK = "Zqx7"
marked = st.text(st.characters(codec="ascii", exclude_characters="\r\n\0"), max_size=12).map(
    lambda text: f"{MARK}{text}"
)


@given(st.tuples(marked, marked, marked, marked, marked, marked))
def test_nothing_personal_is_told_however_it_is_written(marks: tuple[str, ...]):
    local, name, subject, text, proof, pairs = marks
    head = (
        f"Authentication-Results: {proof}; dmarc=pass ({pairs}) header.from={local}@x.example\r\n"
        f"Authentication-Results: mx.example.com; dkim={pairs}; spf=pass smtp.mailfrom={local}\r\n"
        f"From: {name} <{local}@x.example>\r\nTo: {name} <{local}@y.example>\r\n"
        f"Subject: {subject}\r\nMessage-ID: <{local}@z.example>\r\n\r\n"
    )
    raw = f"{head}Event: Check finished\r\nCheck ID: {text}\r\n".encode()
    # A mark may become a domain only where it stands behind the last @ of From, or as a host.
    domains = re.compile(r"[a-z0-9.-]*\.[a-z0-9.-]+")
    told = domains.sub("", said(raw).replace("\\", ""))
    assert MARK.lower() not in told.lower()


@pytest.mark.parametrize(
    ("sender", "domain"),
    [
        ("jane@x.example", "x.example"),
        ("jane@X.Example", "x.example"),
        ("jane@b\N{LATIN SMALL LETTER U WITH DIAERESIS}cher.example", "xn--bcher-kva.example"),
        ('"a@b"@x.example', "x.example"),
        ("jane@x.example, joe@y.example", None),
        ("x.example", None),
        ("@x.example", None),
        ("jane@localhost", None),
        ("jane@[192.0.2.1]", None),
        ("jane@x..example", None),
        ("jane@x.example.", None),
        ("jane@" + "a." * 200 + "example", None),
        ("jane@x_y.example", None),
        ("jane@a b.example", None),
        ("jane@\x1b[2J.example", None),
        ("", None),
        (None, None),
    ],
)
def test_a_senders_domain_is_told_only_where_it_is_one(sender: str | None, domain: str | None):
    assert domain_of(sender) == domain
