"""The service's figures, served as the settings say, or not at all."""

from __future__ import annotations

import threading
from http import HTTPStatus
from typing import TYPE_CHECKING, Self

from mailhook.config import Settings
from mailhook.metrics.meter import Meter

if TYPE_CHECKING:
    from mailhook.metrics.counters import Counters
    from mailhook.metrics.figures import Lookout
    from mailhook.metrics.page import Page
    from mailhook.metrics.server import Server


class Exporter:
    """Serves `/metrics` and `/healthz` on `metrics.listen` until it is closed.

    `meter` takes the worker's reports, whether figures are served or not; ask for it
    anew at each report, since `reload` may exchange it. Raises ConfigError where the
    address cannot be listened on.
    """

    def __init__(self, settings: Settings) -> None:
        self.meter = Meter()
        self._serving: _Serving | None = None
        self.reload(settings)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def reload(self, settings: Settings) -> None:
        """Go by new settings; counts go on. Raises ConfigError, with the old ones in force."""
        if settings.metrics is None:
            self.close()
        elif self._serving is None:
            self._serving = _Serving(settings, settings.metrics.listen)
            self.meter = self._serving.counters
        else:
            self._serving.reload(settings, settings.metrics.listen)

    def close(self) -> None:
        """Serve no more; takes at most a tenth of a second."""
        if self._serving:
            self._serving.server.stop()
        self.meter, self._serving = Meter(), None


class _Serving:
    """What there is while figures are served. Libraries are imported by whoever asks for it."""

    def __init__(self, settings: Settings, listen: str) -> None:
        from mailhook.metrics.collector import StoreCollector
        from mailhook.metrics.counters import Counters
        from mailhook.metrics.figures import Lookout

        self.lookout: Lookout = Lookout(settings)
        self.counters: Counters = Counters(settings.mailboxes)
        self.counters.registry.register(StoreCollector(self.lookout))
        self._turn = threading.Lock()
        self._listen, self.server = listen, self._serve(listen)

    def reload(self, settings: Settings, listen: str) -> None:
        from mailhook.metrics.server import address

        if address(listen) != address(self._listen):
            server = self._serve(listen)
            self.server.stop()
            self._listen, self.server = listen, server
        self.lookout.heed(settings)
        self.counters.expect(settings.mailboxes)

    def _serve(self, listen: str) -> Server:
        from mailhook.metrics import wellness
        from mailhook.metrics.server import Server

        return Server(
            listen,
            {
                "/metrics": self._metrics,
                "/healthz": lambda accept: wellness.page(self.lookout.figures(), accept),
            },
        )

    def _metrics(self, accept: str) -> Page:
        """All figures, in the format that is asked for; one at a time, for it is work."""
        from prometheus_client.exposition import choose_encoder

        from mailhook.metrics.page import Page

        encode, content_type = choose_encoder(accept)
        with self._turn:
            return Page(HTTPStatus.OK, content_type, encode(self.counters.registry))
