"""`make bench`: an inbox becomes a table, beside mbsync copying it.

Peer and we take turns in one run, fresh each time, on the same Dovecot, whose
folder is filled beforehand. Of each round the first run finds all mails new,
the second none. The exit code is 1 if a goal is missed.

The ratio means something on a quiet machine only, and five minutes after many
files were deleted on its disk (this ends with it): ext4 looks past the inodes
of files deleted lately, one by one, which costs mbsync seconds and us nothing.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "tests"))

from dovecot import Account, Dovecot, installed, start
from notifications import LARGEST, SIGNING_KEY, SMALLEST, write
from race import Mailhook, Mbsync, Runner
from verdict import Results, verdict

_USER = "bench"


def main() -> int:
    options = _options()
    if not installed() or not shutil.which("mbsync"):
        print("the bench needs dovecot-imapd and isync: apt install them", file=sys.stderr)
        return 1
    with _scratch() as home, _served() as server:
        sizes = _fill(server, options.mails)
        account = Account(server, _USER, home, SIGNING_KEY)
        print(
            f"{options.mails:,} notifications of {sizes.start:,} to {sizes.stop:,} bytes;"
            f" median of {options.rounds} rounds (least to most)\n{_machine()}\n",
            flush=True,
        )
        results = _race(Mailhook(account), Mbsync(account), home, options)
    return _tell(results, sizes)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mails", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=5)
    return parser.parse_args()


@contextmanager
def _scratch() -> Iterator[Path]:
    # Not /tmp, which may be memory: what is to be durable shall have to reach a disk.
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="mailhook-bench-") as home:
        yield Path(home)


@contextmanager
def _served() -> Iterator[Dovecot]:
    server = start()
    try:
        yield server
    finally:
        server.stop()


def _fill(server: Dovecot, count: int) -> range:
    """Write the mails into Dovecot's own Maildir; the range of their sizes as sent."""
    mail = server.home / "mail"
    owner = mail.stat()
    for folder in (mail / _USER, *(mail / _USER / part for part in ("cur", "new", "tmp"))):
        folder.mkdir()
        os.chown(folder, owner.st_uid, owner.st_gid)
    sizes = [_keep(mail / _USER / "cur", number, owner) for number in range(count)]
    return range(min(sizes), max(sizes))


def _keep(folder: Path, number: int, owner: os.stat_result) -> int:
    raw = write(number)
    size = len(raw) + raw.count(b"\n")
    moment = 1_785_000_000 + number
    path = folder / f"{moment}.M{number}P1.bench,S={len(raw)},W={size}:2,"
    path.write_bytes(raw)
    os.utime(path, (moment, moment))
    os.chown(path, owner.st_uid, owner.st_gid)
    return size


def _race(
    ours: Runner, theirs: Runner, home: Path, options: argparse.Namespace
) -> tuple[Results, Results]:
    mine, peer = Results(), Results()
    # Not counted: it makes Dovecot's index, and Python's bytecode where there is none.
    _round([(ours, Results()), (theirs, Results())], home / "0", options.mails)
    for nth in range(1, options.rounds + 1):
        turns = [(ours, mine), (theirs, peer)]
        _round(turns[:: -1 if nth % 2 else 1], home / str(nth), options.mails)
    return mine, peer


def _round(turns: Sequence[tuple[Runner, Results]], home: Path, count: int) -> None:
    home.mkdir()
    for runner, results in turns:
        runner.begin(home / type(runner).__name__)
        results.first.append(runner.run())
        runner.check(count)
        results.second.append(runner.run())
        runner.check(count)


def _tell(results: tuple[Results, Results], sizes: range) -> int:
    table, missed = verdict(*results)
    print(table)
    if sizes.start < SMALLEST or sizes.stop > LARGEST:
        missed.append(f"the mails are not all of {SMALLEST:,} to {LARGEST:,} bytes")
    print("\n" + ("\n".join(missed) or "every goal is met"))
    return 1 if missed else 0


def _machine() -> str:
    versions = (
        f"Python {platform.python_version()}",
        f"Dovecot {_said('dovecot', '--version').split()[0]}",
        _said("mbsync", "--version").strip(),
    )
    return f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {', '.join(versions)}"


def _said(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    sys.exit(main())
