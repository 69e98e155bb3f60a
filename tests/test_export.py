"""Events on their way out: three spellings of a row, and a file that is whole or not there."""

from __future__ import annotations

import csv
import io
import json
import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import mails
import pytest
from command import Home

from mailhook import catalog
from mailhook.errors import ConfigError
from mailhook.events import Context, interpret
from mailhook.export import COLUMNS, as_csv, jsonl, webhook, write_whole
from mailhook.model import Event
from mailhook.readers import json as json_reader
from mailhook.store import Filters, Reader

HOOK = {
    "id": "HKE" + "1" * 40,
    "event_type": "checks.check",
    "event_action": "completed",
    "object": {
        "check_id": "CHK" + "a" * 32,
        "status": "completed",
        "score": 0.1,
        "name": 'Zoë "Z", \u202e\x1b[2J\x7f\r\n;',
        "deep": [{"a": [1, None, True]}],
    },
    "timestamp": "2026-08-03T10:00:00.123456789-05:00",
    "version": "1.0",
}
API = {
    "idempotency_key": "HIK" + "2" * 40,
    "product": "validations",
    "event_type": "document_validation",
    "event_action": "succeeded",
    "object": json.dumps({"validation_id": "VLD" + "b" * 32, "validation_status": "success"}),
    "timestamp": "2026-08-03T11:00:00Z",
}
UNKNOWN = {
    "event_type": "Brand New",
    "event_action": "Well-done",
    "object": {"brand_new_id": "N1"},
    "timestamp": "2026-08-03T12:00:00Z",
}
DELAYED = "Event: Check delayed\nCheck ID: CHKd\n"
CONTEXT = Context("email", "mail:<a@example.com>", mails.NOON, mails.NOON, verified=True)

Row = dict[str, object]


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> list[Row]:
    home = Home(tmp_path_factory.mktemp("export"))
    home.deliver(
        mails.write(json.dumps([HOOK, API, UNKNOWN])),
        mails.check_finished("CHKc"),
        mails.write(DELAYED),
    )
    with Reader(home.store) as reader:
        return list(reader.events(Filters(), by_revision=True))


def test_jsonl_is_one_object_an_event_with_our_columns(rows: list[Row]):
    read = [json.loads(line) for line in jsonl(rows)]
    assert [list(event) for event in read] == [list(COLUMNS)] * 5
    assert [{name: row[name] for name in COLUMNS} for row in rows] == read
    assert read[0]["object"] == HOOK["object"]


def test_csv_is_read_back_exactly_by_pythons_own_reader(rows: list[Row]):
    read = list(csv.DictReader(io.StringIO("".join(as_csv(rows)), newline="")))
    assert len(read) == len(rows) == 5
    for text, row in zip(read, rows, strict=True):
        nested = {name: json.loads(text.pop(name)) for name in ("object", "fetched")}
        assert nested == {name: row[name] for name in nested}
        assert text == {
            name: "" if row[name] is None else str(row[name])
            for name in COLUMNS
            if name not in nested
        }


def test_what_stands_in_for_no_telling_is_named_in_every_format(tmp_path: Path):
    home = Home(tmp_path)
    home.deliver(mails.check_finished("CHKc"))
    with closing(sqlite3.connect(home.store)) as db, db:
        db.execute("UPDATE events SET fetched = ?", ['["status","object.score"]'])
    told = ["status", "object.score"]
    assert json.loads(home.call("events", "--json").out)[0]["fetched"] == told
    assert json.loads(home.call("export").out)["fetched"] == told
    sent = json.loads(home.call("export", "--format", "webhook").out)
    assert sent["mailhook"]["fetched"] == told
    (record,) = csv.DictReader(io.StringIO(home.call("export", "--format", "csv").out))
    assert json.loads(record["fetched"]) == told


def test_csv_of_nothing_is_a_header(rows: list[Row]):
    assert "".join(as_csv([])) == ",".join(COLUMNS) + "\n"
    assert next(as_csv(rows)) == next(as_csv([]))


def test_a_value_with_a_lone_carriage_return_is_read_back(rows: list[Row]):
    changed = rows[0] | {"status": "a\rb", "raw_status": "c\nd", "key": 'e"f,g'}
    header, record = csv.reader(io.StringIO("".join(as_csv([changed])), newline=""))
    read = dict(zip(header, record, strict=True))
    assert (read["status"], read["raw_status"], read["key"]) == ("a\rb", "c\nd", 'e"f,g')


def test_a_web_hook_goes_out_as_the_vendor_sent_it_but_for_one_member(rows: list[Row]):
    sent = json.loads(next(webhook(rows)))
    ours = sent.pop("mailhook")
    assert sent == HOOK
    assert list(sent) == list(HOOK)
    assert (ours["event_type"], ours["event_action"]) == ("check", "finished")
    assert ours["key"] == f"CHK{'a' * 32}/check.finished"


def test_every_column_leaves_in_every_format(rows: list[Row]):
    sent = json.loads(next(webhook(rows)))
    assert {*sent, *sent["mailhook"]} >= {*COLUMNS} - {
        "raw_type",
        "raw_action",
        "raw_timestamp",
        "truora_id",
    }


def test_what_the_vendor_gave_no_id_and_time_for_has_the_key_and_ours(rows: list[Row]):
    sent = [json.loads(line) for line in webhook(rows)]
    assert [one["id"] for one in sent] == [
        HOOK["id"],
        f"VLD{'b' * 32}/document_validation.succeeded",
        "N1/brand_new.well_done@2026-08-03T12:00:00Z",
        "CHKc/check.finished",
        "CHKd/check.delayed@2026-08-03T12:00:00Z",
    ]
    assert sent[4]["timestamp"] == "2026-08-03T12:00:00.000000Z"
    assert sent[4]["mailhook"]["time_source"] == "mail"
    assert sent[1]["mailhook"]["idempotency_key"] == API["idempotency_key"]
    assert {one["version"] for one in sent} == {"1.0"}


def events_of(text: str) -> list[Event]:
    reading = json_reader.read([text], "", catalog.load())
    assert reading
    assert (reading.unread, reading.problem) == (0, None)
    return [
        interpret(notice, nth, CONTEXT, catalog.load())
        for nth, notice in enumerate(reading.notices, 1)
    ]


def test_each_line_read_again_as_a_web_hook_is_the_same_event(rows: list[Row]):
    told = list(events_of("".join(webhook(rows))))
    assert [event.key for event in told] == [row["key"] for row in rows]
    same = (
        "event_type event_action subject_type subject_id process_id account_id flow_id status"
        " object raw_type raw_action raw_status"
    ).split()
    for event, row in zip(told, rows, strict=True):
        assert {name: getattr(event, name) for name in same} == {name: row[name] for name in same}


@pytest.mark.parametrize("form", [jsonl, webhook])
def test_lines_for_programs_are_ascii_whatever_was_sent(form, rows: list[Row]):
    text = "".join(form(rows))
    assert text.isascii()
    assert text.replace("\n", "").isprintable()


def test_a_file_is_written_with_all_lines_for_its_owner_alone(tmp_path: Path):
    target = tmp_path / "out.jsonl"
    write_whole(target, ["ñ\n", "b\r\n"])
    assert target.read_bytes() == b"\xc3\xb1\nb\r\n"
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [target]


def test_a_file_that_is_there_is_replaced_and_keeps_its_mode(tmp_path: Path):
    target = tmp_path / "out.jsonl"
    target.write_text("before")
    target.chmod(0o640)
    write_whole(target, ["after\n"])
    assert target.read_text() == "after\n"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640


def test_what_a_link_points_to_is_replaced_and_the_link_stays(tmp_path: Path):
    (tmp_path / "folder").mkdir()
    link = tmp_path / "link"
    link.symlink_to("folder/out.jsonl")
    write_whole(link, ["a\n"])
    assert link.is_symlink()
    assert (tmp_path / "folder" / "out.jsonl").read_text() == "a\n"


class Unforeseen(Exception):
    pass


def failing() -> Iterator[str]:
    yield "half\n" * 100_000
    raise Unforeseen


def test_lines_that_end_in_an_error_leave_everything_as_it_was(tmp_path: Path):
    target = tmp_path / "out.jsonl"
    target.write_text("before")
    with pytest.raises(Unforeseen):
        write_whole(target, failing())
    assert target.read_text() == "before"
    assert list(tmp_path.iterdir()) == [target]


def place(tmp_path: Path, kind: str) -> Path:
    path = tmp_path / kind
    if kind == "a folder":
        path.mkdir()
    elif kind == "a fifo":
        os.mkfifo(path)
    elif kind == "a device":
        path.symlink_to("/dev/null")
    elif kind == "below a file":
        path.write_text("x")
        return path / "out"
    elif kind == "below nothing":
        return path / "out"
    return path


@pytest.mark.parametrize(
    "kind", ["a folder", "a fifo", "a device", "below a file", "below nothing"]
)
def test_what_can_be_no_plain_file_is_refused_and_left_alone(tmp_path: Path, kind: str):
    path = place(tmp_path, kind)
    before = path.lstat().st_mode if kind.startswith("a ") else None
    with pytest.raises(ConfigError) as refusal:
        write_whole(path, ["a\n"])
    assert refusal.value.problems[0].path == "--output"
    assert not before or path.lstat().st_mode == before
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)
