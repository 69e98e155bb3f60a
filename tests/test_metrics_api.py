"""What Prometheus is told of the vendor's API: how it answers, and what it has found."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import mails
import pytest
import scrapes
from command import Home
from fake_api import client_of, fill, key_file
from scrapes import get, value

from mailhook import config
from mailhook.errors import MailhookError
from mailhook.metrics.exporter import Exporter
from mailhook.metrics.meter import API_ANSWERS
from mailhook.store import Store
from mailhook.testing.api import EVENTS, FakeApi
from mailhook.trust import Trust
from mailhook.worker.asking import Asking
from mailhook.worker.turns import Turns


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (None, "ok"),
        ({"status": 404}, "gone"),
        ({"status": 401}, "refused"),
        ({"status": 429}, "overloaded"),
        ({"status": 302}, "odd"),
        ({"status": 418}, "odd"),
    ],
)
def test_each_request_is_counted_by_what_came_of_it(
    tmp_path: Path, fault: dict[str, Any] | None, kind: str
):
    with FakeApi() as api, client_of(api, tmp_path) as client:
        if fault:
            api.fail(**fault, times=9)
        try:
            client.get("account", EVENTS)
        except MailhookError:
            assert fault
        assert [*client.answers] == [kind]
        assert client.answers[kind] == client.requests == len(api.requests)
        assert kind in API_ANSWERS


def test_no_answer_is_counted_for_each_try(tmp_path: Path):
    with FakeApi() as api, client_of(api, tmp_path) as client:
        api.cut(times=2)
        client.get("account", EVENTS)
        assert client.answers == {"unanswered": 2, "ok": 1}


def asking_home(folder: Path, api: FakeApi) -> Home:
    key = {"file": str(key_file(folder))}
    asks = {"key": key, "base": api.base, "requests_per_second": 0}
    return scrapes.home(folder, mailboxes=[], api=asks)


def test_what_the_service_asks_and_finds_is_told(tmp_path: Path):
    with FakeApi(page_size=2) as api:
        home = asking_home(tmp_path, api)
        fill(api, 3)
        settings = config.load(home.config)
        with Exporter(settings) as exporter, Store(home.store) as store:
            before = get(home).text
            trust, stop = Trust(settings.trust), threading.Event()
            asking = Asking(settings, store, trust, stop, Turns(), meter=exporter.meter)
            asking.now(None, (), lambda _: None)
            exporter.reload(settings)
            told = get(home).text
    assert value(before, "mailhook_api_last_reading_timestamp_seconds") == 0
    assert value(before, "mailhook_api_requests_total", kind="ok") == 0
    assert value(told, "mailhook_api_requests_total", kind="ok") == 2
    assert value(told, "mailhook_api_missed_total") == 3
    read_at = value(told, "mailhook_api_last_reading_timestamp_seconds")
    assert read_at
    assert abs(time.time() - read_at) < 60


def test_what_waits_to_be_completed_is_told_also_before_it_is_due_again(tmp_path: Path):
    with FakeApi() as api:
        home = asking_home(tmp_path, api)
        subject = f"CHK{7:032x}"
        home.deliver(mails.write(f"The check {subject} has finished."))
        with Exporter(config.load(home.config)):
            assert value(get(home).text, "mailhook_api_completions_waiting") == 1
        api.fail(200, body=b"[]", path="/v1/checks")
        assert home.call("reconcile").code == 0
        with Exporter(config.load(home.config)):
            assert value(get(home).text, "mailhook_api_completions_waiting") == 1


def test_without_the_api_nothing_is_told_of_its_store(tmp_path: Path):
    home = scrapes.home(tmp_path, mailboxes=[])
    Store(home.store).close()
    with Exporter(scrapes.settings(home)):
        told = get(home).text
    assert value(told, "mailhook_api_last_reading_timestamp_seconds") is None
