"""query: any statement that reads, none that writes, within its time."""

from __future__ import annotations

import shutil
import tracemalloc
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import mails
import pytest

from mailhook.config import TrustSettings
from mailhook.errors import TemporaryError, UsageError
from mailhook.pipeline import Trust, examine
from mailhook.store import Filters, Reader, Store

HOOK = mails.check_finished("CHK" + "a" * 32)
RAWS = (HOOK, mails.check_finished("CHK" + "b" * 32), mails.check_finished("CHK" + "c" * 32))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of three hooks."""
    trust = Trust(TrustSettings(authserv_id=("mx.example.com",)))
    path = tmp_path_factory.mktemp("query") / "mailhook.db"
    with Store(path) as store:
        store.record([examine(mails.delivered(raw, n), trust) for n, raw in enumerate(RAWS, 1)])
    return path


@pytest.fixture
def path(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(whole, tmp_path / "mailhook.db"))


@pytest.fixture
def reader(path: Path) -> Iterator[Reader]:
    with Reader(path) as reader:
        yield reader


def test_a_query_may_bring_values_and_read_the_bytes_as_text(reader: Reader):
    sql = "SELECT id, raw_text(raw) FROM deliveries WHERE id = :id"
    columns, rows = reader.query(sql, {"id": 1})
    assert (columns, list(rows)) == (["id", "raw_text(raw)"], [(1, HOOK.decode())])


READING = [
    "SELECT * FROM latest_status",
    "WITH n AS (SELECT 1) SELECT * FROM n",
    "VALUES (1)",
    "EXPLAIN QUERY PLAN SELECT * FROM events",
    "PRAGMA table_info(events)",
    "SELECT name FROM pragma_table_info('events')",
    "SELECT value FROM events, json_each(object)",
    "SELECT count(*) FROM sqlite_master -- with a word at the end",
]


@pytest.mark.parametrize("sql", READING)
def test_a_query_may_read_whatever_there_is(reader: Reader, sql: str):
    assert list(reader.query(sql)[1])


WRITING = [
    "INSERT INTO events (id) VALUES (1)",
    "UPDATE events SET status = ''",
    "DELETE FROM events",
    "REPLACE INTO facts VALUES ('a', 'b')",
    "WITH n AS (SELECT 1) DELETE FROM events",
    "DELETE FROM events RETURNING id",
    "CREATE TABLE more (id)",
    "CREATE TEMP TABLE more (id)",
    "DROP TABLE events",
    "ALTER TABLE events ADD COLUMN more",
    "ATTACH '{other}' AS other",
    "VACUUM",
    "VACUUM INTO '{other}'",
    "REINDEX",
    "ANALYZE",
    "BEGIN",
    "SAVEPOINT mine",
    "PRAGMA query_only = OFF",
    "PRAGMA writable_schema = ON",
    "PRAGMA journal_mode = DELETE",
    "PRAGMA user_version = 7",
    "PRAGMA wal_checkpoint(TRUNCATE)",
    "SELECT * FROM pragma_journal_mode",
    "SELECT load_extension('{other}')",
    "SELECT writefile('{other}', 'x')",
    "SELECT readfile('/etc/hostname')",
    "SELECT 1; DELETE FROM events",
    "EXPLAIN DELETE FROM events",
]


@pytest.mark.parametrize("sql", WRITING)
def test_a_query_that_does_not_only_read_is_refused(path: Path, reader: Reader, sql: str):
    other = path.with_name("other.db")
    with pytest.raises(UsageError):
        list(reader.query(sql.replace("{other}", str(other)))[1])
    assert not other.exists()
    assert len(list(reader.events(Filters()))) == 3


WRONG = [
    "",
    "-- nothing",
    "SELEC 1",
    "SELECT * FROM nowhere",
    "SELECT \0",
    "SELECT '\udcff'",
    "SELECT :missing",
    "SELECT zeroblob(2000000000)",
    "SELECT CAST(x'ff' AS TEXT)",
    "SELECT raw_text('no bytes')",
    "SELECT abs(-9223372036854775808)",
]


@pytest.mark.parametrize("sql", WRONG)
def test_a_query_that_is_wrong_is_refused(reader: Reader, sql: str):
    with pytest.raises(UsageError):
        list(reader.query(sql)[1])


ENDLESS = "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n) SELECT {} FROM n"


@pytest.mark.parametrize("what", ["max(n)", "n"])
def test_a_query_that_takes_too_long_is_ended(reader: Reader, what: str):
    with pytest.raises(TemporaryError, match=r"longer than 0\.2 s"):
        for _ in reader.query(ENDLESS.format(what), seconds=0.2)[1]:
            pass
    assert len(list(reader.events(Filters()))) == 3


def test_after_a_query_the_reader_has_no_time_limit_and_may_ask_another(reader: Reader):
    columns, rows = reader.query("SELECT key FROM events ORDER BY id", seconds=0)
    del columns, rows
    slow = ENDLESS.format("n") + " LIMIT 100000"
    assert len(reader.rows(slow)) == 100_000
    first, second = (reader.query("SELECT id FROM events ORDER BY id")[1] for _ in range(2))
    assert list(zip(first, second, strict=True)) == [((n,), (n,)) for n in (1, 2, 3)]


def test_rows_are_streamed_not_held(reader: Reader):
    rows = reader.query(ENDLESS.format("hex(zeroblob(5000))"))[1]
    tracemalloc.start()
    assert sum(1 for _ in islice(rows, 5000)) == 5000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000
