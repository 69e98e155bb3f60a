"""The endpoint beside the usual handler of a web hook, and beside itself with mails coming in.

Both are processes of their own on the same disk and take turns, each round afresh; tokens
of 1 kB with one event each, over connections that are kept alive. Then once more with
each sync of the disk made 2 ms longer, by a library that is compiled here. The exit code
is 1 if a goal is missed. The ratios mean something on a quiet machine only.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from statistics import median

sys.path.append(str(Path(__file__).parents[1] / "tests"))

import web_limits
from notifications import write
from posting import Load, bodies, post, request
from verdict import table
from web_servers import MAILHOOK, Server, ours, usual

_CONNECTIONS = 64
_WARM = 300
_TIMES_NATIVE, _TIMES_SLOW = 1.4, 5.0
_PEAK_BYTES = 120_000_000
_SHARE = 1 / 3
_SLOW_US = 2000
# With slow disks the usual handler does some hundred a second.
_SLOW_PART = 3

_Start = Callable[[Path, Mapping[str, str]], AbstractContextManager[Server]]
_numbers = count()


@dataclass(slots=True)
class Runs:
    """What one server did in each round."""

    loads: list[Load] = field(default_factory=list)
    cpu_seconds: list[float] = field(default_factory=list)  # per request
    peaks: list[int] = field(default_factory=list)

    @property
    def rate(self) -> float:
        return median(load.rate for load in self.loads)

    @property
    def p99_seconds(self) -> float:
        return median(load.p99_seconds for load in self.loads)


@dataclass(slots=True)
class Goals:
    """Rows of the table; `missed` are the goals that were."""

    rows: list[tuple[str, ...]] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)

    def add(self, name: str, ours: str, theirs: str, goal: str = "", *, met: bool = True) -> None:
        """One row, with what became of its goal where it has one."""
        self.rows.append((name, ours, theirs, goal, ("met" if met else "MISSED") if goal else ""))
        if not met:
            self.missed.append(f"missed: {name}: {ours}, not {goal}")


def main() -> int:
    options = _options()
    with _scratch() as home:
        print(web_limits.told(home), flush=True)
        goals = Goals([("", "mailhook", "usual handler", "goal", "")])
        native = _race(home / "native", options.requests, options.rounds, {})
        _compare(goals, "as it is", *native, times=_TIMES_NATIVE)
        if shim := _shim(home):
            slow = {"LD_PRELOAD": str(shim), "SLOW_SYNC_US": str(_SLOW_US)}
            pair = _race(home / "slow", options.requests // _SLOW_PART, options.rounds, slow)
            _compare(goals, "syncs 2 ms longer", *pair, times=_TIMES_SLOW)
        else:
            print("there is no C compiler: nothing is measured with slow syncs")
        peak = max(native[0].peaks)
        megabytes = f"at most {_PEAK_BYTES / 1e6:.0f} MB"
        goals.add(
            "peak memory", _mb(peak), _mb(max(native[1].peaks)), megabytes, met=peak <= _PEAK_BYTES
        )
        _with_mails(goals, home / "mails", options.mails, native[0].rate)
    print(table(goals.rows))
    print("\n" + ("\n".join(goals.missed) or "every goal is met"))
    return 1 if goals.missed else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=10_000, help="tokens a round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--mails", type=int, default=2000)
    return parser.parse_args()


@contextmanager
def _scratch() -> Iterator[Path]:
    # Not /tmp, which may be memory: what is to be durable shall have to reach a disk.
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="mailhook-bench-") as home:
        yield Path(home)


def _shim(home: Path) -> Path | None:
    """The library that makes each sync longer; None without a compiler."""
    compiler, source = shutil.which("cc"), Path(__file__).with_name("slow_sync.c")
    if compiler is None:
        return None
    made = home / "slow_sync.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", made, source, "-ldl"], check=True)
    return made


def _race(
    home: Path, requests: int, rounds: int, environment: Mapping[str, str]
) -> tuple[Runs, Runs]:
    mine, theirs = Runs(), Runs()
    turns: list[tuple[_Start, Runs]] = [(ours, mine), (usual, theirs)]
    for nth in range(rounds):
        for start, runs in turns[:: -1 if nth % 2 else 1]:
            folder = home / f"{nth}-{start.__name__}"
            folder.mkdir(parents=True)
            with start(folder, environment) as server:
                _post(server, _requests(_WARM))
                wanted = _requests(requests)
                before = server.cpu_seconds()
                runs.loads.append(_post(server, wanted))
                runs.cpu_seconds.append((server.cpu_seconds() - before) / requests)
                runs.peaks.append(server.peak_bytes())
    return mine, theirs


def _requests(number: int) -> list[bytes]:
    """So many that were never posted before."""
    return [request(body) for body in bodies(next(_numbers) * 1_000_000, number)]


def _post(server: Server, wanted: Sequence[bytes], until: Callable[[], bool] | None = None) -> Load:
    load = post(server.port, wanted, _CONNECTIONS, until)
    if set(load.statuses) != {"200"}:
        raise RuntimeError(f"not all were taken: {dict(load.statuses)}")
    return load


def _compare(goals: Goals, name: str, mine: Runs, theirs: Runs, *, times: float) -> None:
    ratio = mine.rate / theirs.rate
    goals.add(f"hooks a second, {name}", _spread(mine), _spread(theirs))
    goals.add("  ratio", f"{ratio:.2f} x", "", f"at least {times} x", met=ratio >= times)
    cpu, usual_cpu = (f"{1e6 * median(runs.cpu_seconds):.0f} us" for runs in (mine, theirs))
    goals.add("  CPU a hook", cpu, usual_cpu)
    p99, usual_p99 = mine.p99_seconds, theirs.p99_seconds
    goals.add("  p99", _ms(p99), _ms(usual_p99), f"at most {_ms(usual_p99)}", met=p99 <= usual_p99)


def _with_mails(goals: Goals, home: Path, mails: int, web_alone: float) -> None:
    """Both roads at once: what each does then, beside what it does alone."""
    box = home / "box"
    box.mkdir(parents=True)
    for number in range(mails):
        (box / f"{number}.eml").write_bytes(write(number))
    with _fresh(home / "alone"):
        start = time.perf_counter()
        _ingesting(home / "alone", box).wait()
        alone = mails / (time.perf_counter() - start)
    with _fresh(home / "both") as server:
        _post(server, _requests(_WARM))
        wanted = _requests(max(mails, 1000) * 10)
        start, process = time.perf_counter(), _ingesting(home / "both", box)
        load = _post(server, wanted, lambda: process.poll() is not None)
        process.wait()
        both = mails / (time.perf_counter() - start)
    _shared(goals, "hooks", load.rate, web_alone)
    _shared(goals, "mails", both, alone)


def _shared(goals: Goals, name: str, both: float, alone: float) -> None:
    words = f"{both:,.0f}/s of {alone:,.0f}/s"
    goals.add(f"{name}, both roads at once", words, "", "a third", met=both >= _SHARE * alone)


@contextmanager
def _fresh(home: Path) -> Iterator[Server]:
    home.mkdir()
    with ours(home, {}) as server:
        yield server


def _ingesting(home: Path, box: Path) -> subprocess.Popen[bytes]:
    """`mailhook ingest`, which hands the mails to the service that runs."""
    command = [MAILHOOK, "-c", home / "config.yaml", "ingest", box]
    silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.Popen(command, **silent)


def _spread(runs: Runs) -> str:
    rates: Sequence[float] = sorted(load.rate for load in runs.loads)
    return f"{runs.rate:,.0f} ({rates[0]:,.0f} to {rates[-1]:,.0f})"


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:.1f} ms"


def _mb(size: int) -> str:
    return f"{size / 1e6:.0f} MB"


if __name__ == "__main__":
    sys.exit(main())
