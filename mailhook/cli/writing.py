"""Where a writing command runs: here, with the store held, or in the service that holds it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from mailhook.cli import options
from mailhook.config import Settings
from mailhook.control import Absent, Client, Command, Progress, Request, Result, Talk, Unusable
from mailhook.control.command import unseen
from mailhook.errors import TemporaryError

if TYPE_CHECKING:
    from mailhook.store import Store

# A service that holds the store and does not listen yet, or no more, needs no longer.
_AGAIN_SECONDS = 0.3


class Call(Protocol):
    """Runs the command once; may be called again and again."""

    def __call__(
        self, request: Request, raws: Sequence[bytes] = (), progress: Progress = unseen
    ) -> Result:
        """The result, whoever came to it. Raises MailhookError."""


@contextmanager
def writing(settings: Settings, name: str, alone: Callable[[Store], Command]) -> Iterator[Call]:
    """What runs the command of that name, for the time of the block.

    With the store to ourselves that is `alone(store)`; where a running service holds
    it, the service's command of the same name. Raises TemporaryError, which names the
    holder, where somebody else does.
    """
    opened = _opened(settings, name)
    if isinstance(opened, Client):
        yield _through(opened, name)
    else:
        with opened as store:
            yield _here(alone(store))


def _opened(settings: Settings, name: str, tries: int = 2) -> Store | Client:
    """The store, or the service that holds it."""
    try:
        return options.store(settings, name)
    except TemporaryError as held:
        service = Client(settings.store.path)
        try:
            service.reach()
        except Absent:
            if tries == 1:
                raise held from None
        except Unusable as unusable:
            raise TemporaryError(f"{held}\n{unusable}") from unusable
        else:
            return service
    time.sleep(_AGAIN_SECONDS)
    return _opened(settings, name, tries - 1)


def _here(command: Command) -> Call:
    def call(request: Request, raws: Sequence[bytes] = (), progress: Progress = unseen) -> Result:
        return command(request, Talk(raws, progress))

    return call


def _through(service: Client, name: str) -> Call:
    def call(request: Request, raws: Sequence[bytes] = (), progress: Progress = unseen) -> Result:
        return service.call(name, request, raws, progress)

    return call
