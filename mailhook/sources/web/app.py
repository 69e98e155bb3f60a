"""The endpoint in the terms of ASGI: which request is a hook, and the bounds of its body."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from http import HTTPStatus
from ipaddress import ip_address
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from mailhook.sources.web.answers import Answer, Answered, Take, unheard

BODY_BYTES = 256 * 1024
BODY_SECONDS = 10

_TOO_LARGE = Answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "a hook is at most 256 kB")
_TOO_SLOW = Answer(HTTPStatus.REQUEST_TIMEOUT, "the body did not come within 10 s")


class App:
    """Answers each request; hooks are handed to `take`, all else to Starlette.

    `answered` is told the status of each answer to a hook, None where there was none.
    """

    def __init__(self, path: str, take: Take, answered: Answered = unheard) -> None:
        self._path, self._take, self._answered = path, take, answered
        self._others = Starlette(routes=[Route(path, _only_post, methods=["GET", "HEAD"])])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, as ASGI has it."""
        is_hook = scope["type"] == "http" and scope["method"] == "POST"
        if not (is_hook and scope["path"] == self._path):
            await self._others(scope, receive, send)
            return
        status: int | None = None
        try:
            answer = await self._answer(scope, receive)
            status = answer.status
        except Exception:
            status = HTTPStatus.INTERNAL_SERVER_ERROR
            raise
        finally:
            self._answered(status)
        await _send(send, answer)

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        try:
            async with asyncio.timeout(BODY_SECONDS):
                body = await _body(receive)
        except TimeoutError:
            return _TOO_SLOW
        if body is None:
            return _TOO_LARGE
        return await self._take(body, source_of(scope))


async def _body(receive: Receive) -> bytes | None:
    """The whole body; None where it is larger than a hook may be."""
    message: Message = await receive()
    body = message.get("body", b"")
    while message.get("more_body"):
        message = await receive()
        body += message.get("body", b"")
        if len(body) > BODY_BYTES:
            return None
    return body if len(body) <= BODY_BYTES else None


def source_of(scope: Mapping[str, Any]) -> str:
    """Who sent it: the peer, or whom a proxy on this machine names last in X-Forwarded-For."""
    client = scope.get("client")
    peer = client[0] if client else ""
    if peer and not _is_here(peer):
        return peer
    for name, value in scope["headers"]:
        if name == b"x-forwarded-for":
            return value.decode("latin-1").rpartition(",")[2].strip() or peer or "unix"
    return peer or "unix"


def _is_here(peer: str) -> bool:
    try:
        return ip_address(peer).is_loopback
    except ValueError:
        return True


async def _send(send: Send, answer: Answer) -> None:
    body = f"{answer.words}\n".encode()
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
    ]
    if answer.retry_after is not None:
        headers.append((b"retry-after", str(answer.retry_after).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _only_post(_: Request) -> PlainTextResponse:
    words = "this is where hooks are sent to, by POST; there is nothing to see\n"
    return PlainTextResponse(words, HTTPStatus.METHOD_NOT_ALLOWED, headers={"Allow": "POST"})
