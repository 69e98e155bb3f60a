"""replay, quarantine release and drop as their user calls them, alone and beside the service."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import mails
import pytest
import warm
from command import MAILHOOK, PLAIN, Home
from control_service import running
from stores import asked

BLIND = {"trust": {"authserv_id": "mx.elsewhere.example"}}
RIGHT = {"trust": {"authserv_id": mails.SERVER}}
FORGED = mails.check_finished("CHK9", proof=None, sender="Eve <eve@example.net>")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Two hooks that nothing proves, one that says nothing anybody can read."""
    home = Home(tmp_path)
    home.deliver(mails.check_finished("CHK1", proof=None), FORGED, mails.write("new"))
    return home


def outcomes(home: Home) -> list[object]:
    return [row[0] for row in asked(home.store, "SELECT outcome FROM deliveries ORDER BY id")]


def test_a_repaired_setting_brings_in_what_was_held(tmp_path: Path):
    home = Home(tmp_path)
    home.write(BLIND)
    mail = tmp_path / "a.eml"
    mail.write_bytes(mails.check_finished("CHK1"))
    assert home.call("ingest", mail).out == "1 quarantined\n"
    home.write(RIGHT)
    shown = home.call("replay", "--quarantined", "--diff")
    assert shown.code == 0
    assert "new: CHK1/check.finished" in shown.out
    assert shown.err == "1 delivery examined again, 1 event new; nothing was changed\n"
    assert outcomes(home) == ["quarantined"]
    done = home.call("replay", "--quarantined")
    assert (done.code, done.out) == (0, "1 delivery examined again, 1 event new\n")
    assert outcomes(home) == ["recorded"]
    assert json.loads(home.call("replay", "--json").out) == {"examined": 1, "without_bytes": 0}


def test_a_diff_as_json_has_both_states(home: Home):
    home.write({"trust": {"require": "none"}})
    rows = json.loads(home.call("replay", "--diff", "--json").out)
    assert [(row["id"], row["was"]["outcome"], row["now"]["outcome"]) for row in rows] == [
        (1, "quarantined", "recorded"),
        (2, "quarantined", "recorded"),
        (3, "quarantined", "quarantined"),
    ]
    assert rows[2]["left"] == ["it would be ignored today: no_notice: nothing in it is a hook"]
    assert rows[0]["new"] == ["CHK1/check.finished"]


def test_one_is_released_by_its_id_and_audit_tells_who_and_why(home: Home):
    done = home.call("quarantine", "release", 1, "--why", "confirmed by phone")
    assert (done.code, done.out, done.err) == (0, "1 recorded\n", "")
    assert asked(home.store, "SELECT key, authenticity FROM events") == [
        ("CHK1/check.finished", "unverified")
    ]
    assert asked(home.store, "SELECT what, why FROM audit") == [("release", "confirmed by phone")]


def test_nothing_is_released_without_a_reason_or_with_a_stranger_among_the_ids(home: Home):
    assert "say why" in home.call("quarantine", "release", 1).err
    done = home.call("quarantine", "release", 1, 7, 8, "--why", "x")
    assert done.code == 2
    assert "not in quarantine: 7, 8;" in done.err
    assert home.call("quarantine", "release", "--why", "x").code == 2
    assert home.call("quarantine", "release", 1, "--all", "--why", "x").code == 2
    assert outcomes(home) == ["quarantined"] * 3


def test_many_are_shown_first_and_released_with_yes(home: Home):
    shown = home.call("quarantine", "release", "--all")
    assert shown.code == 0
    assert "CHK1/check.finished" in shown.out
    assert "stays: unknown_notice" in shown.out
    assert shown.err == "3 selected, nothing was changed; --yes --why TEXT does it\n"
    assert outcomes(home) == ["quarantined"] * 3
    done = home.call("quarantine", "release", "--all", "--yes", "--why", "all genuine")
    assert (done.code, done.out) == (65, "2 recorded\n")
    assert done.err.startswith("mailhook: 3 stays: unknown_notice: ")
    assert outcomes(home) == ["recorded", "recorded", "quarantined"]


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (("--reason", "untrusted"), [1, 2]),
        (("--since", "2026-08-04"), []),
        (("--query", "SELECT id FROM quarantine WHERE sender LIKE '%example.net%'"), [2]),
        (("--query", "SELECT 1 UNION SELECT 99", "--reason", "untrusted"), [1]),
    ],
)
def test_they_are_selected_by_reason_time_and_query(
    home: Home, selection: tuple[str, ...], expected: list[int]
):
    rows = json.loads(home.call("quarantine", "drop", *selection, "--json").out)
    assert [row["id"] for row in rows] == expected
    assert outcomes(home) == ["quarantined"] * 3


def test_a_query_without_ids_is_a_usage_error(home: Home):
    done = home.call("quarantine", "drop", "--query", "SELECT sender FROM quarantine")
    assert (done.code, done.out) == (2, "")
    assert "the query's first column is no id" in done.err


def test_what_is_dropped_loses_its_bytes_and_keeps_its_row(home: Home):
    done = home.call("quarantine", "drop", 2, "--why", "forged")
    assert (done.code, done.out) == (0, "1 dropped\n")
    assert "its bytes are not kept any more" in home.call("quarantine", "show", 2).err
    assert outcomes(home) == ["quarantined", "dropped", "quarantined"]
    done = home.call("quarantine", "drop", "--reason", "untrusted", "--yes", "--why", "x", "--json")
    assert json.loads(done.out) == {"dropped": [1]}


def test_the_advice_names_the_commands(home: Home):
    told = " ".join(home.call("quarantine", "show", 2).out.split())
    for command in ("replay --quarantined", "quarantine release ID", "quarantine drop ID"):
        assert command in told


def test_all_of_it_goes_through_the_service_while_it_runs(home: Home):
    with running(home.store):
        assert home.call("replay", "--diff").code == 0
        assert home.call("replay").out == "3 deliveries examined again\n"
        assert home.call("quarantine", "release", 1, "--why", "genuine").out == "1 recorded\n"
        assert home.call("quarantine", "drop", 2, "--why", "forged").out == "1 dropped\n"
        stays = home.call("quarantine", "release", 3, "--why", "?")
        assert (stays.code, stays.out) == (65, "nothing new\n")
    assert outcomes(home) == ["recorded", "dropped", "quarantined"]
    assert [row[0] for row in asked(home.store, "SELECT what FROM audit")] == ["release", "drop"]


def quarantined(home: Home, count: int) -> None:
    """So many mails that the settings now would have let in."""
    home.write(BLIND)
    mbox = home.folder / "old.mbox"
    raws = (mails.check_finished(f"CHK{n}").replace(b"\r\n", b"\n") for n in range(count))
    mbox.write_bytes(b"".join(b"From x Mon Aug  3 10:00:00 2026\n" + r + b"\n" for r in raws))
    assert home.call("ingest", mbox).out == f"{count} quarantined\n"
    home.write(RIGHT)


def test_killed_again_and_again_a_replay_loses_and_doubles_nothing(tmp_path: Path):
    count = 400
    for attempt in range(10):
        (tmp_path / str(attempt)).mkdir()
        home = Home(tmp_path / str(attempt))
        quarantined(home, count)
        if all(_killed_at(home, goal) for goal in (1, 100, 250)):
            break  # else it was done before its moment was seen to have come
    last = asked(home.store, "SELECT last_id FROM replays")
    done = home.call("replay", "--quarantined", "--json")
    assert json.loads(done.out)["recorded"] == count
    assert int(str(last[0][0])) >= 100
    assert asked(home.store, "SELECT count(*), count(DISTINCT subject_id) FROM events") == [
        (count, count)
    ]
    assert asked(home.store, "SELECT DISTINCT outcome FROM deliveries") == [("recorded",)]
    assert asked(home.store, "PRAGMA integrity_check") == [("ok",)]
    assert asked(home.store, "SELECT count(*) FROM sightings") == [(count,)]
    assert len(asked(home.store, "SELECT * FROM audit")) == 1


def _killed_at(home: Home, events: int) -> bool:
    command = [MAILHOOK, "-c", home.config, "replay", "--quarantined"]
    with warm.Popen(command, env=PLAIN, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None and _events(home) < events:
            time.sleep(0.02)  # SQLite calls nobody when another process commits
        process.send_signal(signal.SIGKILL)
    return process.returncode == -signal.SIGKILL


def _events(home: Home) -> int:
    with suppress(Exception):
        return int(str(asked(home.store, "SELECT count(*) FROM events")[0][0]))
    return 0
