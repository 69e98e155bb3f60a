"""The vendor, a mail server and the service: both roads, an outage, a hook switched off."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import dovecot as dovecots
import pytest
from vendor_world import World, told, world

from mailhook.testing import Style
from mailhook.testing.letters import LAYOUTS
from mailhook.testing.wording import LANGUAGES

_NEEDED = "dovecot-imapd and dovecot-lmtpd are not installed"
MINUTE = 60


@pytest.fixture(scope="module")
def postal() -> Iterator[dovecots.Dovecot]:
    """A mail server that takes mails by LMTP."""
    if not dovecots.takes_mail():
        if os.environ.get("CI"):
            pytest.fail(f"{_NEEDED}; under CI these tests must run")
        pytest.skip(_NEEDED)
    server = dovecots.start(lmtp=True)
    yield server
    server.stop()


def test_every_event_told_by_both_roads_is_one_row_that_says_so(
    postal: dovecots.Dovecot, tmp_path: Path
):
    with world(postal, tmp_path) as here:
        here.open()
        vendor = here.vendor
        styles = [Style(layout, language) for layout in LAYOUTS for language in LANGUAGES]
        events = [vendor.invent(after=20 * nth) for nth, _ in enumerate(styles)]
        for nth, (event, style) in enumerate(zip(events, styles, strict=True)):
            vendor.post(event, after=20 * nth + 1)
            vendor.mail(event, style, after=20 * nth + nth % 3)
            if nth % 2:
                vendor.tell(event, style, after=20 * nth + 40)
        vendor.let_pass(10 * MINUTE)
        here.read_mails()
        rows = {row["truora_id"]: row for row in here.rows()}
        assert rows.keys() == {event.id for event in events}
        assert len(here.rows()) == len(events)
        for nth, event in enumerate(events):
            row = rows[event.id]
            assert (row["type"], row["action"]) == (event.type, event.action)
            assert row["email_at"], row
            assert row["web_at"], row
            assert (row["authenticity"], row["conflicts"]) == ("verified", 0)
            # The same token again has the same bytes: it is no second delivery.
            assert row["sightings"] == (3 if nth % 2 else 2)
        assert vendor.lost == ()


def test_what_an_outage_kept_away_comes_by_the_retries_and_once(
    postal: dovecots.Dovecot, tmp_path: Path
):
    with world(postal, tmp_path) as here:
        here.open()
        vendor = here.vendor
        for minute in range(20):
            vendor.post(vendor.invent(after=minute * MINUTE), after=minute * MINUTE)
        vendor.let_pass(20 * MINUTE)
        here.shut()
        late = [vendor.post(vendor.invent()) for _ in range(3)]
        vendor.let_pass(3 * MINUTE)
        assert [len(one.attempts) for one in late] == [3, 3, 3]
        assert "refused" in late[0].attempts[0].answer.words
        here.open()
        vendor.let_pass(8 * MINUTE)
        assert [one.fate for one in late] == ["delivered"] * 3
        assert vendor.disabled_at is None
        assert len(told(here)) == 23
        assert all(row["web_at"] for row in told(here))


def test_a_dead_endpoint_is_switched_off_after_half_an_hour_and_its_alerts_are_rows(
    postal: dovecots.Dovecot, tmp_path: Path
):
    with world(postal, tmp_path) as here:
        here.open()
        _steady(here, 60)
        assert len(here.vendor.delivered) == 60
        here.shut()
        died_at = here.vendor.clock.now()
        _steady(here, 40)
        vendor = here.vendor
        assert vendor.disabled_at
        # With retries on top of steady traffic it is 32 minutes, not 48.
        assert 30 <= (vendor.disabled_at - died_at) / MINUTE <= 33
        assert {one.why.partition(";")[0] for one in vendor.lost} == {
            "the subscription is disabled"
        }
        here.open()
        here.read_mails()
        assert here.alerts() == [
            ("delivery_failing", vendor.url, "open"),
            ("hook_disabled", vendor.url, "open"),
        ]
        # While it is off nothing is posted, and what is lost comes by mail alone.
        missed = vendor.invent("check", "finished")
        vendor.tell(missed, Style(with_id=True))
        here.read_mails()
        vendor.enable()
        again = vendor.invent("check", "finished", after=5)
        vendor.tell(again, after=5)
        vendor.let_pass(10)
        here.read_mails()
        rows = {row["truora_id"] or row["key"]: row for row in told(here)}
        assert (bool(rows[missed.id]["email_at"]), rows[missed.id]["web_at"]) == (True, None)
        assert rows[again.id]["email_at"]
        assert rows[again.id]["web_at"]
        assert here.alerts()[2][:2] == ("hook_status", vendor.url)
        assert {row["conflicts"] for row in here.rows()} == {0}
        assert len(told(here)) == 62


def _steady(here: World, minutes: int) -> None:
    """An event a minute, by web alone."""
    for minute in range(minutes):
        here.vendor.post(here.vendor.invent(after=minute * MINUTE), after=minute * MINUTE)
    here.vendor.let_pass(minutes * MINUTE)
