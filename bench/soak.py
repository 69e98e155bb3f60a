"""A long run of the service behind a network that breaks all the time: is anything lost or doubled?

    make soak ARGS="--seconds 3600"

Mails keep arriving in a watched and in a polled folder of a real Dovecot. Between it and
`mailhook run` a proxy cuts, loses, swallows, refuses and drips by chance; the service is
killed, stopped, and told to read its settings again, by chance too, while `poll` and
`ingest` go through its control socket. At the end all heals, every mail must be one
event, and the figures are printed. Exits 1 where one is lost or doubled.
"""

from __future__ import annotations

import argparse
import random
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import mails
import psutil
import yaml
from chaos import Chaos
from dovecot import Account, start

MAILHOOK = Path(sys.executable).with_name("mailhook")
FOLDERS = ("INBOX", "Rules")
_RECORDED = """
SELECT subject_id, (julianday(recorded_at) - 2440587.5) * 86400 FROM events ORDER BY id DESC
"""
# Seconds, on the mean: between two mails, two faults, two deeds to the service.
MAIL, FAULT, DEED = 0.5, 20, 45
# After the last fault: the longest wait of the back-off, and some to spare.
HEALED = 400


@dataclass
class Service:
    """`mailhook run`, started again after each end."""

    home: Path
    process: subprocess.Popen[bytes] = field(init=False)
    deeds: Counter[str] = field(default_factory=Counter)
    stops: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    cpu_seconds: float = 0

    def start(self) -> None:
        with (self.home / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [MAILHOOK, "-c", self.home / "config.yaml", "run"], stderr=log
            )
        # Else a command could come first, hold the store, and keep it from starting.
        while self.process.poll() is None and not (self.home / "mailhook.db.sock").is_socket():
            time.sleep(0.05)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        start = time.monotonic()
        code = self._end(signal.SIGTERM)
        self.stops.append(time.monotonic() - start)
        if code:
            self.failures.append(f"it ended with code {code} when told to stop")

    def reload(self) -> None:
        self.process.send_signal(signal.SIGHUP)

    def poll(self) -> None:
        self._call("poll")

    def ingest(self) -> None:
        self._call("ingest", self.home / "one.eml")

    def look(self) -> int:
        """The exit code of `status`, which may be wrong only while something is."""
        return self._call("status")

    def pss(self) -> int:
        return int(psutil.Process(self.process.pid).memory_full_info().pss)

    def _call(self, *command: object) -> int:
        done = subprocess.run(
            [MAILHOOK, "-c", self.home / "config.yaml", *map(str, command)],
            capture_output=True,
            check=False,
            timeout=600,
        )
        if done.returncode not in {0, 1, 75}:
            self.failures.append(f"{command[0]}: code {done.returncode}: {done.stderr.decode()}")
        return done.returncode

    def _end(self, number: signal.Signals) -> int:
        if self.process.poll() is not None:
            self.failures.append(f"it had ended by itself with code {self.process.returncode}")
        with suppress(psutil.Error):
            used = psutil.Process(self.process.pid).cpu_times()
            self.cpu_seconds += used.user + used.system
        self.process.send_signal(number)
        return self.process.wait(30)


def sends(account: Account, appended: dict[str, float], ended: threading.Event) -> None:
    """Append a mail now and then, sometimes several, to one of the folders."""
    chance = random.Random(1)  # noqa: S311 - the same order in each run
    while not ended.wait(chance.expovariate(1 / MAIL)):
        some = [f"CHK{len(appended) + nth:032d}" for nth in range(chance.choice((1, 1, 1, 5)))]
        account.append(*map(mails.check_finished, some), folder=chance.choice(FOLDERS))
        appended.update(dict.fromkeys(some, time.time()))


def disturbs(service: Service, ended: threading.Event) -> None:
    """Kill, stop, reload, poll, ingest, ask by chance; what was ended is started again."""
    chance = random.Random(2)  # noqa: S311 - likewise
    while not ended.wait(chance.expovariate(1 / DEED)):
        deed: Callable[[], object] = chance.choice(
            (service.kill, service.stop, service.reload, service.poll, service.ingest, service.look)
        )
        deed()
        service.deeds[deed.__name__] += 1
        if deed in (service.kill, service.stop):
            service.start()


def recorded(home: Path) -> dict[str, float]:
    """The first second of each subject's event."""
    with closing(sqlite3.connect(f"file:{home / 'mailhook.db'}?mode=ro", uri=True)) as db:
        return dict(db.execute(_RECORDED))


def doubled(home: Path) -> int:
    with closing(sqlite3.connect(f"file:{home / 'mailhook.db'}?mode=ro", uri=True)) as db:
        (count,) = db.execute("SELECT count(*) - count(DISTINCT subject_id) FROM events").fetchone()
        (again,) = db.execute(
            "SELECT count(*) - count(DISTINCT sha256) FROM deliveries WHERE channel = 'email'"
        ).fetchone()
    return int(count) + int(again)


def awaited(is_so: Callable[[], bool]) -> float:
    """The seconds until it is so, at most `HEALED`."""
    start = time.monotonic()
    while time.monotonic() - start < HEALED and not is_so():
        time.sleep(0.2)
    return time.monotonic() - start


@dataclass
class Course:
    """What happened: when each mail was appended, how often each fault, how large the service."""

    appended: dict[str, float] = field(default_factory=dict)
    faults: dict[str, int] = field(default_factory=dict)
    sizes: list[int] = field(default_factory=list)
    whole_seconds: float = 0
    well_seconds: float = 0


def soak(home: Path, seconds: float) -> tuple[Service, Course]:
    dovecot = start()
    account, service, course = Account(dovecot, "soak", home), Service(home), Course()
    (home / "one.eml").write_bytes(mails.check_finished("CHK" + "f" * 32))
    account.append(mails.write("hello", proof=None), folder="Rules")  # which makes the folder
    with Chaos(dovecot.port, drip_seconds=0.05) as chaos:
        mailbox = account.mailbox(port=chaos.port, folders=list(FOLDERS), poll_seconds=10)
        settings = {"mailboxes": [mailbox], "trust": {"authserv_id": "mx.example.com"}}
        (home / "config.yaml").write_text(yaml.safe_dump(settings))
        service.start()
        service.ingest()
        endure(account, service, chaos, course, seconds)
        wanted = len(course.appended) + 1
        course.whole_seconds = awaited(lambda: len(recorded(home)) >= wanted)
        course.well_seconds = course.whole_seconds + awaited(lambda: not service.look())
        service.stop()
    dovecot.stop()
    return service, course


def endure(
    account: Account, service: Service, chaos: Chaos, course: Course, seconds: float
) -> None:
    """Mails, faults and deeds, all at once, for so long."""
    ended = threading.Event()
    threads = [
        threading.Thread(target=sends, args=(account, course.appended, ended)),
        threading.Thread(target=disturbs, args=(service, ended)),
        threading.Thread(target=lambda: course.faults.update(chaos.rage(3, ended, FAULT))),
    ]
    for thread in threads:
        thread.start()
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        time.sleep(min(10, seconds / 10))
        with suppress(psutil.Error):
            course.sizes.append(service.pss())
    ended.set()
    for thread in threads:
        thread.join()


def report(service: Service, course: Course, seconds: float) -> int:
    """Print the figures; 1 where something was lost or doubled, or did not come right."""
    found = recorded(service.home)
    lost = len(course.appended.keys() - found.keys())
    late = sorted(found[one] - at for one, at in course.appended.items() if one in found)
    third = max(1, len(course.sizes) // 3)
    first, last = (
        statistics.median(some) / 1e6 for some in (course.sizes[:third], course.sizes[-third:])
    )
    print(f"{seconds:.0f} s, {len(course.appended)} mails; faults: {course.faults}")
    print(f"deeds: {dict(service.deeds)}")
    print(f"lost {lost}, doubled {doubled(service.home)}")
    print(
        f"after the last fault: whole in {course.whole_seconds:.1f} s,"
        f" well by its status in {course.well_seconds:.1f} s"
    )
    print(f"from append to row: median {statistics.median(late):.2f} s, longest {late[-1]:.0f} s")
    print(f"PSS: {first:.0f} MB in the first third, {last:.0f} MB in the last")
    print(f"CPU: {100 * service.cpu_seconds / seconds:.1f} % of a core")
    print(f"SIGTERM to exit: longest {max(service.stops):.2f} s")
    for one in service.failures:
        print(f"failure: {one}")
    failed = lost or doubled(service.home) or service.failures
    return int(bool(failed or course.well_seconds >= HEALED))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=120)
    seconds: float = parser.parse_args().seconds
    home = Path(tempfile.mkdtemp(prefix="soak-"))
    code = report(*soak(home, seconds), seconds)
    if code:
        print(f"see {home}/log")
    sys.exit(code)


if __name__ == "__main__":
    main()
