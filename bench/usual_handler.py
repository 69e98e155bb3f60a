"""The usual handler of a web hook, as one writes it in an afternoon: what the bench runs beside us.

    python usual_handler.py PORT DATABASE

Starlette on uvicorn with uvloop and httptools, PyJWT, SQLite in WAL mode with
synchronous=FULL, one INSERT and one commit a request.
"""

from __future__ import annotations

import json
import os
import sqlite3
import sys
from datetime import UTC, datetime

import jwt
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

_TABLE = """
CREATE TABLE IF NOT EXISTS events (
    id TEXT PRIMARY KEY, event_type TEXT, event_action TEXT, timestamp TEXT, object TEXT,
    received_at TEXT
)
"""
_INSERT = "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING"


class Handler:
    """One connection, used by the event loop alone."""

    def __init__(self, database: str, key: str) -> None:
        self._key = key
        self._connection = sqlite3.connect(database)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute(_TABLE)

    async def take(self, request: Request) -> Response:
        """Verify, insert, commit, answer."""
        try:
            claims = jwt.decode(
                await request.body(), self._key, algorithms=["HS256"], options={"verify_iat": False}
            )
        except jwt.InvalidTokenError:
            return PlainTextResponse("no", 401)
        for event in claims["events"]:
            self._insert(event)
        self._connection.commit()
        return PlainTextResponse("thank you")

    def _insert(self, event: dict[str, str]) -> None:
        names = ("id", "event_type", "event_action", "timestamp")
        told = (*(event[name] for name in names), json.dumps(event["object"]))
        self._connection.execute(_INSERT, (*told, datetime.now(UTC).isoformat()))


def main() -> None:
    port, database = sys.argv[1:]
    handler = Handler(database, os.environ["SIGNING_KEY"])
    app = Starlette(routes=[Route("/hooks", handler.take, methods=["POST"])])
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=int(port),
        loop="uvloop",
        http="httptools",
        log_level="error",
        access_log=False,
    )


if __name__ == "__main__":
    main()
