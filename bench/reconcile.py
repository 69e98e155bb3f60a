"""How fast a list that is all known is read again, and how much memory that takes.

20,000 events in pages of 100, from a server in a process of its own whose answers are
made beforehand; its own time is that of reading all its pages and doing nothing with
them. The exit code is 1 if a goal is missed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import urllib3

from mailhook.config import ApiSettings, Settings, TrustSettings
from mailhook.reconcile import Report, reconcile
from mailhook.store import Store
from mailhook.testing.api import EVENTS, KEY
from mailhook.testing.api_server import Handler, Reply, Request, Server
from mailhook.trust import Trust

_EVENTS, _PAGE = 20_000, 100
_PER_SECOND = 3_000
_MEMORY_MB = 100
_RUNS = 3
_TRUST = Trust(TrustSettings())


def main() -> int:
    if sys.argv[1:] == ["serve"]:
        return serve()
    with tempfile.TemporaryDirectory() as folder, server() as url:
        settings = settings_of(Path(folder), url)
        path = Path(folder, "mailhook.db")
        begun = time.perf_counter()
        first = read(settings, path)
        must(first.new == _EVENTS, first)
        recorded = time.perf_counter() - begun
        own = min(timed(lambda: drain(url)) for _ in range(_RUNS))
        again = measured(Path(folder))
    seconds = again["seconds"] - own
    rate, memory = _EVENTS / seconds, again["peak_mb"]
    print(
        f"reconcile: {_EVENTS:,} known events in {again['seconds']:.2f} s, the server's own"
        f" {own:.2f} s: {rate:,.0f} events/s (goal {_PER_SECOND:,}),"
        f" peak memory {memory:.0f} MB (goal {_MEMORY_MB});"
        f" all new at first: {_EVENTS / recorded:,.0f} events/s"
    )
    return int(rate < _PER_SECOND or memory > _MEMORY_MB)


def must(holds: bool, report: Report) -> None:  # noqa: FBT001
    if not holds:
        sys.exit(f"it came to something else: {report}")


def read(settings: Settings, path: Path) -> Report:
    with Store(path) as store:
        report = reconcile(settings, store, _TRUST)
    must(report.exit_code == 0 and report.pages == _EVENTS // _PAGE, report)
    return report


def measured(folder: Path) -> dict[str, float]:
    """The best of some runs, each in a process of its own, whose memory is looked at."""
    runs = []
    for _ in range(_RUNS):
        program = [sys.executable, __file__, "again", str(folder)]
        done = subprocess.run(program, stdout=subprocess.PIPE, check=True)
        runs.append(json.loads(done.stdout))
    return {
        "seconds": min(run["seconds"] for run in runs),
        "peak_mb": max(run["peak_mb"] for run in runs),
    }


def again(folder: Path) -> int:
    url = (folder / "url").read_text()
    settings = settings_of(folder, url)
    with Store(folder / "mailhook.db") as store:
        begun = time.perf_counter()
        report = reconcile(settings, store, _TRUST)
        seconds = time.perf_counter() - begun
    must((report.new, report.known, report.exit_code) == (0, _EVENTS, 0), report)
    status = Path("/proc/self/status").read_text()
    peak = int(status.split("VmHWM:")[1].split()[0]) * 1024
    print(json.dumps({"seconds": seconds, "peak_mb": peak / 1_000_000}))
    return 0


def settings_of(folder: Path, url: str) -> Settings:
    key = folder / "key"
    key.write_text(KEY)
    (folder / "url").write_text(url)
    base = dict.fromkeys(("account", "checks", "identity", "validations"), url)
    told = {"key": {"file": str(key)}, "base": base, "requests_per_second": 0}
    return Settings(api=ApiSettings.model_validate(told))


def drain(url: str) -> None:
    """All pages, read and thrown away."""
    with urllib3.PoolManager() as pool:
        for start in range(0, _EVENTS, _PAGE):
            pool.request("GET", f"{url}{EVENTS}?start={start}", headers={"Truora-API-Key": KEY})


def timed(work) -> float:  # noqa: ANN001
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


@contextmanager
def server() -> Iterator[str]:
    program = [sys.executable, __file__, "serve"]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process.stdout.readline().strip() if process.stdout else ""
        finally:
            process.kill()


def serve() -> int:
    answers = {f"?start={start}": page(start) for start in range(0, _EVENTS, _PAGE)}
    answers[""] = answers["?start=0"]

    class Bound(Handler):
        def reply(self, request: Request) -> Reply:
            return answers[request.path.removeprefix(EVENTS)]

        def has_key(self, sent: str | None) -> bool:
            return sent == KEY

    listening = Server(("127.0.0.1", 0), Bound)
    os.write(1, f"http://127.0.0.1:{listening.server_port}\n".encode())
    listening.serve_forever()
    return 0


def page(start: int) -> Reply:
    """One page as the vendor writes it; the oldest of 50 days last."""
    end = start + _PAGE
    link = f"{EVENTS}?start={end}" if end < _EVENTS else ""
    events = [event(number) for number in range(start, end)]
    return Reply(200, json.dumps({"events": events, "next": link, "self": "/v1/events"}).encode())


def event(number: int) -> dict[str, object]:
    # Half a minute apart, up and down: no order that would end the reading early.
    seconds = int(time.time()) // 86_400 * 86_400 - 30 * (number ^ 1)
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
    content = {
        "check_id": f"CHK{number:032x}",
        "country": "CO",
        "creation_date": stamp,
        "homonym_score": 0,
        "id_score": 0,
        "status": "completed",
        "type": "person",
    }
    return {
        "client_id": "TCI0",
        "delivery_attempts": 1,
        "delivery_status": "success",
        "event_action": "finished",
        "event_type": "check",
        "idempotency_key": f"HIK{number:040x}",
        "object": json.dumps(content),
        "product": "checks",
        "timestamp": stamp,
        "update_date": stamp,
    }


if __name__ == "__main__":
    sys.exit(again(Path(sys.argv[2])) if sys.argv[1:2] == ["again"] else main())
