"""What the parts of one run share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mailhook.config import ApiSettings
from mailhook.reconcile.report import Report
from mailhook.sources.api import Client
from mailhook.store import Reader, Store
from mailhook.trust import Trust


@dataclass(frozen=True, slots=True)
class Run:
    """Who is asked, what is written to, and who watches.

    `progress` is told how many more events were looked at, after each transaction; it
    may raise to end the run there.
    """

    settings: ApiSettings
    client: Client
    store: Store
    reader: Reader
    trust: Trust
    report: Report
    progress: Callable[[int], None]
