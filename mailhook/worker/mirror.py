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
from mailhook.sources.web import Answer
from mailhook.trust import Trust
from mailhook.worker.desk import Became, Desk

_RETRY_SECONDS = 30
# Whom nobody could commit for so long is told so, before a proxy answers 504 in our place.
_PATIENCE_SECONDS = 20
_LOOK_SECONDS = 1
_LATE = TemporaryError("it could not be committed in time")

_THANKS = Answer(HTTPStatus.OK, "thank you")
_NOT_SIGNED = Answer(HTTPStatus.UNAUTHORIZED, "it is not signed with the key of this hook")
_NOT_NOW = Answer(HTTPStatus.SERVICE_UNAVAILABLE, "not now", _RETRY_SECONDS)


class Mirror:
    """The `take` of the endpoint. `trust` is asked anew each time, for `reload` may change it.

    `refused` is told of each body that no key has signed, and from whom it came; `took`
    is told each finding of a signed one and the status of its answer.
    """

    def __init__(
        self,
        trust: Callable[[], Trust],
        refused: Callable[[bytes, str], object],
        took: Callable[[Finding, int], object] = lambda _finding, _status: None,
        patience_seconds: float = _PATIENCE_SECONDS,
    ) -> None:
        self._trust, self._refused, self._took = trust, refused, took
        self._patience_seconds = patience_seconds
        self._awaited: deque[tuple[float, asyncio.Future[Became]]] = deque()
        self.desk: Desk | None = None

    async def __call__(self, body: bytes, source: str) -> Answer:
        """A 200 once what the vendor signed is committed, however odd it is."""
        digest = hashlib.sha256(body).hexdigest()
        finding = examine(Delivery("web", f"web:{digest}", times.now(), body), self._trust())
        if finding.authenticity == "unverified":
            self._refused(body, source)
            return _NOT_SIGNED
        answer = await self._answer(finding)
        self._took(finding, answer.status)
        return answer

    async def _answer(self, finding: Finding) -> Answer:
        loop = asyncio.get_running_loop()
        became: asyncio.Future[Became] = loop.create_future()

        def done(one: Became) -> None:
            if not became.done():
                became.set_result(one)

        if not (self.desk and self.desk.take(finding, done)):
            return _NOT_NOW
        if not self._awaited:
            loop.call_later(min(_LOOK_SECONDS, self._patience_seconds), self._look, loop)
        self._awaited.append((loop.time() + self._patience_seconds, became))
        return _THANKS if isinstance(await became, str) else _NOT_NOW

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        """Answer those that have waited too long; one timer for all costs each of them nothing."""
        now = loop.time()
        while self._awaited and (self._awaited[0][1].done() or self._awaited[0][0] <= now):
            _, became = self._awaited.popleft()
            if not became.done():
                became.set_result(_LATE)
        if self._awaited:
            loop.call_later(min(_LOOK_SECONDS, self._patience_seconds), self._look, loop)
