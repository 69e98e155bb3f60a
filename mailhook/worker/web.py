"""The endpoint within the service: its socket, its event loop, its desk."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

from mailhook.config import Settings, WebSettings
from mailhook.errors import ConfigError, Problem
from mailhook.store import Store
from mailhook.trust import Trust

if TYPE_CHECKING:
    from mailhook.sources.web import Endpoint
    from mailhook.worker.desk import Desk


class Web:
    """Serves hooks where the settings ask for it, until it is closed; a reload loses none.

    `trust` is asked anew for each hook. Raises ConfigError where it cannot be listened.
    """

    def __init__(self, settings: Settings, store: Store, trust: Callable[[], Trust]) -> None:
        from mailhook.sources.web import listening

        self._store, self._trust = store, trust
        self._passed: socket.socket | None = listening.passed() if settings.web else None
        self._settings: WebSettings | None = None
        self._endpoint: Endpoint | None = None
        self._desk: Desk | None = None
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
        from mailhook import token
        from mailhook.sources.web import Endpoint
        from mailhook.worker.desk import Desk
        from mailhook.worker.mirror import Mirror

        token.prepare(self._trust().keys)
        mirror = Mirror(self._trust)
        self._endpoint = Endpoint(listening, settings.path, mirror)
        mirror.desk = self._desk = Desk(self._store, self._endpoint.call)
        self._desk.start()
        self._endpoint.start()

    def _stop(self) -> None:
        if self._endpoint and self._desk:
            self._endpoint.stop()
            self._desk.end()
        self._endpoint = self._desk = None
