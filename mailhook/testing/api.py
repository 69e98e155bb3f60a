"""The vendor's API as it answers, and as it fails: a server on this machine, for tests.

    with FakeApi() as api:
        api.add("check", "finished", {"check_id": "CHK1", "status": "completed"})
        api.resources["/v1/checks/CHK1"] = {"check": {"check_id": "CHK1", "status": "completed"}}
        settings = {"api": {"key": {"env": "KEY"}, "base": api.base, "requests_per_second": 0}}

All four addresses of `api.base` are this one server's. It lists its events in pages of
`page_size`, in the `order` asked for, as the vendor does: `object` as a JSON string.
What else may happen is set at any time:

* `api.fail(503, times=2)`, `api.fail(429, headers={"Retry-After": "3"})`, `api.fail(302,
  headers={"Location": …})`, `api.fail(200, body=b"<html>…")`, `api.cut()`: the next
  answers, all or those whose path begins with `path`; `api.mend()`: none of it any more;
* `api.links`: how `next` is written; `api.lead(url)`: where the next `next` leads;
* `api.repeats`: so many items of a page are told again on the one after it;
* `api.skew`: how far the API's clock is ahead; `api.object_is`: "string" or "object";
* `api.ignores_ids`: whatever is asked for, the first there is comes.

`requests` has each request there was, and whether the key came along.
"""

from __future__ import annotations

import hashlib
import json
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import TracebackType
from typing import Any, Literal, Self
from urllib.parse import parse_qs, unquote, urlsplit

from mailhook import catalog, times
from mailhook.testing.api_server import Handler, Reply, Request, Server

__all__ = ["EVENTS", "KEY", "FakeApi", "Reply", "Request"]

EVENTS = "/v1/hooks/events"
KEY = "test-key-of-nobody"
Order = Literal["newest", "oldest", "none"]
Links = Literal["path", "query", "absolute"]
_POLL_SECONDS = 0.02


@dataclass
class _Fault:
    reply: Reply
    times: int
    path: str


@dataclass
class FakeApi:
    """The server; it listens from its making until `close`. See the module's text."""

    key: str = KEY
    page_size: int = 100
    order: Order = "newest"
    links: Links = "path"
    repeats: int = 0
    skew: timedelta = timedelta(0)
    object_is: Literal["string", "object"] = "string"
    ignores_ids: bool = False
    tls: ssl.SSLContext | None = None
    events: list[dict[str, Any]] = field(default_factory=list)
    resources: dict[str, Any] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._faults: list[_Fault] = []
        self._lead: str | None = None
        self._changed = threading.Condition()
        self._server = Server(("127.0.0.1", 0), self._handler())
        if self.tls:
            self._server.socket = self.tls.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(_POLL_SECONDS,), name="api", daemon=True
        )
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http{'s' if self.tls else ''}://127.0.0.1:{self._server.server_port}"

    @property
    def base(self) -> dict[str, str]:
        """What `api.base` is to be."""
        return dict.fromkeys(("account", "checks", "identity", "validations"), self.url)

    def add(
        self,
        event_type: str,
        action: str,
        content: Mapping[str, Any],
        at: datetime | None = None,
        /,
        **members: object,
    ) -> dict[str, Any]:
        """List one more event, and return it; `members` are set, or where None left out."""
        moment = (at or datetime.now(UTC)) + self.skew
        stamp = moment.isoformat(timespec="seconds").replace("+00:00", "Z")
        number = hashlib.sha256(f"{len(self.events)} {event_type}.{action}".encode()).hexdigest()
        listed: dict[str, Any] = {
            "client_id": "TCI0",
            "delivery_attempts": 1,
            "delivery_status": "success",
            "event_action": action,
            "event_type": event_type,
            "idempotency_key": f"HIK{number[:40]}",
            "object": dict(content),
            "product": _product(event_type),
            "timestamp": stamp,
            "update_date": stamp,
        } | members
        event = {name: value for name, value in listed.items() if value is not None}
        self.events.append(event)
        return event

    def fail(
        self,
        status: int,
        *,
        times: int = 1,
        path: str = "/",
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> None:
        """Let the next so many answers below the path be this one."""
        raw = _error(status, "as the test wants it").body if body is None else body
        self._faults.append(_Fault(Reply(status, raw, dict(headers or {})), times, path))

    def cut(self, *, times: int = 1, path: str = "/") -> None:
        """Let the connection end in the middle of the next so many answers."""
        self._faults.append(_Fault(Reply(200, b'{"events": [', {}, cut=True), times, path))

    def mend(self) -> None:
        """Let no answer fail any more that was to."""
        self._faults.clear()

    def lead(self, url: str | None) -> None:
        """Let each `next` be this from now on; None: as it should be."""
        self._lead = url

    def asked(self, path: str = "/") -> list[Request]:
        """The requests below the path."""
        return [one for one in self.requests if one.path.startswith(path)]

    def wait(self, count: int, seconds: float = 30) -> bool:
        """Return when there were so many requests; False where there were not in that time."""
        with self._changed:
            return self._changed.wait_for(lambda: len(self.requests) >= count, seconds)

    def reply(self, request: Request) -> Reply:
        """What is answered; called by the server's threads."""
        with self._changed:
            self.requests.append(request)
            self._changed.notify_all()
            if fault := self._fault(request.path):
                return fault
            if not request.has_key:
                return _json({"message": "Unauthorized"}, 401)
            try:
                found = self._found(request.path)
            except ValueError:
                return _error(400, "Invalid start")
            if found is None:
                return _error(404, "Resource not found")
            return _json(found, date=self._date())

    def _fault(self, path: str) -> Reply | None:
        for fault in self._faults:
            if fault.times and path.startswith(fault.path):
                fault.times -= 1
                return fault.reply
        return None

    def _found(self, target: str) -> Any:  # noqa: ANN401 - any JSON
        """What is there, None: nothing. Raises ValueError where `start` is no number."""
        parts = urlsplit(target)
        if parts.path == EVENTS:
            return self._page(int(parse_qs(parts.query).get("start", ["0"])[0]))
        if parts.path.startswith(f"{EVENTS}/"):
            key = unquote(parts.path.removeprefix(f"{EVENTS}/"))
            found = (one for one in self.events if one.get("idempotency_key") == key)
            event = self.events[0] if self.ignores_ids else next(found, None)
            return event and self._spelled(event)
        if self.ignores_ids:
            return next(iter(self.resources.values()), None)
        return self.resources.get(target, self.resources.get(parts.path))

    def _page(self, start: int) -> dict[str, Any]:
        listed = self._sorted()
        end = start + self.page_size
        link = f"?start={end - self.repeats}" if end < len(listed) else ""
        return {
            "events": [self._spelled(one) for one in listed[start:end]],
            "next": self._lead if self._lead is not None else self._link(link),
            "self": "/v1/events",
        }

    def _link(self, query: str) -> str:
        before = {"path": EVENTS, "query": "", "absolute": f"{self.url}{EVENTS}"}
        return f"{before[self.links]}{query}" if query else ""

    def _sorted(self) -> list[dict[str, Any]]:
        if self.order == "none":
            return self.events
        newest = self.order == "newest"
        return sorted(self.events, key=lambda one: str(one.get("timestamp")), reverse=newest)

    def _spelled(self, event: dict[str, Any]) -> dict[str, Any]:
        content = event.get("object")
        if self.object_is == "object" or not isinstance(content, dict):
            return event
        return event | {"object": json.dumps(content)}

    def _date(self) -> str:
        return format_datetime(times.now() + self.skew, usegmt=True)

    def _handler(self) -> type[Handler]:
        api = self

        class Bound(Handler):
            def reply(self, request: Request) -> Reply:
                return api.reply(request)

            def has_key(self, sent: str | None) -> bool:
                return sent == api.key

        return Bound


def _json(value: object, status: int = 200, date: str = "") -> Reply:
    return Reply(status, json.dumps(value).encode(), {"Date": date} if date else {})


def _error(status: int, message: str) -> Reply:
    """A refusal as the vendor spells it."""
    return _json({"code": 10_000 + status, "http_code": status, "message": message}, status)


def _product(event_type: str) -> str:
    """The product as the vendor's list names it; of an unknown type the type's own name."""
    known = catalog.load().type(event_type)
    return known.product if known else event_type
