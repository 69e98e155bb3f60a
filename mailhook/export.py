"""Events on their way out: as our rows (jsonl, csv) or as the vendor's web hook carries them.

Every format is lines of text, one event each, in the order of `revision`; the
last revision is where the next export goes on.
"""

from __future__ import annotations

import csv
import errno
import io
import json
import os
import stat
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from mailhook.errors import ConfigError, Problem, TemporaryError
from mailhook.store.rows import EVENT_COLUMNS

Row = Mapping[str, Any]

_MAY_PASS = {errno.ENOSPC, errno.EDQUOT, errno.EIO}

COLUMNS: Final = ("revision", "key", *EVENT_COLUMNS, "recorded_at", "fetched")
_NESTED = frozenset({"object", "fetched"})
# What the vendor's own event object has no member for.
_OURS = tuple(
    name
    for name in COLUMNS
    if name not in {"object", "raw_type", "raw_action", "raw_timestamp", "truora_id", "version"}
)


def jsonl(rows: Iterable[Row]) -> Iterator[str]:
    """One JSON object an event, our columns by name, `object` as an object, `fetched` a list."""
    for row in rows:
        yield _line({name: row[name] for name in COLUMNS})


def as_csv(rows: Iterable[Row]) -> Iterator[str]:
    """A header line, then one record an event; `object` and `fetched` as JSON text."""
    yield csv_record(COLUMNS)
    for row in rows:
        yield csv_record(_json(row[name]) if name in _NESTED else row[name] for name in COLUMNS)


def webhook(rows: Iterable[Row]) -> Iterator[str]:
    """One event object a line as the web hook's `events[]` has it, in the vendor's own words.

    `id` is the key where the vendor gave none; what is ours stands in `mailhook`.
    """
    for row in rows:
        yield _line(
            {
                "id": row["truora_id"] or row["key"],
                "event_type": row["raw_type"],
                "event_action": row["raw_action"],
                "object": row["object"],
                "timestamp": row["raw_timestamp"] or row["occurred_at"],
                "version": row["version"] or "1.0",
                "mailhook": {name: row[name] for name in _OURS},
            }
        )


FORMATS: Final[Mapping[str, Callable[[Iterable[Row]], Iterator[str]]]] = {
    "jsonl": jsonl,
    "csv": as_csv,
    "webhook": webhook,
}


def csv_record(values: Iterable[Any]) -> str:
    """One line of CSV (RFC 4180, but it ends as lines end here)."""
    text = io.StringIO()
    # By its line end the writer tells what to quote: a lone CR in a value as well.
    csv.writer(text, lineterminator="\r\n").writerow(values)
    return text.getvalue().removesuffix("\r\n") + "\n"


def write_whole(path: Path, lines: Iterable[str]) -> None:
    """Write the lines to `path`: all of them, durably, or leave what is there as it is.

    A file that is there keeps its mode; a new one is its owner's alone.
    """
    path = Path(os.path.realpath(path))  # what a link points to is replaced, not the link
    try:
        mode = _mode(path)
        handle, name = tempfile.mkstemp(prefix=".mailhook-", dir=path.parent)
    except OSError as error:
        raise _refused(path, error) from error
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
            stream.writelines(lines)
            stream.flush()
            os.fchmod(handle, mode)
            os.fsync(handle)
        Path(name).replace(path)
        _sync(path.parent)
    except OSError as error:
        raise _refused(path, error) from error
    finally:
        with suppress(FileNotFoundError):
            Path(name).unlink()


def _mode(path: Path) -> int:
    """The mode that the file has or will have. Raises ConfigError where it is no plain file."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return 0o600
    if not stat.S_ISREG(status.st_mode):
        problem = Problem("--output", f"{path} is no plain file", "leave --output out to pipe")
        raise ConfigError([problem])
    return stat.S_IMODE(status.st_mode)


def _sync(folder: Path) -> None:
    """Make the new name durable too."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _refused(path: Path, error: OSError) -> ConfigError | TemporaryError:
    reason = (error.strerror or "system error").lower()
    if error.errno in _MAY_PASS:
        return TemporaryError(f"--output: {path}: {reason}; nothing was written")
    problem = Problem("--output", f"{path} cannot be written: {reason}", "name another file")
    return ConfigError([problem])


def _json(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """ASCII only: nothing a mail said can reach a terminal unescaped."""
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"))


def _line(value: Row) -> str:
    return _json(value) + "\n"
