"""Where a writing command runs: here, with the store held, or in the service that holds it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, TypeAlias

from mailhook.cli import options
from mailhook.config import Settings
from mailhook.control.command import Command, Progress, Request, Result, Talk, unseen
from mailhook.errors import ConfigError, MailhookError, TemporaryError

if TYPE_CHECKING:
    from mailhook.control.client import Client
    from mailhook.store import Store

Alone: TypeAlias = "Callable[[Store], Command]"

# A service that holds the store and does not listen yet, or no more, needs no longer.
_AGAIN_SECONDS = 0.3


class Call(Protocol):
    """Runs the command once; may be called again and again."""

    def __call__(
        self, request: Request, raws: Sequence[bytes] = (), progress: Progress = unseen
    ) -> Result:
        """The result, whoever came to it. Raises MailhookError."""


@contextmanager
def writing(settings: Settings, name: str, alone: Callable[[], Alone]) -> Iterator[Call]:
    """What runs the command of that name, for the time of the block.

    Here that is `alone()(store)`; the first call, before the store is opened, may raise
    ConfigError. Where the store is held, or secrets cannot be had, by us but a running
    service has both, it is the service's command of the same name. Where nobody answers,
    what kept us from it is raised: TemporaryError names who holds the store.
    """
    opened = _opened(settings, name, alone)
    if isinstance(opened, tuple):
        store, command = opened
        with store:
            yield _here(command(store))
    else:
        yield _through(opened, name)


def _opened(
    settings: Settings, name: str, alone: Callable[[], Alone], tries: int = 2
) -> tuple[Store, Alone] | Client:
    """The store and what to do with it, or the service that holds it."""
    try:
        command = alone()
        return options.store(settings, name), command
    except (TemporaryError, ConfigError) as hindered:
        from mailhook.control.address import Absent
        from mailhook.control.client import Client

        service = Client(settings.store.path)
        try:
            service.reach()
        except Absent:
            if tries == 1 or isinstance(hindered, ConfigError):
                raise hindered from None
        except TemporaryError as unusable:
            raise _both(hindered, unusable) from unusable
        else:
            return service
    time.sleep(_AGAIN_SECONDS)
    return _opened(settings, name, alone, tries - 1)


def _both(hindered: MailhookError, unusable: TemporaryError) -> MailhookError:
    """What kept us from it, and why the service is no help."""
    if isinstance(hindered, ConfigError):
        return hindered
    return TemporaryError(f"{hindered}\n{unusable}")


def _here(command: Command) -> Call:
    def call(request: Request, raws: Sequence[bytes] = (), progress: Progress = unseen) -> Result:
        return command(request, Talk(raws, progress))

    return call


def _through(service: Client, name: str) -> Call:
    def call(request: Request, raws: Sequence[bytes] = (), progress: Progress = unseen) -> Result:
        return service.call(name, request, raws, progress)

    return call
