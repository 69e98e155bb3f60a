"""How long one mail takes to be examined: every fixture, the hostile ones by themselves.

The exit code is 1 if a goal is missed. A mail's time is the median of five runs,
on one core, without what is done once a process.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from statistics import median, quantiles

from mailhook import times
from mailhook.config import TrustSettings
from mailhook.model import Delivery
from mailhook.pipeline import examine
from mailhook.trust import Trust

sys.path.append(str(Path(__file__).parents[1] / "tests"))

import proof
from hostile import LARGE

_FIXTURES = Path(__file__).parents[1] / "fixtures"
_TRUST = Trust(
    TrustSettings(authserv_id=("mx.example.com",)), (b"fixture-signing-key-0123456789abcdef",)
)
_P99_SECONDS = 0.015
_HOSTILE_SECONDS = 2.0
_RUNS = 5


def main() -> int:
    mails = [path for path in _FIXTURES.rglob("*.eml") if "hostile" not in path.parts]
    seconds = {str(path.relative_to(_FIXTURES)): _seconds(path.read_bytes()) for path in mails}
    p99 = quantiles(seconds.values(), n=100)[98]
    hostile = {name: _seconds(write(), runs=1) for name, write in LARGE.items()}
    for path in (_FIXTURES / "mail" / "hostile").glob("*.eml"):
        hostile[path.name] = _seconds(path.read_bytes(), runs=1)
    slowest, worst = (max(found, key=lambda name: found[name]) for found in (seconds, hostile))
    print(
        f"examine: {len(seconds):,} mails, median {1000 * median(seconds.values()):.2f} ms,"
        f" p99 {1000 * p99:.1f} ms (goal {1000 * _P99_SECONDS:.0f}),"
        f" longest {1000 * seconds[slowest]:.1f} ms ({slowest})\n"
        f"hostile: {len(hostile)} mails, longest {hostile[worst]:.2f} s ({worst};"
        f" goal {_HOSTILE_SECONDS:.0f})"
    )
    return int(p99 > _P99_SECONDS or hostile[worst] > _HOSTILE_SECONDS) or proof.main()


def _seconds(raw: bytes, runs: int = _RUNS) -> float:
    delivery = Delivery("file", "file:bench", times.now(), raw)
    examine(delivery, _TRUST) if runs > 1 else None
    return median(_run(delivery) for _ in range(runs))


def _run(delivery: Delivery) -> float:
    start = time.process_time()
    examine(delivery, _TRUST)
    return time.process_time() - start


if __name__ == "__main__":
    sys.exit(main())
