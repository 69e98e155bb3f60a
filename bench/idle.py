"""Does an idle service stay as small and as quiet as it began?

    make idle ARGS="--seconds 3600"

`mailhook run` with four mailboxes of a real Dovecot, through which nothing comes. After a
minute and at the end its memory, threads and descriptors are looked at. Exits 1 where
they have grown, or where a goal of the issue is missed: 70 MB, 0.5 % of a core.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "tests"))

from dovecot import start
from notifications import write
from watchers import Inbox, Mailhook

MAILBOXES = 4
SETTLED_SECONDS = 60
MOST_BYTES, MOST_PERCENT = 70e6, 0.5
# What Python's allocator may move about; a leak of a kilobyte a minute is more.
GROWTH_BYTES = 2e6


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=300)
    seconds: float = parser.parse_args().seconds
    server = start()
    try:
        with tempfile.TemporaryDirectory(prefix="mailhook-idle-") as home:
            inboxes = [Inbox(server, f"idle-{nth}", server.port) for nth in range(MAILBOXES)]
            return idle(Mailhook(inboxes, Path(home)), seconds)
    finally:
        server.stop()


def idle(watcher: Mailhook, seconds: float) -> int:
    for nth, inbox in enumerate(watcher.inboxes):
        inbox.append(write(nth))
    watcher.start()
    time.sleep(min(SETTLED_SECONDS, seconds / 4))
    before, since = looked_at(watcher), time.monotonic()
    time.sleep(seconds)
    after = looked_at(watcher)
    percent = 100 * (after["cpu"] - before["cpu"]) / (time.monotonic() - since)
    watcher.stop()
    for name in ("pss", "uss", "threads", "descriptors"):
        print(f"{name}: {before[name]:,.0f}, after {seconds:,.0f} s {after[name]:,.0f}")
    print(f"CPU: {percent:.2f} % of a core")
    # Not by PSS: that rises when others who share its libraries end.
    grown = after["uss"] - before["uss"] > GROWTH_BYTES or any(
        after[name] > before[name] for name in ("threads", "descriptors")
    )
    return int(grown or after["pss"] > MOST_BYTES or percent > MOST_PERCENT)


def looked_at(watcher: Mailhook) -> dict[str, float]:
    process = watcher.family()[0]
    threads = []
    for _ in range(10):  # a command has one more for as long as it waits
        threads.append(process.num_threads())
        time.sleep(0.2)
    return {
        "pss": watcher.pss_bytes(),
        "uss": process.memory_full_info().uss,
        "threads": min(threads),
        "descriptors": process.num_fds(),
        "cpu": watcher.cpu_seconds(),
    }


if __name__ == "__main__":
    sys.exit(main())
