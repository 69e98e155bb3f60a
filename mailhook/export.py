"""Events on their way out: as our rows (jsonl, csv) or as the vendor's web hook carries them.

Every format is lines of text, one event each, in the order of `revision`; the
last revision is where the next export goes on.
"""

from __future__ import annotations

import csv
import io
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from mailhook.errors import ConfigError, Problem, TemporaryError
from mailhook.store.rows import EVENT_COLUMNS

Row = Mapping[str, Any]

COLUMNS: Final = ("revision", "key", *EVENT_COLUMNS, "recorded_at")
# What the vendor's own event object has no member for.
_OURS = tuple(
    name
    for name in COLUMNS
    if name not in {"object", "raw_type", "raw_action", "raw_timestamp", "truora_id", "version"}
)


def jsonl(rows: Iterable[Row]) -> Iterator[str]:
    """One JSON object an event, our columns by name, `object` as an object."""
    for row in rows:
        yield _line({name: row[name] for name in COLUMNS})


def as_csv(rows: Iterable[Row]) -> Iterator[str]:
    """A header line, then one record an event (RFC 4180); `object` as JSON text."""
    yield _record(COLUMNS)
    for row in rows:
        yield _record(_json(row[name]) if name == "object" else row[name] for name in COLUMNS)


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


def write_whole(path: Path, lines: Iterable[str]) -> None:
    """Write the lines to `path`: all of them, durably, or leave what is there as it is."""
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        reason = (error.strerror or "system error").lower()
        raise ConfigError(
            [Problem("--output", f"{path} cannot be written: {reason}", "name another file")]
        ) from error
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
            stream.writelines(lines)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).replace(path)
    except OSError as error:
        raise TemporaryError(f"{path}: {error.strerror}; nothing was written") from error
    finally:
        with suppress(FileNotFoundError):
            Path(name).unlink()


def _json(value: Any) -> str:  # noqa: ANN401 - any JSON value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _line(value: Row) -> str:
    return _json(value) + "\n"


def _record(values: Iterable[Any]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(values)
    return text.getvalue()
