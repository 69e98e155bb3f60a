"""`make bench-watch`: how soon a mail becomes a row, and how soon all is well again.

mailhook runs with its defaults against Dovecot, through a proxy that notes when the
client was told EXISTS and that breaks connections. Peers stand beside it where they are
installed (see watchers.py), each with an inbox and a proxy of its own, at the same time.
The exit code is 1 if a goal is missed.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from statistics import quantiles

sys.path.append(str(Path(__file__).parents[1] / "tests"))

from chaos import Chaos
from dovecot import Dovecot, installed, start
from notifications import write
from verdict import table
from watchers import Getmail, Inbox, Mailhook, Parsedmarc, Watcher

_PEERS: tuple[type[Watcher], ...] = (Parsedmarc, Getmail)
_REFUSED_SECONDS = 20
_PAUSE = 0.002  # between two looks at the store
_users = count(1)
_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is measured: mails for the latency, seconds of idleness, of patience."""

    mails: int
    idle_seconds: float
    patience: float
    backlog: int


QUICK = Scale(mails=60, idle_seconds=30, patience=120, backlog=1500)
FULL = Scale(mails=300, idle_seconds=300, patience=600, backlog=5000)


@dataclass(slots=True)
class Bench:
    """A server, a folder, and the rows of the table so far."""

    server: Dovecot
    home: Path
    scale: Scale
    rows: list[tuple[str, ...]] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)

    def inbox(self, port: int | None = None) -> Inbox:
        """An inbox nobody has used before."""
        return Inbox(self.server, f"watch-{next(_users)}", port or self.server.port)

    def folder(self) -> Path:
        """A new folder that another user may look into."""
        made = Path(tempfile.mkdtemp(dir=self.home))
        made.chmod(0o755)
        return made

    def tell(self, what: str, figure: float, unit: str, goal: float, peers: Sequence[str]) -> None:
        """One row; a figure above the goal is a miss."""
        shown, bound = f"{figure:,.3g} {unit}", f"at most {goal:g} {unit}"
        self.rows.append((what, shown, *peers, bound))
        print(f"{what}: {shown} ({bound})", file=sys.stderr, flush=True)
        if not figure <= goal:
            self.missed.append(f"missed: {what}: {shown}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="longer, as for a note of figures")
    scale = FULL if parser.parse_args().full else QUICK
    if not installed():
        print("the bench needs dovecot-imapd: apt install it", file=sys.stderr)
        return 1
    with _bench(scale) as bench:
        for measure in (latency, healing, idleness, ending):
            measure(bench)
    head = ("", "mailhook", *(peer.name for peer in _PEERS), "goal")
    print(f"{scale}\n{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}\n")
    print(table([head, *bench.rows]))
    print("\n" + ("\n".join(bench.missed) or "every goal is met"))
    return 1 if bench.missed else 0


@contextmanager
def _bench(scale: Scale) -> Iterator[Bench]:
    server = start(extra="service imap-login {\n  process_limit = 200\n}")
    try:
        with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="mailhook-bench-") as home:
            Path(home).chmod(0o755)
            yield Bench(server, Path(home), scale)
    finally:
        server.stop()


def latency(bench: Bench) -> None:
    """From the server's EXISTS to the committed row, and from the end of its APPEND."""
    told, whole = [], []
    with Chaos(bench.server.port) as chaos:
        inbox = bench.inbox(chaos.port)
        watcher = _settled(Mailhook([inbox], bench.folder()), inbox, bench.scale.patience)
        for number in range(watcher.arrived() + 1, bench.scale.mails + 2):
            inbox.append(write(next(_numbers)))
            sent = time.monotonic()
            if _awaited(watcher, number, bench.scale.patience) is None:
                break
            now = time.monotonic()
            told.append(1000 * (now - chaos.existed[number]))
            whole.append(1000 * (now - sent))
        watcher.stop()
    blank = [""] * len(_PEERS)
    for what, spent, goals in (
        ("EXISTS to row", told, (100, 300)),
        ("  delivered to row", whole, (1000, 2000)),
    ):
        for percent, goal in zip((50, 99), goals, strict=True):
            bench.tell(f"{what}, p{percent}", _percentile(spent, percent), "ms", goal, blank)


def healing(bench: Bench) -> None:
    """What a mail waits that comes while the connection is broken."""
    for what, fault, pause, goal in (
        ("healed: connection closed", Chaos.cut, 0, 2),
        ("healed: black hole", Chaos.lose, 0, 60),
        ("healed: 20 s of refusals", Chaos.refuse, _REFUSED_SECONDS, 6),
    ):
        kinds = (Mailhook, *_PEERS)
        with ThreadPoolExecutor(len(kinds)) as threads:
            ours, *peers = threads.map(
                lambda kind, fault=fault, pause=pause: _healed(bench, kind, fault, pause), kinds
            )
        shown = [f"{one:.3g} s" if isinstance(one, float) else one for one in peers]
        bench.tell(what, ours if isinstance(ours, float) else float("inf"), "s", goal, shown)


def _healed(
    bench: Bench, kind: type[Watcher], fault: Callable[[Chaos], object], pause: float
) -> float | str:
    """Seconds from the fault's end to the mail's arrival, or in words why there are none."""
    if not kind.found():
        return "not installed"
    with Chaos(bench.server.port) as chaos:
        inbox = bench.inbox(chaos.port)
        try:
            watcher = _settled(kind([inbox], bench.folder()), inbox, bench.scale.patience)
        except (RuntimeError, OSError) as error:
            return f"does not start: {error}"
        try:
            before = watcher.arrived()
            fault(chaos)
            _send(watcher, inbox)
            time.sleep(pause)
            chaos.heal()
            seconds = _awaited(watcher, before + 1, bench.scale.patience)
            return seconds or watcher.ended() or f"not in {bench.scale.patience:g} s"
        finally:
            watcher.kill()


def idleness(bench: Bench) -> None:
    """Processor and memory while nothing happens, with 4 mailboxes and with 20."""
    blank, sizes = [""] * len(_PEERS), []
    for mailboxes in (4, 20):
        inboxes = [bench.inbox() for _ in range(mailboxes)]
        watcher = Mailhook(inboxes, bench.folder())
        for inbox in inboxes:
            _send(watcher, inbox)
        watcher.start()
        _awaited(watcher, mailboxes, bench.scale.patience)
        time.sleep(5)  # what the first round left to do
        used, since = watcher.cpu_seconds(), time.monotonic()
        time.sleep(bench.scale.idle_seconds)
        share = 100 * (watcher.cpu_seconds() - used) / (time.monotonic() - since)
        sizes.append(watcher.pss_bytes() / 1e6)
        watcher.stop()
        bench.tell(f"idle, {mailboxes} mailboxes", share, "% of a core", 0.5, blank)
        bench.tell("  of memory (PSS)", sizes[-1], "MB", 70 if mailboxes == 4 else 94, blank)
    bench.tell("  each mailbox more", (sizes[1] - sizes[0]) / 16, "MB", 1.5, blank)


def ending(bench: Bench) -> None:
    """From SIGTERM to exit; what was begun is whole afterwards."""
    blank = [""] * len(_PEERS)
    inbox = bench.inbox()
    watcher = _settled(Mailhook([inbox], bench.folder()), inbox, bench.scale.patience)
    time.sleep(1)
    bench.tell("SIGTERM to exit, idle", watcher.stop(), "s", 1, blank)
    inbox, backlog = bench.inbox(), bench.scale.backlog
    inbox.append(*(write(next(_numbers)) for _ in range(backlog)))
    busy = Mailhook([inbox], bench.folder())
    busy.start()
    _awaited(busy, 1, bench.scale.patience)
    seconds, reached = busy.stop(), busy.arrived()
    bench.tell("SIGTERM to exit, in a batch", seconds, "s", 5, blank)
    subprocess.run([*busy.base(), "poll"], check=True, stdout=subprocess.DEVNULL)
    events = busy.rows("SELECT count(*) FROM events")
    if not 0 < reached < backlog or (busy.arrived(), events) != (backlog, backlog):
        bench.missed.append(
            f"missed: stopped at {reached} of {backlog} mails,"
            f" then {busy.arrived()} rows and {events} events"
        )


def _percentile(figures: Sequence[float], percent: int) -> float:
    if len(figures) < 2:
        return float("inf")
    return quantiles(figures, n=100, method="inclusive")[percent - 1]


def _settled(watcher: Watcher, inbox: Inbox, patience: float) -> Watcher:
    """Start it, and wait until it has dealt with a first mail and one that came later."""
    _send(watcher, inbox)
    watcher.start()
    for number in (1, 2):
        if _awaited(watcher, number, patience) is None:
            watcher.kill()
            raise RuntimeError(watcher.ended() or "no mail arrives")
        if number == 1:
            _send(watcher, inbox)
    return watcher


def _send(watcher: Watcher, inbox: Inbox) -> None:
    inbox.append(write(next(_numbers)))
    if isinstance(watcher, Parsedmarc):
        watcher.sent += 1


def _awaited(watcher: Watcher, number: int, patience: float) -> float | None:
    """Seconds until so many mails have arrived; None if they do not, or it ends before."""
    since = time.monotonic()
    while watcher.arrived() < number:
        if watcher.ended() or time.monotonic() - since > patience:
            return None
        time.sleep(_PAUSE)
    return time.monotonic() - since


if __name__ == "__main__":
    sys.exit(main())
