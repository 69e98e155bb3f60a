"""events, alerts, deliveries, catalog: what is listed, in which order, how it looks."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path

import mails
import pytest
from command import Done, Home, call, on_terminal

from mailhook import times

CHECK = "CHK" + "a" * 32
PROCESS = "IDP" + "b" * 32
PHONE = "VLD" + "c" * 32
ENDPOINT = "https://hooks.example.com/" + "truora/" * 8

PROCESS_FAILED = f"""Event: Identity process failed
Identity process ID: {PROCESS}
Process status: Failure
Timestamp: 2026-08-03T10:00:00Z
"""
PHONE_SUCCEEDED = f"""Event: Phone verification succeeded
Validation ID: {PHONE}
Status: Success
Timestamp: 2026-08-02T10:00:00Z
"""
FAILING = f"""The deliveries to your webhook are failing.

Endpoint: {ENDPOINT}
Failed deliveries: 42 %
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("lists"))
    early = mails.NOON - timedelta(days=1)
    home.deliver(mails.write(PHONE_SUCCEEDED), channel="file", at=early)
    home.deliver(mails.check_finished(CHECK), mails.write(PROCESS_FAILED))
    home.deliver(mails.write(FAILING, subject="Webhook deliveries failing"))
    home.deliver(mails.write("Lunch?", proof=None, sender="ana@example.com", subject="Lunch"))
    return home


def listed(done: Done, member: str) -> list[str]:
    assert done.code == 0, done.err
    return [str(row[member]) for row in json.loads(done.out)]


def test_events_come_as_one_json_array_the_newest_first(home: Home):
    done = home.call("events", "--json")
    assert listed(done, "event_action") == ["delivery_failing", "finished", "failed", "succeeded"]
    assert done.err == ""
    (check,) = (row for row in json.loads(done.out) if row["subject_id"] == CHECK)
    assert check["object"]["check_id"] == CHECK
    assert check["key"] == f"{CHECK}/check.finished"


EVENTS = [
    (["--product", "checks"], ["finished"]),
    (["--type", "identity_process"], ["failed"]),
    (["--action", "succeeded"], ["succeeded"]),
    (["--subject", CHECK], ["finished"]),
    (["--since", "2026-08-03"], ["delivery_failing", "finished", "failed"]),
    (["--since", "2026-08-03T11:00:00Z"], ["delivery_failing", "finished"]),
    (["--since", "2026-08-03T13:59:59+02:00"], ["delivery_failing"]),
    (["--channel", "file"], ["succeeded"]),
    (["--channel", "web"], []),
    (["--limit", "2"], ["delivery_failing", "finished"]),
    (["--type", "check", "--action", "failed"], []),
    (["--since", "2026-08-03", "--limit", "1", "--channel", "email"], ["delivery_failing"]),
]


@pytest.mark.parametrize(("filters", "expected"), EVENTS)
def test_events_are_narrowed_by_every_filter(home: Home, filters: list[str], expected: list[str]):
    assert listed(home.call("events", "--json", *filters), "event_action") == expected


@pytest.mark.parametrize(
    ("unit", "span"),
    [
        ("m", timedelta(minutes=3)),
        ("h", timedelta(hours=3)),
        ("d", timedelta(days=3)),
        ("w", timedelta(weeks=3)),
    ],
)
def test_since_may_be_a_while_ago(tmp_path: Path, unit: str, span: timedelta):
    home, minute = Home(tmp_path), timedelta(minutes=1)
    for name, ago in (("old", span + minute), ("new", span - minute)):
        home.deliver(mails.check_finished(name, time=times.short(times.now() - ago)))
    assert listed(home.call("events", "--json", "--since", f"3{unit}"), "subject_id") == ["new"]


DELIVERIES = [
    ([], ["ignored", "alert", "recorded", "recorded", "recorded"]),
    (["--product", "checks"], ["recorded"]),
    (["--type", "webhook"], ["alert"]),
    (["--action", "failed"], ["recorded"]),
    (["--subject", PHONE], ["recorded"]),
    (["--since", "2026-08-03"], ["ignored", "alert", "recorded", "recorded"]),
    (["--channel", "file"], ["recorded"]),
    (["--limit", "2"], ["ignored", "alert"]),
    (["--channel", "file", "--action", "finished"], []),
]


@pytest.mark.parametrize(("filters", "expected"), DELIVERIES)
def test_deliveries_are_narrowed_by_every_filter_the_newest_first(
    home: Home, filters: list[str], expected: list[str]
):
    assert listed(home.call("deliveries", "--json", *filters), "outcome") == expected


ALERTS = [
    ([], 1),
    (["--type", "webhook"], 1),
    (["--product", "checks"], 0),
    (["--action", "delivery_failing"], 1),
    (["--action", "disabled"], 0),
    (["--since", "2026-08-03"], 1),
    (["--since", "2026-08-04"], 0),
    (["--channel", "email"], 1),
    (["--channel", "file"], 0),
    (["--limit", "1"], 1),
]


@pytest.mark.parametrize(("filters", "number"), ALERTS)
def test_alerts_are_narrowed_by_every_filter(home: Home, filters: list[str], number: int):
    assert listed(home.call("alerts", "--json", *filters), "endpoint") == [ENDPOINT] * number


@pytest.mark.parametrize("name", ["events", "alerts", "deliveries", "catalog"])
def test_a_piped_list_is_80_columns_of_plain_text(home: Home, name: str):
    done = home.call(name)
    assert done.code == 0
    assert max(map(len, done.out.splitlines())) <= 80
    assert "\x1b" not in done.out
    assert not re.search(r" $", done.out, re.MULTILINE)


def test_no_id_is_cut_at_80_columns(home: Home):
    told = home.call("events").out
    assert all(name in told for name in (CHECK, PROCESS, PHONE))


def test_no_id_is_cut_beside_the_word_that_it_is_not_proven(tmp_path: Path):
    home = Home(tmp_path, trust={"require": "none"})
    mail = home.folder / "unproven.eml"
    mail.write_bytes(mails.check_finished(CHECK, proof=None))
    assert home.call("ingest", mail).out == "1 recorded\n"
    (line,) = (line for line in home.call("events").out.splitlines() if CHECK in line)
    assert line.endswith("unverified")


def test_a_whole_endpoint_is_shown_on_several_lines(home: Home):
    told = home.call("alerts").out
    column = told.splitlines()[0].index("endpoint")
    assert "".join(line[column:] for line in told.splitlines()[2:]) == ENDPOINT


def test_an_id_too_long_for_a_table_is_shown_record_by_record(tmp_path: Path):
    home = Home(tmp_path)
    name = "CHK-" + "x" * 90
    home.deliver(mails.check_finished(name))
    assert f"subject  {name}\n" in home.call("events").out
    assert home.call("events", columns=160).out.count("\n") == 3


def test_an_event_without_a_subject_leaves_its_place_empty(home: Home):
    (line,) = (line for line in home.call("events").out.splitlines() if "delivery_failing" in line)
    assert line.endswith("webhook.delivery_failing")


@pytest.mark.parametrize(
    ("there", "arguments", "shown", "said"),
    [
        (50, [], 50, ""),
        (51, [], 50, "the newest 50 are shown; --limit shows more, --json all\n"),
        (51, ["--limit", "51"], 51, ""),
        (51, ["--limit", "7"], 7, ""),
    ],
)
def test_only_the_newest_50_are_shown_unless_more_are_asked_for(
    tmp_path: Path, there: int, arguments: list[str], shown: int, said: str
):
    home = Home(tmp_path)
    home.deliver(mails.check_finished(CHECK))
    home.multiply(there)
    done = home.call("events", *arguments)
    assert (len(done.out.splitlines()) - 2, done.err) == (shown, said)
    assert CHECK in done.out.splitlines()[2]


def test_a_list_has_colour_and_the_whole_width_on_a_terminal(home: Home):
    done = on_terminal("-c", home.config, "deliveries", columns=150)
    assert done.code == 0
    assert "\x1b[1m" in done.out
    assert "Webhook deliveries failing" in done.out


CATALOG = [
    (["--product", "checks"], 5),
    (["--type", "check", "--action", "finished"], 1),
    (["--action", "expired"], 2),
    (["--product", "no such product"], 0),
]


@pytest.mark.parametrize(("filters", "number"), CATALOG)
def test_the_catalogue_is_narrowed_by_every_filter(home: Home, filters: list[str], number: int):
    assert len(json.loads(home.call("catalog", "--json", *filters).out)) == number


def test_the_catalogue_needs_no_settings_and_no_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MAILHOOK_CONFIG", raising=False)
    assert "check.finished" in call("catalog").out


def test_a_single_event_of_the_catalogue_is_shown_with_its_variables(home: Home):
    told = home.call("catalog", "--type", "check", "--action", "finished").out
    assert re.search(r"^Check ID +check_id +", told, re.MULTILINE)
    assert "its variables" in told
    assert "its variables" not in home.call("catalog", "--type", "check").out


def test_no_rule_name_of_the_catalogue_is_cut(home: Home):
    assert "…" not in home.call("catalog").out
