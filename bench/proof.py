"""How long the proof of a sender takes: by real servers' headers, and by our own DKIM check.

Run by `bench/examine.py`; times are of one core.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

sys.path.append(str(Path(__file__).parents[1] / "tests"))

import mails
import signers
from proof_cases import PROVEN

from mailhook.authenticity import judge, prove
from mailhook.authenticity.resolver import Resolver
from mailhook.config import TrustSettings
from mailhook.message import parse

_HEADER_SECONDS = 60e-6
_DKIM_SECONDS = 2e-3
_RUNS, _CALLS = 51, 20
# Those of the table that are headers of a server's kind, not of an idea.
_REAL = (
    *("Gmail", "Microsoft", "Yahoo", "Fastmail", "Zoho"),
    *("rspamd", "OpenDMARC", "Exim", "Proton", "Stalwart"),
)


def main() -> int:
    header, dkim = _by_header(), _by_signature()
    print(
        f"proof: by header median {1e6 * header:.0f} µs (goal {1e6 * _HEADER_SECONDS:.0f}),"
        f" own DKIM of RSA 2048, DNS cached, {1e3 * dkim:.2f} ms (goal {1e3 * _DKIM_SECONDS:.0f})"
    )
    return int(header > _HEADER_SECONDS or dkim > _DKIM_SECONDS)


def _by_header() -> float:
    told = [case.told() for case in PROVEN if case.rule.startswith(_REAL)]
    return median(_seconds(partial(judge, *one)) for one in told)


def _by_signature() -> float:
    key = signers.rsa_key(2048)
    raw = signers.sign(mails.check_finished("CHK1", proof=None), key)
    headers = parse(raw).headers
    lookup = Resolver(lambda _: ((signers.record(key),), 3_600))
    settings = TrustSettings(require="dkim")
    return _seconds(lambda: prove(raw, headers, mails.NOON, settings, lookup))


def _seconds(work: Callable[[], object]) -> float:
    work()
    return median(_once(work) for _ in range(_RUNS))


def _once(work: Callable[[], object]) -> float:
    start = time.process_time()
    for _ in range(_CALLS):
        work()
    return (time.process_time() - start) / _CALLS


if __name__ == "__main__":
    sys.exit(main())
