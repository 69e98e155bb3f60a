"""query: SQL or a named question on the store, which only reads."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import mails
import pytest
from command import Home, call

from mailhook.queries import QUERIES

CHECK = "CHK" + "a" * 32


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("query"))
    home.deliver(mails.check_finished(CHECK), mails.write("hello", subject="Olá, mundo"))
    return home


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("pymap", reason="the demo needs pymap")
    folder = tmp_path_factory.mktemp("demo") / "demo"
    assert call("demo", folder).code == 0
    return folder / "config.yaml"


WRITES = [
    "DELETE FROM events",
    "UPDATE events SET status = 'x'",
    "INSERT INTO facts VALUES ('a', 'b')",
    "DROP TABLE events",
    "CREATE TABLE mine (a)",
    "CREATE TEMP TABLE mine (a)",
    "ATTACH 'other.db' AS other",
    "VACUUM INTO 'copy.db'",
    "PRAGMA journal_mode = DELETE",
    "PRAGMA writable_schema = 1",
    "BEGIN IMMEDIATE",
    "WITH a AS (SELECT 1) DELETE FROM events",
    "SELECT 1; DELETE FROM events",
    "SELECT load_extension('x')",
]


@pytest.mark.parametrize("sql", WRITES)
def test_what_writes_is_refused(home: Home, sql: str):
    before = home.store.read_bytes()
    done = home.call("query", sql)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("mailhook: ")
    assert home.store.read_bytes() == before


@pytest.mark.parametrize("sql", ["SELEC 1", "SELECT * FROM nowhere", "SELECT (", "-- nothing"])
def test_sql_that_is_wrong_is_a_usage_error_in_sqlites_words(home: Home, sql: str):
    done = home.call("query", sql)
    assert (done.code, done.out) == (2, "")
    assert "bug" not in done.err


def test_an_answer_is_a_table(home: Home):
    done = home.call("query", "SELECT subject_id, 7 AS seven, NULL AS none FROM events")
    assert (done.code, done.err) == (0, "")
    assert [re.split(" {2,}", line) for line in done.out.splitlines()][::2] == [
        ["subject_id", "seven", "none"],
        [CHECK, "7"],
    ]


def test_an_answer_wider_than_the_screen_is_shown_record_by_record(home: Home):
    sql = "SELECT key, subject_id, raw FROM events, deliveries LIMIT 2"
    told = home.call("query", sql).out
    record = rf"key         {CHECK}/check.finished\nsubject_id  {CHECK}\nraw         \d+ bytes\n"
    assert re.fullmatch(rf"{record}\n{record}", told)
    assert len(home.call("query", sql, columns=200).out.splitlines()) == 4


COUNTING = """WITH RECURSIVE n (x) AS (SELECT 1 UNION SELECT x + 1 FROM n WHERE x < {})
SELECT x FROM n"""


def test_an_answer_of_more_rows_than_a_person_reads_is_cut_with_a_word(home: Home):
    assert home.call("query", COUNTING.format(1000)).err == ""
    done = home.call("query", COUNTING.format(1001))
    assert len(done.out.splitlines()) == 2 + 1000
    assert done.err == "the first 1000 rows are shown; --jsonl or --csv give all\n"
    assert len(home.call("query", "--csv", COUNTING.format(1001)).out.splitlines()) == 1 + 1001


@pytest.mark.parametrize("column", ["[/]", "[red]x", "a b"])
def test_a_columns_name_is_shown_as_it_is(home: Home, column: str):
    assert home.call("query", f'SELECT 1 AS "{column}"').out.startswith(column)


AWKWARD = """SELECT 'a,"b"' || char(10) || 'c' || char(13) AS text, x'00ff' AS bytes,
9e999 AS large, 1.5 AS number, NULL AS none, 'ñ' AS letter, 1 AS twice, 2 AS twice"""
AS_TEXT = ['a,"b"\nc\r', "00ff", "inf", "1.5", "", "ñ", "1", "2"]


def test_json_is_one_array_of_objects_and_loses_no_column(home: Home):
    (row,) = json.loads(home.call("query", "--json", AWKWARD).out, parse_constant=pytest.fail)
    assert list(row) == ["text", "bytes", "large", "number", "none", "letter", "twice", "twice:1"]
    assert list(row.values()) == ['a,"b"\nc\r', "00ff", "inf", 1.5, None, "ñ", 1, 2]


def test_jsonl_is_one_object_a_line(home: Home):
    told = home.call("query", "--jsonl", "SELECT id, outcome FROM deliveries ORDER BY id").out
    assert [json.loads(line) for line in told.splitlines()] == [
        {"id": 1, "outcome": "recorded"},
        {"id": 2, "outcome": "quarantined"},
    ]


def test_csv_is_read_back_exactly(home: Home):
    told = home.call("query", "--csv", AWKWARD).out
    header, row = csv.reader(io.StringIO(told, newline=""))
    assert header == ["text", "bytes", "large", "number", "none", "letter", "twice", "twice"]
    assert row == AS_TEXT


def test_the_bytes_of_a_mail_can_be_asked_for_as_text(home: Home):
    sql = "SELECT raw_text(raw) AS mail FROM deliveries WHERE id = 1"
    (row,) = json.loads(home.call("query", "--json", sql).out)
    assert f"Check ID: {CHECK}" in row["mail"]


ENDLESS = "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"


def test_a_question_that_takes_too_long_ends_in_75(home: Home):
    done = home.call("query", "--timeout", "0.2", ENDLESS)
    assert (done.code, done.out) == (75, "")
    assert "took longer than 0.2 s; narrow it, or use --timeout" in done.err


def test_nothing_asked_is_a_usage_error(home: Home):
    done = home.call("query")
    assert done.code == 2
    assert "query --list" in done.err


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("lastest", "did you mean 'latest'?"),
        ("per_day", "did you mean 'per-day'?"),
        ("xyzzy", "`query --list` shows them"),
        ("events2", "`query --list` shows them"),
    ],
)
def test_an_unknown_question_names_the_nearest(home: Home, name: str, hint: str):
    done = home.call("query", name)
    assert (done.code, done.out) == (2, "")
    assert f"there is no question named '{name}'; {hint}" in done.err


def test_the_named_questions_are_listed_with_what_they_answer():
    told = call("query", "--list").out
    assert all(name in told and query.answers in told for name, query in QUERIES.items())
    assert max(map(len, told.splitlines())) <= 80
    rows = json.loads(call("query", "--list", "--json").out)
    assert {row["name"]: row["answers"] for row in rows} == {
        name: query.answers for name, query in QUERIES.items()
    }


@pytest.mark.parametrize("name", QUERIES)
def test_a_named_question_is_one_sentence_and_runs_on_the_demos_store(demo: Path, name: str):
    assert re.fullmatch(r"[a-z][^.\n]{15,70}", QUERIES[name].answers)
    done = call("-c", demo, "query", name)
    assert done.code == 0
    too_long = [line for line in done.out.splitlines() if len(line) > 80]
    assert all(len(line.split()) == 2 for line in too_long), "only a name and a key, uncut"
    json.loads(call("-c", demo, "query", name, "--json").out)


ANSWERS = {
    "latest": {"CHK0b8e2d6f417c93a5d2e6f80a7b1c4d39", "CHK7d1f0c52a94e6b8830be4f6a1c2d9e75"},
    "today": {"checks", "digital_identity"},
    "per-day": {"2026-08-03"},
    "open": {"CHK0b8e2d6f417c93a5d2e6f80a7b1c4d39"},
    "conflicts": set(),
    "senders": {"notifications@truora.com"},
    "quarantine": {"Novedades sobre su proceso"},
    "roads": {"CHK7d1f0c52a94e6b8830be4f6a1c2d9e75/check.finished"},
    # One road misses nothing, and its mails are old; tests/test_views_*.py have answers.
    "missed": set(),
    "missed-per-day": set(),
    "not-by-web": set(),
    "latency": set(),
    "unfinished": set(),
    "disagreements": set(),
}


@pytest.mark.parametrize("name", QUERIES)
def test_a_named_question_finds_what_it_says(demo: Path, name: str):
    rows = json.loads(call("-c", demo, "query", name, "--json").out)
    values = {str(value) for row in rows for value in row.values()}
    assert ANSWERS[name] <= values
    assert bool(rows) == bool(ANSWERS[name])


def test_what_is_measured_bears_its_unit(demo: Path):
    columns = call("-c", demo, "query", "latency", "--csv").out.splitlines()[0].split(",")
    assert [one for one in columns if one.startswith("p")] == [
        "product",
        "p50_seconds",
        "p90_seconds",
        "p99_seconds",
    ]


def test_what_has_ended_is_not_open(demo: Path):
    rows = json.loads(call("-c", demo, "query", "open", "--json").out)
    assert "CHK7d1f0c52a94e6b8830be4f6a1c2d9e75" not in {row["subject_id"] for row in rows}
