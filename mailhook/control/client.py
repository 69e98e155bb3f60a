"""The caller's end of the control socket."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from mailhook.control import address, faults, greeting, peer
from mailhook.control.address import Absent, Unusable
from mailhook.control.command import Progress, Request, Result, unseen
from mailhook.control.greeting import Busy
from mailhook.control.request import Asked
from mailhook.control.wire import Wire, within
from mailhook.errors import TemporaryError
from mailhook.model import Object

# Seconds: for a connection and its greeting; for a request to be taken; between two frames,
# of which a living service sends one every five; until a busy one is asked again.
_GREETING_SECONDS = 10
_SEND_SECONDS = 60
_SILENCE_SECONDS = 60
_AGAIN_SECONDS = 0.1
# The errors of many mailboxes.
_ANSWER_BYTES = 16_000_000


class Client:
    """Gives commands to the service that holds the store, a connection each.

    A busy service is asked again for `patience_seconds`. What goes wrong on the way is
    a TemporaryError: Absent, Unusable or Busy before anything was asked.
    """

    def __init__(self, store: Path, patience_seconds: float = 5) -> None:
        self._store, self._path = store, address.beside(store)
        self._patience_seconds = patience_seconds

    def reach(self) -> None:
        """See that the service is there and takes commands of us."""
        with self._greeted():
            pass

    def call(
        self,
        name: str,
        request: Request,
        raws: Sequence[bytes] = (),
        progress: Progress = unseen,
    ) -> Result:
        """What the command came to in the service; its errors are raised as if it ran here."""
        asked = Asked(name, request, tuple(map(len, raws)))
        with self._greeted() as (wire, limit_bytes):
            if asked.size > limit_bytes:
                raise TemporaryError(
                    f"the service takes at most {limit_bytes:,} bytes at once; stop it, try again"
                )
            try:
                deadline = within(_SEND_SECONDS)
                wire.send(asked.spelled(), deadline)
                wire.send_bytes(b"".join(raws), deadline)
                return _result(_answer(wire, progress))
            except (OSError, ValueError) as error:
                raise self._lost(name) from error

    @contextmanager
    def _greeted(self) -> Iterator[tuple[Wire, int]]:
        """A connection on which a request may be sent, and how many bytes may come with it."""
        wire, limit_bytes = self._patiently()
        try:
            yield wire, limit_bytes
        finally:
            wire.close()

    def _patiently(self) -> tuple[Wire, int]:
        deadline = within(self._patience_seconds)
        while True:
            try:
                return self._admitted()
            except Busy:
                if time.monotonic() > deadline:
                    raise
            time.sleep(_AGAIN_SECONDS)

    def _admitted(self) -> tuple[Wire, int]:
        connected = address.connected(self._path, _GREETING_SECONDS)
        wire = Wire(connected)
        try:
            self._refuse_stranger(peer.uid(connected))
            return wire, self._greeting(wire)
        except BaseException:
            wire.close()
            raise

    def _refuse_stranger(self, user: int) -> None:
        if not peer.may_serve(user, self._store):
            raise Unusable(f"{self._path}: who listens there is neither root nor owns the store")

    def _greeting(self, wire: Wire) -> int:
        """How much it takes; or why nothing: it is about to end, hangs, or is none of ours."""
        try:
            return greeting.read(wire.receive(within(_GREETING_SECONDS)))
        except ConnectionError as error:
            raise Absent(f"{self._path}: the service there has just ended; try again") from error
        except OSError as error:
            hint = "does not answer; restart the service"
            raise Unusable(f"{self._path}: who listens there {hint}") from error
        except ValueError as error:
            raise Unusable(f"{self._path}: who listens there is no mailhook") from error

    def _lost(self, name: str) -> TemporaryError:
        return TemporaryError(
            f"the service that writes {self._store} ended, or stopped answering, in the middle of"
            f" `mailhook {name}`: what it has committed stays; once it is back, the same again"
            " does the rest"
        )


def _answer(wire: Wire, progress: Progress) -> Object:
    """The last frame; those before it become progress."""
    done = 0
    while True:
        answer = wire.receive(within(_SILENCE_SECONDS), _ANSWER_BYTES)
        match answer:
            case {"done": int(total)}:
                if total > done:
                    progress(total - done)
                    done = total
            case _:
                return answer


def _result(answer: Object) -> Result:
    match answer:
        case {"result": dict(value), "code": int(code)}:
            return Result(value, code)
        case {"error": error}:
            raise faults.read(error)
        case {"bug": str(where)}:
            raise faults.bug(where)
    raise ValueError("this is no answer")
