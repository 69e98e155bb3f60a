"""What Prometheus is told, scraped over HTTP from a store as a service fills it."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Event

import mails
import pytest
import scrapes
from command import Home
from prometheus_client.openmetrics import parser as openmetrics
from scrapes import beat, get, settings, value

from mailhook.config import Settings
from mailhook.errors import (
    Bug,
    ConfigError,
    FolderMissing,
    LoginRefused,
    MailhookError,
    MalformedMessage,
    Refused,
    StoreError,
    TemporaryError,
)
from mailhook.metrics import figures
from mailhook.metrics.exporter import Exporter
from mailhook.metrics.meter import KINDS, kind_of
from mailhook.model import Outcome
from mailhook.store import Store

FAILING = "The deliveries to your webhook are failing.\n\nEndpoint: https://hooks{}.example.com/\n"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = scrapes.home(tmp_path)
    Store(home.store).close()
    return home


def test_what_the_worker_reports_is_counted(home: Home):
    with Exporter(settings(home)) as exporter:
        meter = exporter.meter
        meter.batch("hooks", [Outcome.RECORDED, Outcome.RECORDED, Outcome.IGNORED], [0.07, 4, -1])
        meter.round_trip("hooks", "INBOX", 0.25)
        meter.connected("hooks")
        meter.broken("hooks", "login")
        meter.broken("hooks", "whatever the server said")
        meter.waited("hooks", 60)
        told = get(home).text
    of = {"mailbox": "hooks"}
    assert value(told, "mailhook_deliveries_total", outcome="recorded", **of) == 2
    assert value(told, "mailhook_deliveries_total", outcome="duplicate", **of) == 0
    assert value(told, "mailhook_delivery_lag_seconds_bucket", le="0.05", **of) == 1
    assert value(told, "mailhook_delivery_lag_seconds_bucket", le="5.0", **of) == 3
    assert value(told, "mailhook_delivery_lag_seconds_sum", **of) == 4.07
    assert value(told, "mailhook_round_trip_seconds_count", folder="INBOX", **of) == 1
    assert value(told, "mailhook_connections_total", **of) == 1
    assert value(told, "mailhook_errors_total", kind="login", **of) == 1
    assert value(told, "mailhook_errors_total", kind="other", **of) == 1
    assert value(told, "mailhook_backoff_seconds_total", **of) == 60
    started = value(told, "mailhook_start_timestamp_seconds")
    assert started
    assert abs(time.time() - started) < 60


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (LoginRefused([]), "login"),
        (FolderMissing([]), "settings"),
        (ConfigError([]), "settings"),
        (Refused("x"), "refused"),
        (TemporaryError("x", wait_seconds=60), "throttled"),
        (TemporaryError("x"), "network"),
        (StoreError("x"), "store"),
        (Bug("x"), "bug"),
        (MalformedMessage("x"), "other"),
    ],
)
def test_an_error_is_counted_by_what_it_is(error: MailhookError, kind: str):
    assert kind_of(error) == kind
    assert kind in KINDS


def test_what_the_store_holds_is_told(home: Home):
    home.deliver(mails.check_finished("CHK1"), mails.check_finished("CHK2"), b"")
    home.deliver(*(mails.write(FAILING.format(nth)) for nth in range(3)))
    with closing(sqlite3.connect(home.store)) as db, db:
        db.execute("UPDATE deliveries SET reason = 'of_old: x' WHERE outcome = 'quarantined'")
    beat(home)
    with Exporter(settings(home)):
        told = get(home).text
    of = {"mailbox": "hooks", "folder": "INBOX"}
    assert value(told, "mailhook_store_up") == 1
    assert value(told, "mailhook_events_total") == 5
    assert value(told, "mailhook_alerts_open", kind="delivery_failing") == 3
    assert value(told, "mailhook_alerts_open", kind="hook_disabled") == 0
    assert value(told, "mailhook_quarantine_waiting", kind="other") == 1
    assert value(told, "mailhook_quarantine_waiting", kind="untrusted") == 0
    assert value(told, "mailhook_folder_up", **of) == 1
    assert value(told, "mailhook_actions_queued", **of) == 0
    for name, labels in (
        ("mailhook_last_round_trip_timestamp_seconds", of),
        ("mailhook_writer_last_beat_timestamp_seconds", {}),
    ):
        beat_at = value(told, name, **labels)
        assert beat_at
        assert abs(time.time() - beat_at) < 60
    size, free = (value(told, f"mailhook_disk_{name}_bytes") for name in ("size", "free"))
    assert size
    assert free
    assert 0 < free < size
    assert value(told, "mailhook_store_bytes") >= home.store.stat().st_size


def test_it_speaks_openmetrics_to_who_asks_for_it(home: Home):
    accept = "application/openmetrics-text;version=1.0.0;q=0.9,text/plain;version=0.0.4;q=0.2"
    with Exporter(settings(home)):
        plain, asked = get(home), get(home, accept=accept)
    assert plain.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert asked.headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
    names = {family.name for family in openmetrics.text_string_to_metric_families(asked.text)}
    assert {"mailhook_deliveries", "mailhook_events", "mailhook_folder_up"} <= names


def test_what_was_never_reached_stands_at_0(home: Home):
    with Exporter(settings(home)):
        told = get(home).text
    of = {"mailbox": "hooks", "folder": "INBOX"}
    assert value(told, "mailhook_last_round_trip_timestamp_seconds", **of) == 0
    assert value(told, "mailhook_writer_last_beat_timestamp_seconds") == 0
    assert value(told, "mailhook_folder_up", **of) == 0


def test_a_missing_store_is_a_figure_and_its_coming_is_seen(tmp_path: Path):
    home = scrapes.home(tmp_path)
    with Exporter(settings(home)) as exporter:
        exporter.meter.connected("hooks")
        told = get(home).text
        assert value(told, "mailhook_store_up") == 0
        assert value(told, "mailhook_connections_total", mailbox="hooks") == 1
        assert value(told, "mailhook_events_total") is None
        assert value(told, "mailhook_disk_free_bytes")
        assert get(home, "/healthz").status == 503
        home.deliver(mails.check_finished("CHK1"))
        _until(lambda: value(get(home).text, "mailhook_events_total") == 1)


def test_a_locked_store_keeps_nobody_waiting_and_is_read_when_it_is_free(home: Home):
    with Exporter(settings(home)):
        _lock_while_asking(home)
        _until(lambda: value(get(home).text, "mailhook_store_up") == 1)


def test_fifty_scrapes_while_the_store_is_being_written_are_whole(home: Home):
    stop = Event()

    def write() -> int:
        count = 0
        while not stop.is_set():
            with Store(home.store) as store:
                store.beat("writer")
            exporter.meter.batch("hooks", [Outcome.RECORDED] * 20, [0.1] * 20)
            count += 20
        return count

    with Exporter(settings(home)) as exporter, ThreadPoolExecutor(11) as threads:
        writing = threads.submit(write)
        told = list(threads.map(lambda _: get(home).text, range(50)))
        stop.set()
        written = writing.result()
        last = get(home).text
    assert {value(text, "mailhook_store_up") for text in told} == {1}
    name, of = "mailhook_deliveries_total", {"mailbox": "hooks", "outcome": "recorded"}
    assert value(last, name, **of) == written
    assert value(last, "mailhook_delivery_lag_seconds_count", mailbox="hooks") == written


def test_labels_are_bounded_and_say_nothing_of_persons(home: Home):
    home.deliver(mails.check_finished("CHKperson"), mails.write("for jane@example.org"))
    beat(home, "refused for jane@example.org")
    with Exporter(settings(home)):
        told, health = get(home).text, get(home, "/healthz").text
    assert {label for _, labels in scrapes.samples(told) for label, _ in labels} == {
        *("mailbox", "folder", "outcome", "kind", "le")
    }
    assert "jane" not in told + health
    assert "CHKperson" not in told + health


def test_healthz_is_ok_where_the_service_is_well_whatever_the_vendor_says(home: Home):
    home.deliver(mails.write(FAILING.format(1)), mails.write("hello"))
    beat(home)
    with Exporter(settings(home)):
        told = get(home, "/healthz")
        as_json = get(home, "/healthz", accept="application/json")
    assert (told.status, told.text) == (200, "ok\n")
    assert json.loads(as_json.text) == {"status": "ok", "troubles": []}
    assert home.call("status").code == 1  # which is about more than the service


def test_healthz_gives_the_sentences_of_status_without_what_a_server_said(home: Home):
    beat(home, "login refused: NO jane@example.org is locked")
    with Exporter(settings(home)):
        told = get(home, "/healthz")
        as_json = get(home, "/healthz", accept="application/json")
    assert (told.status, as_json.status) == (503, 503)
    sentence = told.text.strip()
    assert sentence.startswith("hooks, INBOX: no round trip since 20")
    assert f"- {sentence}" in home.call("status", columns=400).out
    assert json.loads(as_json.text) == {"status": "unwell", "troubles": [sentence]}


def test_a_stopped_writer_is_unwell(home: Home):
    beat(home)
    with closing(sqlite3.connect(home.store)) as db, db:
        db.execute("UPDATE heartbeat SET at = '2026-08-03T10:00:00.000000Z'")
    with Exporter(settings(home)):
        told = get(home, "/healthz")
    assert told.status == 503
    assert told.text.startswith("no sign of the service since 2026-08-03T10:00:00Z")


def test_without_the_section_reports_go_nowhere_and_nothing_listens(tmp_path: Path):
    home = Home(tmp_path, mailboxes=[scrapes.mailbox()])
    with Exporter(settings(home)) as exporter:
        exporter.meter.batch("hooks", [Outcome.RECORDED], [0.1])
        exporter.meter.round_trip("hooks", "INBOX", 0.1)
        exporter.meter.connected("hooks")
        exporter.meter.broken("hooks", "bug")
        exporter.meter.waited("hooks", 1)


def test_new_settings_are_heeded_and_counts_go_on(home: Home, tmp_path: Path):
    with Exporter(settings(home)) as exporter:
        exporter.meter.connected("hooks")
        moved = scrapes.home(tmp_path, mailboxes=[scrapes.mailbox(), scrapes.mailbox("more")])
        exporter.reload(settings(moved))
        told = get(moved).text
        assert value(told, "mailhook_connections_total", mailbox="hooks") == 1
        assert value(told, "mailhook_connections_total", mailbox="more") == 0
        assert value(told, "mailhook_folder_up", mailbox="more", folder="INBOX") == 0
        moved.write({"mailboxes": [scrapes.mailbox()]})
        exporter.reload(settings(moved))
        exporter.meter.connected("hooks")
        back = scrapes.home(tmp_path)
        exporter.reload(settings(back))
        assert value(get(back).text, "mailhook_connections_total", mailbox="hooks") == 0


def _lock_while_asking(home: Home) -> None:
    with closing(sqlite3.connect(home.store)) as db:
        db.execute("PRAGMA locking_mode = EXCLUSIVE")
        db.execute("BEGIN EXCLUSIVE")
        began = time.monotonic()
        with ThreadPoolExecutor(8) as threads:
            told = list(threads.map(lambda _: get(home).text, range(8)))
        assert time.monotonic() - began < 3
        assert {value(text, "mailhook_store_up") for text in told} == {0}
        assert (
            get(home, "/healthz").text == "the store cannot be read; `mailhook status` says why\n"
        )


def _until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)  # nothing tells when a figure may be asked for again


def test_a_reading_that_new_settings_overtake_is_no_store_in_trouble(
    home: Home, monkeypatch: pytest.MonkeyPatch
):
    home.deliver(mails.check_finished("CHK1"))
    reads, overtaken, reading = figures.read, Event(), Event()

    def read(told: Settings) -> figures.Figures:
        if not reading.is_set():
            reading.set()
            assert overtaken.wait(20)
        return reads(told)

    monkeypatch.setattr(figures, "read", read)
    lookout = figures.Lookout(settings(home))
    with ThreadPoolExecutor() as threads:
        early = threads.submit(lookout.figures)
        assert reading.wait(20)
        lookout.heed(settings(home))
        assert lookout.figures().told
        overtaken.set()
        assert early.result(20).told
