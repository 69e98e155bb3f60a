"""The vendor's mails are read as what they tell: every event, in three languages, and alerts."""

from __future__ import annotations

import smtplib
import socketserver
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import get_args

import mails
import pytest

from mailhook import testing
from mailhook.catalog import load
from mailhook.config import TrustSettings
from mailhook.model import Event
from mailhook.pipeline import examine
from mailhook.testing import Alert, Envelope, Inventor, Postbox, Style, of_alert, of_event
from mailhook.testing.alerting import Kind
from mailhook.testing.letters import LAYOUTS
from mailhook.testing.wording import LANGUAGES, Language, name
from mailhook.trust import Trust

KEY = b"letters-signing-key-0123456789abcd"
TRUST = Trust(TrustSettings(authserv_id=(mails.SERVER,)), (KEY,))
AT = datetime(2026, 8, 3, 12, tzinfo=UTC)
ENDPOINT = "https://hooks.example.com/truora"
ACTIONS = {"failing": "delivery_failing", "disabled": "disabled", "enabled": "enabled"}


def envelope() -> Envelope:
    return Envelope("hooks@example.com", AT, "<1@mail.truora.com>", results=mails.PROOF)


def read(raw: bytes) -> Event:
    (event,) = examine(mails.delivered(raw), TRUST).events
    return event


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_events_of_the_catalogue_are_read_as_they_were_told(language: Language):
    inventor = Inventor(3)
    for nth, kind in enumerate(inventor.kinds[LANGUAGES.index(language) :: len(LANGUAGES)]):
        event = inventor.event(AT, kind.type, kind.action.name)
        style = Style(LAYOUTS[nth % 2], language, with_id=bool(nth % 3))
        told = read(of_event(event, style, envelope(), KEY))
        assert (told.event_type, told.event_action) == (event.type, event.action)
        assert (told.occurred_at, told.time_source) == (AT, "vendor")
        assert told.truora_id == (event.id if style.with_id else None)
        assert event.object.items() <= told.object.items(), (style, told.object)
        assert told.authenticity == "verified"


def test_every_event_of_the_catalogue_can_be_invented_with_an_id_and_a_status():
    inventor = Inventor(5)
    assert {kind.product for kind in inventor.kinds} == {
        product.name for product in load().products if product.name != "webhook"
    }
    for kind in inventor.kinds:
        told = inventor.event(AT, kind.type, kind.action.name).object
        assert set(told) & set(kind.id_fields)
        assert all(value is not None for value in told.values())


def test_members_are_taken_as_they_are_and_none_leaves_one_out():
    event = Inventor().event(AT, "check", "finished", check_id="CHK1", status=None, note=[1])
    assert (event.object["check_id"], event.object["note"]) == ("CHK1", [1])
    assert "status" not in event.object
    with pytest.raises(ValueError, match=r"no event check\.danced"):
        Inventor().event(AT, "check", "danced")


@pytest.mark.parametrize("layout", LAYOUTS[2:])
def test_json_and_token_carry_the_event_whole(layout: str):
    event = Inventor(4).event(AT, "document_validation", "failed")
    told = read(of_event(event, Style(layout), envelope(), KEY))  # type: ignore[arg-type]
    assert (told.object, told.truora_id, told.version) == (event.object, event.id, "1.0")
    assert told.raw_timestamp == "2026-08-03T12:00:00Z"


def test_a_mail_without_the_time_tells_of_its_own():
    event = Inventor(4).event(AT, "check", "delayed")
    told = read(of_event(event, Style("table", "pt", with_time=False), envelope(), KEY))
    assert (told.time_source, told.truora_id) == ("mail", None)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", get_args(Kind))
def test_alerts_are_read_as_alerts_of_that_endpoint(kind: Kind, language: Language):
    told = read(of_alert(Alert(kind, ENDPOINT, failed=0.421), language, envelope()))
    assert (told.event_type, told.event_action) == ("webhook", ACTIONS[kind])
    assert told.object["endpoint"] == ENDPOINT
    if kind == "failing":
        assert (told.object["failure_percentage"], told.object["window_minutes"]) == (42, 60)


def test_an_unknown_kind_is_told_by_its_wire_words():
    event = Inventor().event(AT, "check", "finished")
    strange = testing.Happening("credential_wallet", "issued", {"wallet_id": "W1"}, AT, event.id)
    assert name(strange, "es") == "credential_wallet.issued"
    raw = of_event(strange, Style("labelled", "es"), envelope(), KEY)
    assert b"wallet_id: W1" in raw


@pytest.fixture
def server() -> Iterator[tuple[int, list[bytes]]]:
    """The least of an SMTP server: its port, and what was sent to it."""
    taken: list[bytes] = []

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 here\r\n")
            for line in self.rfile:
                taken.append(line)
                word = line.upper()
                if word == b"DATA\r\n":
                    self.wfile.write(b"354 go on\r\n")
                    taken.extend(iter(self.rfile.readline, b".\r\n"))
                if word == b"QUIT\r\n":
                    self.wfile.write(b"221 bye\r\n")
                    return
                full = word.startswith(b"RCPT") and b"full@" in line
                self.wfile.write(b"452 full\r\n" if full else b"250 ok\r\n")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as made:
        made.daemon_threads = True
        thread = threading.Thread(target=made.serve_forever, args=(0.02,))
        thread.start()
        yield made.server_address[1], taken
        made.shutdown()
        thread.join()


def test_mails_leave_by_smtp(server: tuple[int, list[bytes]]):
    port, taken = server
    raw = of_event(Inventor().event(AT), Style(language="pt"), envelope(), KEY)
    Postbox(f"smtp://127.0.0.1:{port}", "hooks@example.com")(raw)
    sent = b"".join(taken)
    assert b"rcpt TO:<hooks@example.com>" in sent
    assert raw in sent
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        Postbox(f"smtp://127.0.0.1:{port}", "full@example.com")(raw)


@pytest.mark.parametrize("url", ["imap://127.0.0.1", "127.0.0.1:25", "smtp://"])
def test_mails_leave_by_no_other_way(url: str):
    with pytest.raises(ValueError, match="neither smtp"):
        Postbox(url, "hooks@example.com")
