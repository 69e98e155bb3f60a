"""While a service holds the store, commands go through it: the same rows, words and exit codes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import mails
import pytest
import warm
import yaml
from command import MAILHOOK, PLAIN, Home, on_terminal, process
from control_service import lines, running
from stores import asked

from mailhook.control import deliveries
from mailhook.control.client import Client
from mailhook.control.command import Result
from mailhook.model import Batch, Delivery
from mailhook.store import Store

# All that is stored but the times at which it was, and what is random.
ROWS = (
    """SELECT id, channel, location, message_id, sender, subject, received_at, size, sha256,
    outcome, reason, unread, reader, authenticity, authenticity_detail, raw
    FROM deliveries ORDER BY id""",
    "SELECT id, key, revision, occurred_at, authenticity, object FROM events ORDER BY id",
    "SELECT event_id, delivery_id, channel FROM sightings ORDER BY 1, 2",
    "SELECT alias, event_id FROM aliases ORDER BY alias",
)
DIGITS = b"9" * 32
NAMED = f"<{DIGITS.decode()}@truora.com>"
HOOK = f"CHK{DIGITS.decode()}"
KINDS = {
    "hook": mails.check_finished(HOOK, message_id=NAMED),
    "forged": mails.check_finished(HOOK, message_id=NAMED, proof=None),
    "other": mails.write("Lunch?", message_id=NAMED, proof=None),
    "large": mails.write("x" * 2_000_001, message_id=NAMED),
}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


@pytest.fixture
def service(home: Home) -> Iterator[subprocess.Popen[str]]:
    with running(home.store) as service:
        yield service


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A home whose service serves several tests, which bring mails of their own."""
    mailbox = {"name": "hooks", "host": "imap.example.com", "username": "hooks"}
    folder = tmp_path_factory.mktemp("served")
    home = Home(folder, mailboxes=[mailbox | {"password": {"env": "NOT_READ"}}])
    with running(home.store):
        yield home


def mbox(folder: Path, count: int, first: int = 0) -> Path:
    """A mailbox with hooks, newsletters, forgeries and, one mail that is too large."""
    path = folder / f"{first}.mbox"
    with path.open("wb") as file:
        for number in range(first, first + count):
            file.write(b"From hooks@example.com Mon Aug  3 12:00:00 2026\r\n" + mail(number))
            file.write(b"\r\n")
    return path


def mail(number: int) -> bytes:
    kind = "large" if number == 9 else {7: "other", 8: "forged"}.get(number % 10, "hook")
    return KINDS[kind].replace(DIGITS, b"%032d" % number)


def rows(store: Path) -> list[list[tuple[object, ...]]]:
    return [asked(store, sql) for sql in ROWS]


def test_what_goes_through_the_service_is_stored_row_by_row_as_without(
    home: Home, tmp_path_factory: pytest.TempPathFactory, service: subprocess.Popen[str]
):
    alone = Home(tmp_path_factory.mktemp("alone"))
    path = mbox(home.folder, 1000)
    for one in (alone, home):
        done = process("-c", one.config, "ingest", path)
        assert (done.code, done.err) == (0, "")
        assert done.out == "799 recorded, 101 quarantined, 100 ignored\n"
    assert rows(home.store) == rows(alone.store)
    again = home.call("ingest", mbox(home.folder, 200), "--json")
    assert json.loads(again.out) == {"outcomes": {"duplicate": 200}, "errors": []}
    logged = lines(service, signal.SIGTERM)
    assert [line["count"] for line in logged if line["command"] == "ingest"] == [250] * 4 + [200]
    assert service.returncode == 0
    assert not home.store.with_name("mailhook.db.sock").exists()


def test_what_cannot_be_read_ends_in_65_as_without(served: Home):
    done = served.call("ingest", mbox(served.folder, 3), served.folder / "gone")
    assert (done.code, done.out) == (65, "3 recorded\n")
    assert "gone: cannot be read: no such file or directory\n" in done.err


def test_standard_input_goes_through_the_service(served: Home):
    done = process("-c", served.config, "ingest", "-", input=mail(100))
    assert (done.code, done.out, done.err) == (0, "1 recorded\n", "")


def test_a_bar_counts_the_files_also_through_the_service(served: Home):
    path = mbox(served.folder, 3, first=200)
    shown = on_terminal("-c", served.config, "ingest", path).out
    assert "1/1" in shown
    assert "3 recorded" in shown


def test_poll_through_the_service_says_what_its_round_came_to(served: Home):
    done = served.call("poll")
    assert (done.code, done.out) == (78, "2 recorded, 1 ignored\n")
    assert done.err == (
        "mailhook: mailbox slow: no answer\n"
        "mailhook: mailboxes[0]: the login is refused\n    hint: mend it\n"
    )
    done = served.call("poll", "--json")
    assert done.code == 78
    told = json.loads(done.out)
    assert told["outcomes"] == {"recorded": 2, "ignored": 1}
    assert len(told["errors"]) == 2


def test_a_secret_that_only_the_service_has_is_missed_only_without_it(served: Home, tmp_path: Path):
    settings = yaml.safe_load(served.config.read_text())
    settings["trust"]["signing_keys"] = [{"credential": "only-the-service-has-it"}]
    served.write(settings)
    assert served.call("poll").out == "2 recorded, 1 ignored\n"
    assert served.call("ingest", mbox(served.folder, 1, first=300)).out == "1 recorded\n"
    alone = Home(tmp_path, **settings)
    for command in (["poll"], ["ingest", mbox(tmp_path, 1)]):
        done = alone.call(*command)
        assert (done.code, done.out) == (78, "")
        assert "only-the-service-has-it" in done.err
    assert not alone.store.exists()


def test_a_holder_without_a_socket_is_named_as_ever(home: Home):
    with Store(home.store, purpose="run"):
        done = home.call("ingest", mbox(home.folder, 1))
    assert (done.code, done.out, done.err.count("\n")) == (75, "", 1)
    assert f"is being written by `mailhook run` (pid {os.getpid()}" in done.err


def test_what_is_in_the_way_of_the_socket_is_said_by_service_and_command(home: Home):
    home.store.with_name("mailhook.db.sock").symlink_to("elsewhere")
    with running(home.store) as service:
        done = home.call("ingest", mbox(home.folder, 1))
        logged = lines(service, signal.SIGTERM)
    assert (done.code, done.out) == (75, "")
    assert f"is being written by `mailhook run` (pid {service.pid}" in done.err
    assert "mailhook.db.sock is no socket; remove it and restart the service" in done.err
    assert [line["level"] for line in logged] == ["error"]


def test_a_service_that_has_just_ended_leaves_the_store_to_the_command(home: Home):
    """It holds the store without a socket until it is gone, within the time of a second try."""
    hold = (
        "import sys, time; from pathlib import Path; from mailhook.store import Store\n"
        "with Store(Path(sys.argv[1]), purpose='run'): print(flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", hold, home.store]
    pipe = subprocess.PIPE
    with warm.Popen(command, stdin=pipe, stdout=pipe, text=True) as holder:
        assert holder.stdin
        assert holder.stdout
        holder.stdout.readline()
        path = mbox(home.folder, 1)
        home.store.with_name("mailhook.db.sock").touch()
        assert home.call("ingest", path).code == 75
        home.store.with_name("mailhook.db.sock").unlink()
        with ThreadPoolExecutor() as threads:
            call = threads.submit(process, "-c", home.config, "ingest", path)
            holder.stdin.close()
            holder.wait()
            assert call.result().out == "1 recorded\n"


def test_twenty_clients_at_once_lose_and_double_nothing(served: Home):
    shared = [one(number) for number in range(1000, 1005)]

    def ingest(nth: int) -> Result:
        batch = Batch((*shared, *(one(1000 + 10 * nth + number) for number in range(1, 6))))
        raws = [delivery.raw for delivery in batch.deliveries]
        return Client(served.store).call("ingest", deliveries.spelled(batch), raws)

    with ThreadPoolExecutor(20) as threads:
        results = list(threads.map(ingest, range(1, 41)))
    counts = [Counter(result.value["outcomes"]) for result in results]
    assert sum(counts, Counter()) == {"recorded": 205, "duplicate": 195}


def one(number: int) -> Delivery:
    return Delivery("file", "file:", mails.NOON, KINDS["hook"].replace(DIGITS, b"%032d" % number))


# --- the end of either side -----------------------------------------------------------------


def recorded(store: Path) -> int:
    (count,) = asked(store, "SELECT count(*) FROM deliveries")[0]
    assert isinstance(count, int)
    return count


def until_recorded(store: Path, command: subprocess.Popen[bytes]) -> None:
    """Wait for the first batch of the command to be committed."""
    while recorded(store) == 0 and command.poll() is None:
        time.sleep(0.02)  # SQLite calls nobody when another process commits


def ingesting(home: Home, path: Path) -> subprocess.Popen[bytes]:
    command = [MAILHOOK, "-c", home.config, "ingest", path]
    return warm.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=PLAIN)


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_when_the_service_ends_in_the_middle_what_was_committed_stays(tmp_path: Path, end: int):
    for attempt in range(10):
        (tmp_path / str(attempt)).mkdir()
        home = Home(tmp_path / str(attempt))
        path = mbox(home.folder, 1250)
        with running(home.store) as service, ingesting(home, path) as command:
            until_recorded(home.store, command)
            service.send_signal(end)
            began = time.monotonic()
            service.wait(20)
            assert time.monotonic() - began < 5
            out, err = command.communicate(timeout=60)
        if command.returncode:
            break  # else it was done before the service was told
    assert (command.returncode, out) == (75, b"")
    assert b"try again" in err or b"the same again" in err
    before = recorded(home.store)
    assert 0 < before < 1250
    assert before % 250 == 0
    done = home.call("ingest", path, "--json")
    assert json.loads(done.out)["outcomes"]["duplicate"] == before
    assert asked(home.store, "SELECT count(*), count(DISTINCT location) FROM deliveries") == [
        (1250, 1250)
    ]
    assert asked(home.store, "PRAGMA integrity_check") == [("ok",)]


def test_a_service_started_after_a_kill_is_asked_again(home: Home):
    path = mbox(home.folder, 3)
    with running(home.store) as service:
        service.send_signal(signal.SIGKILL)
        service.wait()
        assert home.store.with_name("mailhook.db.sock").exists()
        assert home.call("ingest", path).out == "3 recorded\n"
    with running(home.store):
        assert home.call("ingest", path).out == "3 duplicate\n"


def test_a_killed_command_leaves_the_service_as_it_was(home: Home, service: subprocess.Popen[str]):
    path = mbox(home.folder, 750)
    with ingesting(home, path) as command:
        until_recorded(home.store, command)
        command.kill()
    done = home.call("ingest", path)
    assert done.code == 0
    assert recorded(home.store) == 750
    levels = {line["level"] for line in lines(service, signal.SIGTERM)}
    assert levels == {"info"}
