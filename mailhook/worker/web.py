"""The endpoint within the service: its socket, its event loop, its desk."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

from mailhook.config import Settings, WebSettings
from mailhook.errors import ConfigError, Problem
from mailhook.store import Store
from mailhook.trust import Trust
from mailhook.worker.minutes import Minutes

if TYPE_CHECKING:
    from mailhook.sources.web import Endpoint
    from mailhook.worker.desk import Desk
    from mailhook.worker.refusals import Refusals


class Web:
    """Serves hooks where the settings ask for it, until it is closed; a reload loses none.

    `trust` is asked anew for each hook. Raises ConfigError where it cannot be listened.
    """

    def __init__(
        self, settings: Settings, store: Store, trust: Callable[[], Trust], minutes: Minutes
    ) -> None:
        from mailhook.sources.web import listening

        self._store, self._trust, self._minutes = store, trust, minutes
        self._passed: socket.socket | None = listening.passed() if settings.web else None
        self._settings: WebSettings | None = None
        self._endpoint: Endpoint | None = None
        self._desk: Desk | None = None
        self._refusals: Refusals | None = None
        self.reload(settings)

    def reload(self, settings: Settings) -> None:
        """Go by new settings. Raises ConfigError, with the old ones in force."""
        if settings.web == self._settings:
            return
        listening = self._listening(settings.web) if settings.web else None
        self._stop()
        self._settings = settings.web
        if settings.web and listening:
            self._start(settings.web, listening)

    def close(self) -> None:
        """Answer those that wait, then serve no more."""
        self._stop()
        self._settings = None

    def _listening(self, settings: WebSettings) -> socket.socket:
        from mailhook.sources.web import listening

        if self._passed:
            return self._passed.dup()
        if settings.listen == "systemd":
            hint = "enable mailhook.socket, or name an address"
            raise ConfigError([Problem("web.listen", "systemd passes no socket", hint)])
        return listening.bound(settings)

    def _start(self, settings: WebSettings, listening: socket.socket) -> None:
        from mailhook.sources.web import Endpoint
        from mailhook.worker.desk import Desk
        from mailhook.worker.mirror import Mirror
        from mailhook.worker.refusals import Refusals

        self._refusals = Refusals(self._store)
        self._refusals.start()
        mirror = Mirror(self._trust, self._refused, self._minutes.took)
        self._endpoint = Endpoint(listening, settings.path, mirror, self._minutes.answered)
        mirror.desk = self._desk = Desk(self._store, self._endpoint.call)
        self._desk.start()
        self._endpoint.start()

    def _refused(self, body: bytes, source: str) -> None:
        if self._refusals and self._refusals.take(body, source):
            self._minutes.resembled()

    def _stop(self) -> None:
        if self._endpoint and self._desk:
            self._endpoint.stop()
            self._desk.end()
        if self._refusals:
            self._refusals.end()
        self._endpoint = self._desk = self._refusals = None
