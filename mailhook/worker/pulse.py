"""When each folder last completed a round trip: kept in memory, written down together."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

from mailhook import times
from mailhook.errors import ConfigError, LoginRefused, MailhookError
from mailhook.store import Store, Trouble

_WRITER = "writer"


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

    Nothing is raised: a full disk must not hide the error that is being noted.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._mutex = threading.Lock()
        # Held from taking beats to having written them: an error noted in between would be undone.
        self._writing = threading.Lock()
        self._beats: dict[str, datetime] = {}
        self._well: set[str] = set()

    def beat(self, sources: Sequence[str]) -> None:
        """These have completed a round trip now."""
        now = times.now()
        with self._mutex:
            recovered = not self._well.issuperset(sources)
            self._well.update(sources)
            self._beats.update(dict.fromkeys(sources, now))
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
