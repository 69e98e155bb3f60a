"""The endpoint in the terms of ASGI: which request is a hook, and what others are told.

How large and how slow a request may be is seen to below, by `protocol`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from functools import lru_cache
from http import HTTPStatus
from ipaddress import ip_address
from typing import Any

from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from mailhook.errors import whereabouts
from mailhook.sources.web.answers import WHOLE, Answer, Answered, Take, unheard

log = logging.getLogger(__name__)

_RETRY_SECONDS = 30
_NOT_NOW = Answer(HTTPStatus.SERVICE_UNAVAILABLE, "not now", _RETRY_SECONDS)
_ONLY_POST = "this is where hooks are sent to, by POST; there is nothing to see\n"
_NOTHING = "nothing is here\n"
# No address is longer; what a proxy hands on may be.
_ADDRESS_CHARS = 64
# To parse an address takes as long as to check a signature.
_PEERS = 1024


class App:
    """Answers each request: a POST to `path` as `take` says, all else with a friendly word.

    The path is compared byte for byte as it was sent, without what follows a `?`: no
    other spelling of it is known here, whatever a proxy makes of one. `answered` is told
    the status of each answer to a hook, None where nobody knows whether it was the vendor's.
    """

    def __init__(self, path: str, take: Take, answered: Answered = unheard) -> None:
        self.path, self._take, self._answered = path, take, answered

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, as ASGI has it."""
        body = await _body(receive)
        if body is None:
            return
        if scope["raw_path"] != self.path.encode():
            await PlainTextResponse(_NOTHING, HTTPStatus.NOT_FOUND)(scope, receive, send)
        elif scope["method"] != "POST":
            await _only_post(scope, receive, send)
        else:
            await _send(scope, send, await self._answer(body, source_of(scope)))

    async def _answer(self, body: bytes, source: str) -> Answer:
        try:
            answer = await self._take(body, source)
        except asyncio.CancelledError:
            pass  # the service ends; whether this was committed nobody has said
        except Exception as error:  # noqa: BLE001 - a bug of ours is no reason for 500: it comes again
            log.error("a web hook met a bug of mailhook: %s", whereabouts(error))  # noqa: TRY400 - it may quote the hook
        else:
            self._answered(answer.status)
            return answer
        self._answered(None)
        return _NOT_NOW


async def _body(receive: Receive) -> bytes | None:
    """The whole body; None where it will never be whole."""
    message: Message = await receive()
    if message["type"] == "http.request" and not message.get("more_body"):
        return bytes(message["body"])
    parts = bytearray()
    while message["type"] == "http.request":
        parts += message.get("body", b"")
        if not message.get("more_body"):
            return bytes(parts)
        message = await receive()
    return None


def source_of(scope: Mapping[str, Any]) -> str:
    """Who sent it: the peer, or whom a proxy on this machine names last in X-Forwarded-For.

    `unix` where neither is known by an address.
    """
    client = scope.get("client")
    peer = client[0] if client else ""
    if peer and not _is_here(peer):
        return peer
    for name, value in reversed(scope["headers"]):
        if name == b"x-forwarded-for":
            return _address(value) or peer or "unix"
    return peer or "unix"


def _address(forwarded: bytes) -> str:
    """The last address that is named; empty where it is none, so that nobody invents sources."""
    named = forwarded.decode("latin-1").rpartition(",")[2].strip()
    if len(named) > _ADDRESS_CHARS:
        return ""
    try:
        return str(ip_address(named.removeprefix("[").removesuffix("]")))
    except ValueError:
        return ""


@lru_cache(_PEERS)
def _is_here(peer: str) -> bool:
    try:
        return ip_address(peer.removeprefix("::ffff:")).is_loopback
    except ValueError:
        return True


async def _send(scope: Scope, send: Send, answer: Answer) -> None:
    if not scope["extensions"][WHOLE](answer):
        start = {"status": answer.status, "headers": answer.headers}
        await send({"type": "http.response.start", **start})
        await send({"type": "http.response.body", "body": answer.body})


async def _only_post(scope: Scope, receive: Receive, send: Send) -> None:
    status, allow = HTTPStatus.METHOD_NOT_ALLOWED, {"Allow": "POST"}
    await PlainTextResponse(_ONLY_POST, status, headers=allow)(scope, receive, send)
