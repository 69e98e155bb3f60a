"""The composition root: which mailboxes exist, who reads them, and when it all ends.

`poll` is one round, `run` the service: a thread a connection (`watch`), each
doing the same round (`rounds`) whenever something wakes it.
"""

from __future__ import annotations

from mailhook.worker.polling import poll
from mailhook.worker.rounds import Report, Round, after
from mailhook.worker.service import run

__all__ = ["Report", "Round", "after", "poll", "run"]
