"""The doctor at the machine: disk, permissions, keys, clock."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import mails
import pytest
from command import Home
from on_disk import tmp_path as tmp_path  # noqa: PLC0414 - a fixture

from mailhook import times
from mailhook.config import Settings, TrustSettings
from mailhook.doctor import Remark, clock, disk, keys, permissions
from mailhook.store import Reader, Store

NOW = datetime(2026, 8, 3, 12, tzinfo=UTC)


def words(remarks: list[Remark], group: str) -> str:
    return "\n".join(one.words for one in remarks if one.group == group)


def everything(home: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in home.rglob("*") if path.is_file()}


def test_a_store_in_use_is_measured_beside_and_left_as_it_is(tmp_path: Path):
    with Store(tmp_path / "mailhook.db") as store:
        store.record([], None)
        before = everything(tmp_path)
        remarks = list(disk.remarks(tmp_path / "mailhook.db"))
        assert everything(tmp_path) == before
    told = words(remarks, "ok") + words(remarks, "advice") + words(remarks, "wrong")
    assert "an fsync beside the store takes" in told
    assert "SQLite keeps WAL and synchronous=FULL (read back)" in told
    assert "the write-ahead log has" in told
    assert "disk of the store: " in told


def test_a_large_write_ahead_log_is_advised_on(tmp_path: Path):
    with (tmp_path / "mailhook.db-wal").open("wb") as file:
        file.truncate(65_000_000)
    advice = words(list(disk.remarks(tmp_path / "mailhook.db")), "advice")
    assert "the write-ahead log has 65 MB: somebody has kept the store open for reading" in advice


def test_a_store_in_memory_is_wrong(small_disk: Path):
    remarks = list(disk.remarks(small_disk / "mailhook.db"))
    assert "the store lies in memory (tmpfs), so all events are gone" in words(remarks, "wrong")
    assert list(small_disk.iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_who_may_not_write_beside_the_store_is_told_to_be_another():
    with TemporaryDirectory() as name:  # others cannot look into pytest's own
        mine, shut = Path(name), Path(name) / "shut"
        (shut / "in").mkdir(parents=True)
        mine.chmod(0o711)
        shut.chmod(0o700)
        os.seteuid(65_534)
        try:
            remarks = list(disk.remarks(mine / "mailhook.db"))
            unseen = Settings.model_validate({"store": {"path": shut / "in" / "mailhook.db"}})
            assert list(disk.remarks(unseen.store.path)) == []
            assert [one.group for one in permissions.remarks(unseen, None)] == ["ok"]
        finally:
            os.seteuid(0)
    assert "run this as the service's user" in words(remarks, "advice")


MOUNTS = r"""
21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 21 0:30 / {home}/net rw shared:2 master:1 - nfs4 server:/x rw
31 21 0:31 / {home}/net/local rw - xfs /dev/sdb rw
32 21 0:32 / {home}/with\040blank rw - cifs //server/x rw
33 21 0:33 / {home}/twice rw - nfs server:/y rw
34 33 0:34 / {home}/twice rw - btrfs /dev/sdc rw
"""


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("", "ext4"),
        ("net", "nfs4"),
        ("net/deep", "nfs4"),
        ("network", "ext4"),
        ("net/local/a", "xfs"),
        ("with blank", "cifs"),
        ("twice", "btrfs"),
    ],
)
def test_the_file_system_is_that_of_the_nearest_mount(folder: str, kind: str, tmp_path: Path):
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS.strip().replace("{home}", str(tmp_path)))
    assert disk.file_system(tmp_path / folder, mounts) == kind
    assert disk.file_system(tmp_path, tmp_path / "missing") is None


@pytest.mark.parametrize(
    ("kind", "group"), [("nfs4", "wrong"), ("cifs", "wrong"), ("overlay", "advice"), ("xfs", "ok")]
)
def test_a_network_file_system_is_wrong_and_a_containers_layer_no_place_to_stay(
    kind: str, group: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(disk, "file_system", lambda _: kind)
    first, *_ = disk.remarks(tmp_path / "mailhook.db")
    assert (first.group, kind in first.words) == (group, True)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    tmp_path.chmod(0o700)
    for name in ("secret", "mailhook.db", "mailhook.db.lock", "mailhook.db.sock", "config.yaml"):
        (tmp_path / name).write_text("correct-horse")
        (tmp_path / name).chmod(0o600)
    (tmp_path / "copies").mkdir(mode=0o755)
    (tmp_path / "copies" / "copy.db").touch(0o640)
    return tmp_path


def on_files(home: Path) -> list[Remark]:
    settings = Settings.model_validate(
        {
            "store": {
                "path": home / "mailhook.db",
                "snapshot": {"path": home / "copies" / "copy.db"},
            },
            "trust": {"signing_keys": [{"file": home / "secret"}]},
        }
    )
    return list(permissions.remarks(settings, home / "config.yaml"))


def test_files_that_only_the_service_may_use_are_well(home: Path):
    (home / "config.yaml").chmod(0o644)
    (only,) = on_files(home)
    assert only.group == "ok"


@pytest.mark.parametrize(
    ("name", "mode", "change"),
    [
        ("secret", 0o640, "go="),
        ("mailhook.db", 0o644, "go="),
        ("mailhook.db.lock", 0o666, "go="),
        ("mailhook.db.sock", 0o666, "go="),
        ("config.yaml", 0o664, "go-w"),
        ("copies/copy.db", 0o644, "u=rw,g=r,o="),
        ("copies", 0o777, "o-w"),
        (".", 0o777, "o-w"),
    ],
)
def test_what_is_open_to_others_is_wrong_and_how_to_shut_it_is_told(
    home: Path, name: str, mode: int, change: str
):
    path = home / name
    path.chmod(mode)
    (only,) = on_files(home)
    assert only.group == "wrong"
    assert f"{path} is open to other users (mode {mode:04o})" in only.words
    assert only.words.endswith(f"`chmod {change} {path}`")
    assert "correct-horse" not in only.words


def test_a_folder_with_the_sticky_bit_keeps_files_from_being_replaced(home: Path):
    home.chmod(0o1777)
    assert [one.group for one in on_files(home)] == ["ok"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_file_of_another_user_beside_the_store_is_wrong(home: Path):
    os.chown(home / "mailhook.db.lock", 65_534, 65_534)
    (only,) = on_files(home)
    assert "mailhook.db.lock belongs to another user than the store" in only.words


HEX = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


@pytest.mark.parametrize(
    ("key", "group", "said"),
    [
        (HEX, "ok", "long enough"),
        ("short", "wrong", "it is 5 bytes long"),
        ("your-256-bit-secret", "wrong", "placeholder"),
        ("a-string-secret-at-least-256-bits-long", "wrong", "published examples"),
        ("my-secret-signing-key-2024", "wrong", "placeholder"),
        ("an-invented-signing-key-0123456789", "advice", "words in it that published"),
        ("0123456789abcdef0123456789abcdef", "wrong", "it repeats itself"),
        ("3456789abcdef0123456789abcdef012", "wrong", "it repeats itself"),
        ("a" * 64, "wrong", "it repeats itself"),
        ("f3a9c" * 8, "wrong", "it repeats itself"),
        (f"{HEX} ", "advice", "no hex string"),
        ("kB7$wq!zL0pX@v9Nc2#R", "advice", "no hex string"),
    ],
)
def test_a_key_that_anybody_could_guess_is_wrong_and_never_shown(
    key: str, group: str, said: str, tmp_path: Path
):
    (tmp_path / "key").write_text(key)
    trust = TrustSettings.model_validate({"signing_keys": [{"file": tmp_path / "key"}]})
    (remark,) = keys.remarks(trust)
    if key.endswith(" "):
        group, said = "wrong", "begins or ends with a blank"
    assert (remark.group, said in remark.words) == (group, True)
    assert key not in remark.words


def test_one_key_named_twice_is_advised_on(tmp_path: Path):
    (tmp_path / "key").write_text(HEX)
    secret = {"file": tmp_path / "key"}
    trust = TrustSettings.model_validate({"signing_keys": [secret, secret]})
    assert "names one key twice" in words(list(keys.remarks(trust)), "advice")


def on_clock(*arrivals: datetime, store: Reader | None = None, watched: bool = True) -> Remark:
    (only,) = clock.remarks(arrivals, store, NOW, watched=watched)
    return only


def test_a_mail_that_came_later_than_it_is_seen_shows_a_clock_that_is_behind():
    assert on_clock(NOW - timedelta(days=3), NOW + timedelta(seconds=30)).group == "ok"
    behind = on_clock(NOW, NOW + timedelta(minutes=7))
    assert (behind.group, "a mail came 420 s later than it was seen" in behind.words) == (
        "wrong",
        True,
    )
    assert on_clock().group == "advice"


def lagging(home: Home, lag: timedelta, rows: int = 20) -> None:
    home.deliver(*(mails.write(f"mail {nth}") for nth in range(rows)))
    with closing(sqlite3.connect(home.store)) as db, db:
        seen = times.stored(NOW)
        db.execute(
            "UPDATE deliveries SET recorded_at = ?, received_at = ?",
            (seen, times.stored(NOW - lag)),
        )


@pytest.mark.parametrize(
    ("lag", "rows", "watched", "group"),
    [
        (2, 20, True, "ok"),
        (600, 20, True, "advice"),
        (600, 19, True, "ok"),
        (600, 20, False, "ok"),
        (-31, 3, True, "wrong"),
    ],
)
def test_the_rows_of_mails_that_were_waited_for_show_a_clock_that_is_ahead(
    tmp_path: Path, lag: int, rows: int, *, watched: bool, group: str
):
    home = Home(tmp_path)
    lagging(home, timedelta(seconds=lag), rows)
    with Reader(home.store) as store:
        assert on_clock(NOW - timedelta(days=1), store=store, watched=watched).group == group


def test_an_empty_key_is_told_and_is_wrong(tmp_path: Path):
    tmp_path.chmod(0o700)
    (tmp_path / "key").write_text("\n")
    (tmp_path / "key").chmod(0o600)
    home = Home(tmp_path, trust={"signing_keys": [{"file": str(tmp_path / "key")}]})
    done = home.call("doctor")
    assert done.code == 1
    assert "trust.signing_keys[0]" in done.out
    assert "is empty" in done.out


def test_without_a_mailbox_and_a_store_the_rest_is_told(tmp_path: Path):
    tmp_path.chmod(0o700)
    done = Home(tmp_path).call("doctor")
    assert (done.code, done.err) == (0, "")
    assert "disk of the store" in done.out
    assert [path.name for path in tmp_path.iterdir()] == ["config.yaml"]


@pytest.mark.parametrize(("text", "code"), [("dear diary", 1), ("", 0)])
def test_a_store_that_is_none_is_told_and_one_only_begun_is_fine(
    tmp_path: Path, text: str, code: int
):
    tmp_path.chmod(0o700)
    home = Home(tmp_path)
    home.store.write_text(text * 100)
    home.store.chmod(0o600)
    done = home.call("doctor")
    assert done.code == code
    assert ("- store.path:" in done.out) == bool(code)
    assert home.store.read_text() == text * 100


def test_while_the_service_writes_the_doctor_looks_and_takes_no_lock(tmp_path: Path):
    tmp_path.chmod(0o700)
    home = Home(tmp_path)
    with Store(home.store, purpose="run") as store:
        lock = home.store.with_name("mailhook.db.lock").read_text()
        assert home.call("doctor").code == 0
        store.record([], None)
        assert home.store.with_name("mailhook.db.lock").read_text() == lock
