"""What becomes of the body of one POST: examined here, committed by the desk, then answered."""

from __future__ import annotations

import asyncio
import hashlib
from collections import deque
from collections.abc import Callable
from http import HTTPStatus

from mailhook import times
from mailhook.errors import TemporaryError
from mailhook.model import Delivery, Finding
from mailhook.pipeline import examine
from mailhook.sources.web import NOT_NOW, Answer, Reply
from mailhook.trust import Trust
from mailhook.worker.desk import Became, Desk

# Whom nobody could commit for so long is told so, before a proxy answers 504 in our place.
_PATIENCE_SECONDS = 20
_LOOK_SECONDS = 1
_LATE = TemporaryError("it could not be committed in time")

_THANKS = Answer(HTTPStatus.OK, "thank you")
_NOT_SIGNED = Answer(HTTPStatus.UNAUTHORIZED, "it is not signed with the key of this hook")


class Mirror:
    """The `Take` of the endpoint. `trust` is asked anew each time, for `reload` may change it.

    `refused` is told of each body that no key has signed, and from whom it came; `took`
    is told each finding of a signed one and the status of its answer, `strayed` that of
    each that came to another path.
    """

    def __init__(
        self,
        trust: Callable[[], Trust],
        refused: Callable[[bytes, str], object],
        took: Callable[[Finding, int], object] = lambda _finding, _status: None,
        strayed: Callable[[Finding], object] = lambda _finding: None,
        patience_seconds: float = _PATIENCE_SECONDS,
    ) -> None:
        self._trust, self._refused = trust, refused
        self._took, self._strayed = took, strayed
        self._patience_seconds = patience_seconds
        self._waiting: deque[_Waiting] = deque()
        self.desk: Desk | None = None

    def __call__(self, body: bytes, source: str, reply: Reply) -> None:
        """A 200 once what the vendor signed is committed, however odd it is."""
        finding = self._examined(body)
        if finding.authenticity == "unverified":
            self._refused(body, source)
            reply(_NOT_SIGNED)
            return

        def answered(answer: Answer) -> None:
            self._took(finding, answer.status)
            reply(answer)

        loop = asyncio.get_running_loop()
        waiting = _Waiting(answered, loop.time() + self._patience_seconds)
        if not (self.desk and self.desk.take(finding, waiting.settle)):
            answered(NOT_NOW)
            return
        if not self._waiting:
            self._look_later(loop)
        self._waiting.append(waiting)

    def astray(self, body: bytes) -> None:
        """What was posted elsewhere and answered 404: if it is signed, it was to come here."""
        finding = self._examined(body)
        if finding.authenticity == "verified":
            self._strayed(finding)

    def _examined(self, body: bytes) -> Finding:
        digest = hashlib.sha256(body).hexdigest()
        return examine(Delivery("web", f"web:{digest}", times.now(), body), self._trust())

    def _look_later(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.call_later(min(_LOOK_SECONDS, self._patience_seconds), self._look, loop)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        """Answer those that have waited too long; one timer for all costs each of them nothing."""
        now, waiting = loop.time(), self._waiting
        while waiting and (waiting[0].is_settled or waiting[0].until <= now):
            waiting.popleft().settle(_LATE)
        if waiting:
            self._look_later(loop)


class _Waiting:
    """A hook that is being committed, and until when at most; whatever is said first holds."""

    __slots__ = ("_reply", "is_settled", "until")

    def __init__(self, reply: Reply, until: float) -> None:
        self._reply, self.until = reply, until
        self.is_settled = False

    def settle(self, became: Became) -> None:
        """Have it answered, by the event loop's thread."""
        if not self.is_settled:
            self.is_settled = True
            self._reply(_THANKS if isinstance(became, str) else NOT_NOW)
