"""Where web hooks wait for their commit: one thread takes all there are, in one transaction."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import TypeAlias

from mailhook import pipeline
from mailhook.errors import MailhookError, StoreError, whereabouts
from mailhook.model import Batch, Finding, Outcome
from mailhook.store import Store
from mailhook.worker.seldom import Seldom

log = logging.getLogger(__name__)

# So many may wait, and so much of them; who comes then is told to come again.
_PLACES = 4096
_BYTES = 16 * 2**20
# So many are committed together. What is there is taken: nobody waits for more to come.
_GROUP = 256

_SAY_SECONDS = 60
# Longer than a commit takes; whoever waits then is not told, and tries again.
_END_SECONDS = 5

Became: TypeAlias = "Outcome | MailhookError"
Done: TypeAlias = Callable[[Became], object]


class Desk(threading.Thread):
    """Commits what is handed in, in the order it came; says of each, once, what became of it.

    `hand_back` is given each group's findings of what became of them, to be called
    where the answers are sent from. A group grows while the one before it is committed.
    """

    def __init__(
        self,
        store: Store,
        hand_back: Callable[[Callable[[], None]], object],
        *,
        places: int = _PLACES,
        most_bytes: int = _BYTES,
    ) -> None:
        super().__init__(name="desk", daemon=True)
        self._store, self._hand_back = store, hand_back
        self._free_places, self._free_bytes = places, most_bytes
        self._waiting: deque[tuple[Finding, Done]] = deque()
        self._bell = threading.Condition(threading.Lock())
        self._ended = False
        self._troubles = Seldom(_SAY_SECONDS)

    def take(self, finding: Finding, done: Done) -> bool:
        """Commit the finding soon and then call `done`; False where too much waits already."""
        size = len(finding.delivery.raw)
        with self._bell:
            if self._ended or self._free_places < 1 or self._free_bytes < size:
                return False
            self._free_places -= 1
            self._free_bytes -= size
            self._waiting.append((finding, done))
            if len(self._waiting) == 1:
                self._bell.notify()
        return True

    def end(self) -> None:
        """Commit what is there, take no more; where the store is held, leave it unanswered."""
        with self._bell:
            self._ended = True
            self._bell.notify()
        if self.is_alive():
            self.join(_END_SECONDS)

    def run(self) -> None:
        """Commit group after group."""
        while group := self._next():
            self._settle(group)

    def _next(self) -> list[tuple[Finding, Done]]:
        """Those that wait, as many as are committed together; none once it has ended."""
        with self._bell:
            self._bell.wait_for(lambda: self._waiting or self._ended)
            count = min(len(self._waiting), _GROUP)
            return [self._waiting.popleft() for _ in range(count)]

    def _settle(self, group: Sequence[tuple[Finding, Done]]) -> None:
        """Commit them and say so; their places are free once nothing of them is kept here."""
        became = self._commit([finding for finding, _ in group])

        def answer() -> None:
            for (_, done), one in zip(group, became, strict=True):
                _tell(done, one)

        with self._bell:
            self._free_places += len(group)
            self._free_bytes += sum(len(finding.delivery.raw) for finding, _ in group)
        self._hand_back(answer)

    def _commit(self, findings: Sequence[Finding]) -> Sequence[Became]:
        batch = Batch(tuple(finding.delivery for finding in findings))
        error: MailhookError
        try:
            return pipeline.commit(batch, findings, self._store)
        except MailhookError as refused:
            error = refused
        except Exception as bug:  # noqa: BLE001 - our bug must not leave the others without an answer
            error = StoreError(f"a bug of mailhook: {whereabouts(bug)}; nothing was written")
        self._say(str(error), len(findings))
        return [error] * len(findings)

    def _say(self, words: str, hooks: int) -> None:
        """Say what is wrong: what was said already only once a minute, or the log is full of it."""
        if self._troubles.is_due(words):
            log.warning("web hooks are not durable: %s", words, extra={"hooks": hooks})


def _tell(done: Done, became: Became) -> None:
    """Our bug with one must not leave the others without an answer."""
    try:
        done(became)
    except Exception as bug:  # noqa: BLE001
        log.error("a web hook met a bug of mailhook: %s", whereabouts(bug))  # noqa: TRY400 - it may quote the hook
