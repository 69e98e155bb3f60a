"""Alarms on a real store, with targets on loopback that fail and come back; the clock is given."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path

import mails
import pytest
from command import Home
from stores import asked
from targets import SECRET, Target, listening

from mailhook import config, times
from mailhook.alarms import Alarms, post
from mailhook.model import Batch
from mailhook.pipeline import Trust, ingest
from mailhook.sources.place import url
from mailhook.store import Store, Trouble
from mailhook.store.warned import Letter

MINUTE = timedelta(minutes=1)
LETTERS = "SELECT target, tries FROM letters ORDER BY id"
FAILING = "The deliveries to your webhook are failing.\n\nEndpoint: https://hooks.example.com/x\n"


@pytest.fixture
def target() -> Iterator[Target]:
    with listening() as target:
        yield target


def home_of(folder: Path, *targets: Target) -> Home:
    """A mailbox and these targets."""
    mailbox = {
        "name": "hooks",
        "host": "imap.example.com",
        "username": "hooks@example.com",
        "password": {"env": "NOT_READ"},
    }
    for nth, one in enumerate(targets):
        (folder / f"url{nth}").write_text(one.url)
    urls = [{"url": {"file": f"url{nth}"}} for nth, _ in enumerate(targets)]
    return Home(folder, mailboxes=[mailbox], notify=urls)


@contextmanager
def service(home: Home, *, ago: timedelta = timedelta(hours=1)) -> Iterator[tuple[Alarms, Store]]:
    """Alarms whose service has been there for so long."""
    with Store(home.store) as store:
        alarms = Alarms(config.load(home.config), store, started=times.now() - ago)
        try:
            yield alarms, store
        finally:
            alarms.close()


def beat(home: Home, store: Store, error: str | None = None, kind: Trouble | None = None) -> None:
    (mailbox,) = config.load(home.config).mailboxes
    store.beat(url(mailbox, "INBOX"), error, kind)


def turns(alarms: Alarms, start: datetime, minutes: float) -> datetime:
    """Let the bell ring twice a minute, sending nothing; the time after that."""
    for half in range(int(minutes * 2) + 1):
        alarms.look(start + half * MINUTE / 2)
    return start + minutes * MINUTE


def test_a_refused_login_is_told_once_then_its_end_with_a_restart_in_between(
    tmp_path: Path, target: Target
):
    home, now = home_of(tmp_path, target), times.now()
    with service(home) as (alarms, store):
        beat(home, store, "the server refuses hooks@example.com", "refused")
        alarms.send(turns(alarms, now, 5))
    (told,) = target.got
    assert told["title"].startswith("mailhook on ")
    assert told["title"].endswith(": 1 thing needs you")
    assert told["message"] == (
        "- hooks: the server refuses the login: renew the password or token;"
        " `mailhook check` tells why"
    )
    with service(home) as (alarms, store):
        alarms.send(turns(alarms, now + 6 * MINUTE, 5))
        assert len(target.got) == 1
        beat(home, store)
        with closing(sqlite3.connect(home.store)) as db, db:  # a round trip of that time
            db.execute("UPDATE heartbeat SET at = ?", (times.stored(now + 30 * MINUTE),))
        alarms.send(turns(alarms, now + 12 * MINUTE, 6))
    over = target.got[1]
    assert over["title"].endswith(": 1 thing is over")
    assert over["message"].startswith("- over: hooks: the server refuses the login (since 20")
    assert asked(home.store, LETTERS) == []


def test_all_that_is_wrong_goes_out_in_one_letter_without_personal_data(
    tmp_path: Path, target: Target
):
    home, now = home_of(tmp_path, target), times.now()
    home.deliver(mails.write(FAILING, subject="Webhook failing"), at=now)
    with closing(sqlite3.connect(home.store)) as db, db:
        db.execute("UPDATE alerts SET last_seen_at = ?", (times.stored(now),))
    held = [mails.check_finished(f"CHKforged{nth}", proof=None) for nth in range(20)]
    home.deliver(*held, at=now)
    with service(home) as (alarms, _):
        alarms.send(turns(alarms, now, 1))
    (told,) = target.got
    assert told["title"].endswith(": 3 things need you")
    silent, alert, quarantine = told["message"].splitlines()
    assert silent.startswith(
        "- hooks, INBOX: no round trip with the server: the last one was never"
    )
    assert alert.startswith("- deliveries of hooks to hooks.example.com fail: look at its server")
    assert quarantine.startswith("- the quarantine grows: mails of the last 24 hours that wait")
    assert "wait there: 20, of which 20 look like hooks" in quarantine
    assert quarantine.endswith("; see `mailhook quarantine list`")
    for personal in ("CHK", "@", "finished", "truora.com"):
        assert personal not in str(told)


def test_a_target_that_fails_is_tried_again_also_by_the_next_service(
    tmp_path: Path, target: Target, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.INFO)
    with listening() as other:
        home, now = home_of(tmp_path, target, other), times.now()
        other.status = 503
        with service(home) as (alarms, _):
            later = turns(alarms, now, 1)
            alarms.send(later)
            assert asked(home.store, LETTERS) == [("notify[1]", 1)]
            alarms.send(later + timedelta(seconds=19))  # too early
            other.status = 200
        with service(home) as (alarms, _):
            alarms.look(later + timedelta(seconds=20))
            alarms.send(later + timedelta(seconds=20))
            assert asked(home.store, LETTERS) == []
        assert (len(target.got), len(other.got)) == (1, 1)
    failed = [record for record in caplog.records if record.levelno == logging.WARNING]
    (why,) = [record.getMessage() for record in failed]
    assert why == "not told, to be tried again: its server answers 503"
    assert vars(failed[0])["target"] == "notify[1]"
    assert SECRET not in caplog.text


def test_a_target_whose_url_cannot_be_read_does_not_keep_the_others_waiting(
    tmp_path: Path, target: Target
):
    with listening() as other:
        home, now = home_of(tmp_path, other, target), times.now()
    (tmp_path / "url0").unlink()
    with service(home) as (alarms, _):
        alarms.send(turns(alarms, now, 1))
        assert asked(home.store, LETTERS) == [("notify[0]", 1)]
    assert len(target.got) == 1


def test_letters_are_tried_for_an_hour_then_given_up():
    letter: Letter | None = Letter("notify[0]", "t", "b", mails.NOON, 0, mails.NOON)
    now, tries = mails.NOON, 0
    while letter:
        assert post.due([letter], {}, now) == [letter]
        assert letter.next_at == now
        tries, letter = tries + 1, post.failed(letter, now)
        now = letter.next_at if letter else now
    assert (now - mails.NOON, tries) == (timedelta(hours=1), len(post.WAITS) + 1)


def test_a_target_gets_a_letter_a_minute_in_their_order_and_few_after_a_long_absence():
    letters: list[Letter] = []
    for nth in range(15):
        letters = post.written(letters, ["notify[0]"], (f"{nth}", "b"), mails.NOON)
    assert [letter.title for letter in letters] == [f"{nth}" for nth in range(5, 15)]
    assert post.due(letters, {}, mails.NOON) == letters[:1]
    just = {"notify[0]": mails.NOON}
    assert post.due(letters, just, mails.NOON + timedelta(seconds=59)) == []
    assert post.due(letters, just, mails.NOON + MINUTE) == letters[:1]
    assert post.due(letters, just, mails.NOON - timedelta(days=1)) == letters[:1]


def test_a_letter_put_off_before_the_clock_was_set_back_is_not_put_off_for_a_day():
    letter = Letter("notify[0]", "t", "b", mails.NOON, 1, mails.NOON + MINUTE)
    assert post.due([letter], {}, mails.NOON) == []
    assert post.due([letter], {}, mails.NOON - timedelta(days=1)) == [letter]


def test_though_a_target_hangs_mails_are_recorded_and_the_thread_ends_within_a_second(
    tmp_path: Path, target: Target, trust: Trust
):
    target.hangs = True
    home = home_of(tmp_path, target)
    letter = Letter("notify[0]", "t", "b", times.now(), 0, times.now())
    with service(home) as (alarms, store):
        store.keep_alarms([], [letter])
        alarms.start()
        target.wait()
        hook = Batch((mails.delivered(mails.check_finished("CHK1")),))
        assert ingest(hook, store, trust) == ["recorded"]
        start = time.monotonic()
        alarms.close()
        assert time.monotonic() - start < 2
        for thread in threading.enumerate():
            if thread.name == "alarms":
                thread.join(10)
                assert not thread.is_alive()
    assert asked(home.store, LETTERS) == [("notify[0]", 0)]


class Heard(logging.Handler):
    """Sets `event` at the first warning."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.event = threading.Event()

    def emit(self, _: logging.LogRecord) -> None:
        self.event.set()


def test_it_takes_its_first_turn_at_once_and_the_next_when_the_bell_rings(
    tmp_path: Path, target: Target
):
    home, heard = home_of(tmp_path, target), Heard()
    logging.getLogger("mailhook").addHandler(heard)
    with service(home) as (alarms, store):
        store.keep_alarms([], [Letter("notify[0]", "t", "b", times.now(), 0, times.now())])
        home.store.rename(tmp_path / "away")
        alarms.start()
        assert heard.event.wait(30)
        (tmp_path / "away").rename(home.store)
        assert not target.asked.is_set()
        alarms.bell.set()
        target.wait()
    logging.getLogger("mailhook").removeHandler(heard)


def test_a_store_that_is_gone_is_complained_of_once_and_nothing_is_over_meanwhile(
    tmp_path: Path, target: Target, caplog: pytest.LogCaptureFixture
):
    home, now = home_of(tmp_path, target), times.now()
    with service(home) as (alarms, _):
        now = turns(alarms, now, 2)
        home.store.rename(tmp_path / "away")
        now = turns(alarms, now, 10)
        (tmp_path / "away").rename(home.store)
        turns(alarms, now, 2)
        assert asked(home.store, "SELECT well_since, over_at FROM alarms") == [(None, None)]
    (complaint,) = [record for record in caplog.records if record.levelname == "WARNING"]
    assert complaint.getMessage().startswith("the alarms cannot look: ")


def test_a_full_disk_is_told_though_nothing_can_be_written(
    small_disk: Path, target: Target, caplog: pytest.LogCaptureFixture
):
    home, now = home_of(small_disk, target), times.now()
    with service(home) as (alarms, store):
        beat(home, store)
        filled = fill(small_disk)
        alarms.send(turns(alarms, now, 2))
        assert [one["title"].rpartition(": ")[2] for one in target.got] == ["1 thing needs you"]
        assert target.got[0]["message"] == (
            "- the store's disk is full: 0 kB of 2.1 MB free; nothing can be written: mails"
            " wait, web hooks are answered 503; make room there"
        )
        assert asked(home.store, "SELECT * FROM alarms") == []
        filled.unlink()
        alarms.look(now + 3 * MINUTE)
        assert asked(home.store, "SELECT name, told_level FROM alarms") == [("disk", 2)]
    complaints = [record for record in caplog.records if record.levelname == "WARNING"]
    assert len(complaints) == 1
    assert "the disk is full" in complaints[0].getMessage()


def test_on_a_full_disk_no_folder_is_called_silent_nor_at_once_when_there_is_room_again(
    small_disk: Path, target: Target
):
    home, now = home_of(small_disk, target), times.now()
    with service(home) as (alarms, store):
        beat(home, store)
        filled = fill(small_disk)
        now = turns(alarms, now, 20)
        filled.unlink()
        now = turns(alarms, now, 3)
        alarms.send(now)
        assert "no round trip" not in "".join(one["message"] for one in target.got)
        for _ in range(2):
            now = turns(alarms, now, 15)
            alarms.send(now)
        assert "hooks, INBOX: no round trip" in "".join(one["message"] for one in target.got)


def fill(folder: Path) -> Path:
    """A file that takes all the room that is left."""
    with (folder / "filled").open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"0" * 4096)
    return folder / "filled"
