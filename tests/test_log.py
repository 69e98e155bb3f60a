"""The service's log lines: for programs, for people, for the journal; never a mail's words."""

from __future__ import annotations

import io
import json
import logging
import os
import pty
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailhook import log
from mailhook.config import LogSettings

ATTACK = "\x1b[2J\x07\r\n<0>forged \u202e\x9b"


@pytest.fixture(autouse=True)
def _unchanged_logging() -> Iterator[None]:
    root, ours = logging.getLogger(), logging.getLogger("mailhook")
    before = (root.handlers[:], root.level, ours.level)
    yield
    root.handlers[:], root.level, ours.level = before


def logger(stream: io.TextIOBase, form: str = "auto", level: str = "info") -> logging.Logger:
    settings = LogSettings.model_validate({"format": form, "level": level})
    log.configure(settings, stream)  # type: ignore[arg-type]
    return logging.getLogger("mailhook.worker")


def written(form: str, words: str, **fields: object) -> str:
    stream = io.StringIO()
    logger(stream, form).warning(words, extra=fields)
    return stream.getvalue()


def test_json_is_one_object_a_line_with_time_level_and_fields():
    line = json.loads(written("json", "batch", mailbox="hooks", count=3))
    assert line.pop("timestamp").endswith("Z")
    assert line == {"event": "batch", "level": "warning", "mailbox": "hooks", "count": 3}


def test_the_journal_gets_a_priority_and_no_time():
    line = written("journal", "batch", mailbox="hooks", count=3)
    assert line == "<4>batch mailbox='hooks' count=3\n"


@pytest.mark.parametrize(
    ("level", "priority"), [("debug", 7), ("info", 6), ("warning", 4), ("error", 3)]
)
def test_each_level_has_its_priority_in_the_journal(level: str, priority: int):
    stream = io.StringIO()
    getattr(logger(stream, "journal", "debug"), level)("words")
    assert stream.getvalue() == f"<{priority}>words\n"


def test_people_get_words_and_fields():
    line = written("pretty", "batch", mailbox="hooks", count=3)
    assert "batch" in line
    assert "count=3 mailbox=hooks" in line
    assert "\x1b" not in line


@pytest.mark.parametrize("form", ["json", "pretty", "journal"])
def test_what_a_server_said_is_one_line_that_steers_nothing(form: str):
    line = written(form, f"refused: {ATTACK}", folder=ATTACK)
    assert line.endswith("\n")
    assert line[:-1].isprintable()
    assert "forged" in line


def test_a_hint_on_a_line_of_its_own_follows_in_the_same_line():
    assert written("journal", "no folder 'Hoks'\n    hint: Hooks") == (
        "<4>no folder 'Hoks'; hint: Hooks\n"
    )


@pytest.mark.parametrize("form", ["json", "pretty", "journal"])
def test_of_an_exception_only_its_kind_and_place_are_told(form: str):
    stream = io.StringIO()
    a_local = "correct-horse"
    try:
        raise ValueError(f"CHKsecret {a_local}")  # noqa: TRY301 - a bug, as it would strike
    except ValueError:
        logger(stream, form).exception("a bug of mailhook")
    line = stream.getvalue()
    assert line.count("\n") == 1
    assert "ValueError at test_log.py:" in line
    assert "CHKsecret" not in line
    assert "correct-horse" not in line


@pytest.mark.parametrize(
    ("level", "heard"),
    [("debug", "diwe"), ("info", "iwe"), ("warning", "we"), ("error", "e")],
)
def test_the_level_is_a_threshold(level: str, heard: str):
    stream = io.StringIO()
    one = logger(stream, "journal", level)
    for name in ("debug", "info", "warning", "error"):
        getattr(one, name)(name[0])
    assert "".join(line[3] for line in stream.getvalue().splitlines()) == heard


def test_libraries_are_heard_only_when_they_warn():
    stream = io.StringIO()
    logger(stream, "journal", "debug")
    logging.getLogger("apscheduler").info("added job")
    logging.getLogger("apscheduler").warning("missed")
    assert stream.getvalue() == "<4>missed\n"


def test_configuring_twice_says_nothing_twice():
    stream = io.StringIO()
    logger(stream, "journal")
    logger(stream, "journal").warning("once")
    assert stream.getvalue() == "<4>once\n"


def test_auto_is_json_in_a_file(tmp_path: Path):
    with (tmp_path / "log").open("w") as stream:
        logger(stream).warning("words")
    assert json.loads((tmp_path / "log").read_text())["event"] == "words"


def test_auto_is_the_journals_form_where_systemd_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    with (tmp_path / "log").open("w") as stream:
        status = os.fstat(stream.fileno())
        monkeypatch.setenv("JOURNAL_STREAM", f"{status.st_dev}:{status.st_ino}")
        logger(stream).warning("words")
    assert (tmp_path / "log").read_text() == "<4>words\n"


def test_auto_is_for_people_on_a_terminal():
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as stream:
        logger(stream).warning("words")
        stream.flush()
        shown = os.read(ours, 4096).decode()
    os.close(ours)
    assert "\x1b[" in shown
    assert "words" in shown
    assert not shown.startswith("{")
