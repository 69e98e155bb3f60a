"""When each folder last completed a round trip: kept in memory, written down together."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime

from mailhook import times
from mailhook.errors import ConfigError, LoginRefused, MailhookError
from mailhook.store import Store, Trouble

_WRITER = "writer"
# What is shorter has cost no mail that will not come with the next sweep.
_OUTAGE_SECONDS = 60


def _kind(error: MailhookError) -> Trouble:
    """Who has to see to it: a person for the login or the settings, else time."""
    match error:
        case LoginRefused():
            return "refused"
        case ConfigError():
            return "settings"
    return "unreachable"


class Pulse:
    """Beats of folders, by their URLs. Good news waits for `flush`, a change is written at once.

    Nothing is raised: a full disk must not hide the error that is being noted. `back` is
    called when one completes a round trip that was kept from it for a minute or longer.
    """

    def __init__(
        self,
        store: Store,
        back: Callable[[], object] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store, self._back, self._clock = store, back, clock
        self._mutex = threading.Lock()
        # Held from taking beats to having written them: an error noted in between would be undone.
        self._writing = threading.Lock()
        self._beats: dict[str, datetime] = {}
        self._well: set[str] = set()
        self._ill_since: dict[str, float] = {}

    def beat(self, sources: Sequence[str]) -> None:
        """These have completed a round trip now."""
        now = times.now()
        with self._mutex:
            recovered = not self._well.issuperset(sources)
            self._well.update(sources)
            self._beats.update(dict.fromkeys(sources, now))
            ill = [since for one in sources if (since := self._ill_since.pop(one, None))]
        if any(self._clock() - since >= _OUTAGE_SECONDS for since in ill):
            self._back()
        if recovered:
            with suppress(MailhookError):
                self._write({})

    def failed(self, sources: Sequence[str], error: MailhookError) -> None:
        """These have been kept from one by the error."""
        with self._writing, suppress(MailhookError):
            with self._mutex:
                self._well.difference_update(sources)
                for source in sources:
                    self._beats.pop(source, None)
                    self._ill_since.setdefault(source, self._clock())
            for source in sources:
                self._store.beat(source, str(error), _kind(error))

    def flush(self) -> None:
        """Write down the beats, and that of the writer, which this commit is.

        Raises TemporaryError where the store cannot be written.
        """
        self._write({_WRITER: times.now()})

    def end(self, *, for_good: bool = True) -> None:
        """Write down the last beats and, `for_good`, that the writer takes its leave."""
        with suppress(MailhookError):
            self.flush()
            if for_good:
                self._store.beat(_WRITER, "the service was stopped")

    def _write(self, beats: dict[str, datetime]) -> None:
        with self._writing:
            with self._mutex:
                noted, self._beats = self._beats | beats, {}
            self._store.beats(noted)
