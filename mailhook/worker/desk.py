"""Where web hooks wait for their commit: one thread takes all there are, in one transaction."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from typing import TypeAlias

from mailhook import pipeline
from mailhook.errors import MailhookError
from mailhook.model import Batch, Finding, Outcome
from mailhook.store import Store

log = logging.getLogger(__name__)

# So many may wait; who comes then is told to come again.
_PLACES = 4096
# So many are committed together.
_GROUP = 256

Became: TypeAlias = "Outcome | MailhookError"
Done: TypeAlias = Callable[[Became], object]


class Desk(threading.Thread):
    """Commits what is handed in, in the order it came; says of each what became of it.

    `hand_back` is given each group's findings of what became of them, to be called
    where the answers are sent from.
    """

    def __init__(self, store: Store, hand_back: Callable[[Callable[[], None]], object]) -> None:
        super().__init__(name="desk", daemon=True)
        self._store, self._hand_back = store, hand_back
        self._waiting: deque[tuple[Finding, Done]] = deque()
        self._bell = threading.Event()
        self._ended = False

    def take(self, finding: Finding, done: Done) -> bool:
        """Commit the finding soon and then call `done`; False where too many wait already."""
        if len(self._waiting) >= _PLACES or self._ended:
            return False
        self._waiting.append((finding, done))
        self._bell.set()
        return True

    def end(self) -> None:
        """Commit what is there, take no more."""
        self._ended = True
        self._bell.set()
        if self.is_alive():
            self.join()

    def run(self) -> None:
        """Commit group after group."""
        while True:
            self._bell.wait()
            self._bell.clear()
            while self._waiting:
                count = min(len(self._waiting), _GROUP)
                self._commit([self._waiting.popleft() for _ in range(count)])
            if self._ended:
                return

    def _commit(self, group: list[tuple[Finding, Done]]) -> None:
        findings = [finding for finding, _ in group]
        became: list[Became]
        try:
            batch = Batch(tuple(finding.delivery for finding in findings))
            became = [*pipeline.commit(batch, findings, self._store)]
        except MailhookError as error:
            log.warning("web hooks are not durable: %s", error, extra={"hooks": len(group)})
            became = [error] * len(group)

        def answer() -> None:
            for (_, done), one in zip(group, became, strict=True):
                done(one)

        self._hand_back(answer)
