"""The endpoint within the service: its sockets, its event loop, its desk."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from mailhook.config import Settings, WebSettings
from mailhook.errors import ConfigError, Problem
from mailhook.model import Finding
from mailhook.sources.web import listening
from mailhook.sources.web.bounds import Bounds, places
from mailhook.sources.web.listening import Listening
from mailhook.store import Store
from mailhook.trust import Trust
from mailhook.worker.minutes import Minutes
from mailhook.worker.seldom import Seldom

if TYPE_CHECKING:
    from mailhook.sources.web.endpoint import Endpoint
    from mailhook.worker.desk import Desk
    from mailhook.worker.refusals import Refusals

log = logging.getLogger(__name__)

_SYSTEMD = "systemd"
_SAY_SECONDS = 60
_STRAYED = (
    "a signed web hook was posted to another path than web.path and answered 404, which is a"
    " failed delivery: mend web.path, or the hook's address at the vendor's"
)


class Web:
    """Serves hooks where the settings ask for it, until it is closed; a reload loses none.

    What is signed is judged by the trust that came with the settings in force. Raises
    ConfigError where it cannot be listened.
    """

    def __init__(
        self,
        settings: Settings,
        store: Store,
        trust: Trust,
        minutes: Minutes,
        bounds: Bounds | None = None,
    ) -> None:
        self._store, self._trust, self._minutes = store, trust, minutes
        self._bounds = bounds or Bounds(connections=places())
        self._passed = listening.passed()
        self._settings: WebSettings | None = None
        self._listening: Listening | None = None
        self._endpoint: Endpoint | None = None
        self._desk: Desk | None = None
        self._refusals: Refusals | None = None
        self._strays = Seldom(_SAY_SECONDS)
        self.reload(settings, trust)

    def reload(self, settings: Settings, trust: Trust) -> None:
        """Go by new settings. Raises ConfigError, with the old ones in force.

        What keeps its address goes on as it is; only its path and its keys are others
        from now on.
        """
        old, new = self._settings, settings.web
        if new is None:
            self.close()
        elif old and self._endpoint and (self._passed or old.listen == new.listen):
            listening.refuse_passed(self._passed, new)
            self._trust = trust
            self._endpoint.answer_at(new.path)
        else:
            self._move(new, trust)
        self._settings = new

    def close(self) -> None:
        """Answer those that wait, then serve no more."""
        if self._endpoint and self._desk:
            self._endpoint.stop()
            self._desk.end()
        if self._refusals:
            self._refusals.end()
        if self._listening:
            self._listening.close()
        self._endpoint = self._desk = self._refusals = None
        self._listening = self._settings = None

    def state(self) -> str:
        """Where hooks are taken, in a few words; empty where they are not."""
        if not (self._settings and self._listening):
            return ""
        return f"web hooks at {self._listening.where}, path {self._settings.path}"

    def stuck(self) -> list[str]:
        """The threads that do not get on: hooks are lost without them."""
        found = []
        if self._endpoint and self._endpoint.is_stuck:
            found.append(self._endpoint.name)
        if self._desk and not self._desk.is_alive():
            found.append(self._desk.name)
        return found

    def _move(self, settings: WebSettings, trust: Trust) -> None:
        """Listen there first, and only then no more where it was."""
        new = self._place(settings)
        self.close()
        self._trust = trust  # before the first hook comes: it may have waited for us
        self._listening = new
        self._start(settings.path, new)

    def _place(self, settings: WebSettings) -> Listening:
        if self._passed:
            listening.refuse_passed(self._passed, settings)
            return listening.by_systemd(self._passed)
        if settings.listen == _SYSTEMD:
            hint = "enable mailhook.socket, or name an address"
            raise ConfigError([Problem("web.listen", "systemd passes no socket", hint)])
        return listening.bound(settings, moving=self._listening is not None)

    def _start(self, path: str, place: Listening) -> None:
        from mailhook import token
        from mailhook.sources.web.endpoint import Endpoint
        from mailhook.worker.desk import Desk
        from mailhook.worker.mirror import Mirror
        from mailhook.worker.refusals import Refusals

        token.prepare(self._trust.keys)
        self._refusals = Refusals(self._store)
        self._refusals.start()
        minutes = self._minutes
        mirror = Mirror(lambda: self._trust, self._refused, minutes.took, self._strayed)
        self._endpoint = Endpoint(
            place.duplicates(),
            path,
            mirror,
            self._bounds,
            answered=minutes.answered,
            astray=mirror.astray,
        )
        mirror.desk = self._desk = Desk(self._store, self._endpoint.call)
        self._desk.start()
        self._endpoint.start()

    def _strayed(self, finding: Finding) -> None:
        self._minutes.strayed(finding)
        if self._strays.is_due(_STRAYED):
            log.warning(_STRAYED)

    def _refused(self, body: bytes, source: str) -> None:
        if self._refusals and self._refusals.take(body, source):
            self._minutes.resembled()
