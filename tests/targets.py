"""A target of alarms on loopback, as Apprise's `json://` knows it: well, broken, or hanging."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SECRET = "correct-horse-battery"
_SECONDS = 30


class Target:
    """Answers with `status`; where `hangs`, with a byte now and then and never an end."""

    def __init__(self) -> None:
        self.status, self.hangs = 200, False
        self.got: list[dict[str, Any]] = []
        self.asked, self._end = threading.Event(), threading.Event()
        target = self

        class Answer(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                target.asked.set()
                if target.hangs:
                    self._drip()
                    return
                if target.status == 200:
                    target.got.append(sent)
                self.send_response(target.status)
                self.end_headers()

            def _drip(self) -> None:
                try:
                    while not target._end.wait(0.1):
                        self.wfile.write(b"H")
                except OSError:
                    return  # who asked was ended

            def log_message(self, *_: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    @property
    def url(self) -> str:
        return f"json://user:{SECRET}@127.0.0.1:{self._server.server_port}/{SECRET}"

    def wait(self) -> None:
        """Until somebody has asked."""
        assert self.asked.wait(_SECONDS)

    def close(self) -> None:
        self._end.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@contextmanager
def listening() -> Iterator[Target]:
    target = Target()
    try:
        yield target
    finally:
        target.close()
