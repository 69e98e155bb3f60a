"""What a mail said never steers the terminal it is shown on, nor hides itself."""

from __future__ import annotations

import base64
import json
import unicodedata
from pathlib import Path

import mails
import pytest
from command import Done, Home, call, on_terminal

# Clears a screen, sets a title, moves up, rings, turns text around, hides in no width; C1 and DEL.
ATTACK = "\x1b[2J\x1b]0;owned\x07\r\x08\x7f\x9b1A\u202egpj.\u2066\u200b\u2028\U000e0041"
ENCODED = b"=?utf-8?B?" + base64.b64encode(ATTACK.encode()) + b"?="


def attack(text: str) -> str:
    """The text with the attack where it says so, as a JSON string may hold it."""
    return text.replace("ATTACK", json.dumps(ATTACK)[1:-1])


HOOK = attack("""[
  {"event_type": "check ATTACK", "event_action": "done ATTACK", "version": "ATTACK",
   "id": "HKE ATTACK", "timestamp": "ATTACK",
   "object": {"check_id": "CHK ATTACK", "status": "ATTACK", "name ATTACK": "ATTACK",
              "deep": {"ATTACK": ["ATTACK"]}}},
  {"event_type": "check", "event_action": "finished", "timestamp": "2026-08-03T10:00:00Z",
   "object": {"check_id": "CHK1", "country": "ATTACK"}}
]""")
FAILING = f"""The deliveries to your webhook are failing.

Endpoint: https://hooks.example.com/{ATTACK.replace(chr(13), "")}
Failed deliveries: 42 %
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("hostile"))
    hostile = mails.write("x", subject="SUBJECT", message_id="<1@example.com>")
    hostile = hostile.replace(b"SUBJECT", ENCODED)
    home.deliver(
        mails.write(HOOK),
        mails.write(FAILING, subject="Webhook deliveries failing"),
        hostile,
        hostile.replace(b"<notifications@truora.com>", f'"{ATTACK}"@truora.com'.encode()),
        hostile.replace(b"<1@example.com>", f"<{ATTACK}@example.com>".encode()),
        mails.write(HOOK, proof=None),
        mails.check_finished("CHK2"),
        b"\0\x1b[2J" + ATTACK.encode(),
    )
    return home


def harmless(done: Done) -> bool:
    assert "bug" not in done.err, done.err
    return not any(map(_steers, done.out + done.err))


def _steers(character: str) -> bool:
    category = unicodedata.category(character)
    return category in {"Cc", "Cf", "Cs", "Zl", "Zp"} and character != "\n"


def test_the_attack_has_reached_the_store(home: Home):
    rows = json.loads(home.call("query", "--json", "SELECT * FROM deliveries").out)
    assert any(ATTACK[:4] in str(row["subject"]) for row in rows)
    events = json.loads(home.call("events", "--json").out)
    assert any("\u202e" in event["subject_id"] for event in events if event["subject_id"])
    (alert,) = json.loads(home.call("alerts", "--json").out)
    assert alert["endpoint"]


READING = [
    ["events"],
    ["alerts"],
    ["deliveries"],
    ["status"],
    ["quarantine", "list"],
    ["query", "SELECT * FROM deliveries"],
    ["query", "SELECT * FROM events"],
    ["query", "SELECT subject FROM deliveries"],
    ["query", f"SELECT 1 AS '{ATTACK}'"],
    ["query", "quarantine"],
    ["query", "senders"],
    ["export"],
    ["export", "--format", "webhook"],
    *(["quarantine", "show", str(number)] for number in range(1, 9)),
    *(["explain", str(number)] for number in range(1, 9)),
]


@pytest.mark.parametrize("arguments", READING, ids=" ".join)
@pytest.mark.parametrize("columns", [80, 400])
def test_nothing_that_steers_a_terminal_is_shown(home: Home, arguments: list[str], columns: int):
    assert harmless(home.call(*arguments, columns=columns))


AS_JSON = [
    ["events", "--json"],
    ["alerts", "--json"],
    ["deliveries", "--json"],
    ["status", "--json"],
    ["quarantine", "list", "--json"],
    ["quarantine", "show", "3", "--json"],
    ["explain", "1", "--json"],
    ["query", "--json", "SELECT * FROM events"],
    ["query", "--jsonl", "SELECT * FROM deliveries"],
    ["export"],
    ["export", "--format", "webhook"],
]


@pytest.mark.parametrize("arguments", AS_JSON, ids=" ".join)
def test_json_is_ascii_and_still_says_what_was_said(home: Home, arguments: list[str]):
    done = home.call(*arguments)
    assert harmless(done)
    assert done.out.isascii()


@pytest.mark.parametrize(
    "arguments",
    [
        ["query", "--csv", "SELECT * FROM deliveries"],
        ["export", "--format", "csv"],
    ],
    ids=" ".join,
)
def test_csv_is_exact_in_a_pipe_and_spelled_out_on_a_terminal(home: Home, arguments: list[str]):
    assert "\u202e" in home.call(*arguments).out
    assert harmless(on_terminal("-c", home.config, *arguments))


def test_the_bytes_of_a_mail_are_not_given_to_a_terminal(home: Home):
    done = on_terminal("-c", home.config, "quarantine", "show", "8", "--raw")
    assert done.code == 2
    assert "send them to a file or a pipe" in done.out
    assert harmless(done)


@pytest.mark.parametrize(
    "arguments",
    [
        [ATTACK],
        ["events", "--since", ATTACK],
        ["events", "--channel", ATTACK],
        [f"--{ATTACK}"],
        ["events", f"--{ATTACK}"],
        ["query", ATTACK],
        ["query", f"SELECT {ATTACK}"],
        ["explain", ATTACK],
        ["ingest", ATTACK],
        ["export", "--output", f"{ATTACK}/x"],
        ["quarantine", "show", ATTACK],
    ],
    ids=range(11),
)
def test_what_was_typed_or_pasted_is_spelled_out_in_errors(home: Home, arguments: list[str]):
    done = home.call(*arguments)
    assert done.code in {2, 65, 78}
    assert harmless(done)


def test_a_hostile_file_name_is_spelled_out(home: Home, tmp_path: Path):
    name = ATTACK + "\udcff.eml"
    (tmp_path / name).mkdir()
    done = home.call("ingest", tmp_path / name)
    assert done.code == 65
    assert harmless(done)


def test_a_hostile_settings_file_is_spelled_out(tmp_path: Path):
    config = tmp_path / f"{ATTACK}.yaml"
    assert harmless(call("-c", config, "events"))
    config.write_text(json.dumps({ATTACK: {}, "log": {"level": ATTACK}}))
    done = call("-c", config, "events")
    assert done.code == 78
    assert harmless(done)
