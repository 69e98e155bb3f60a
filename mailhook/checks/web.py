"""What is wrong with the settings of the endpoint for web hooks."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from mailhook.config import Settings, WebSettings
from mailhook.errors import Problem


def without_key(settings: Settings) -> Iterator[Problem]:
    """That no hook could be told from a forgery."""
    if settings.web and not settings.trust.signing_keys:
        message = "no signing key is set, so every hook would be refused"
        yield Problem("web", message, "trust: {signing_keys: [{credential: truora-signing-key}]}")


def warnings(settings: Settings) -> Iterator[Problem]:
    """What works, but should be seen to."""
    web = settings.web
    if not web:
        return
    if web.public:
        message = "true: what is sent to mailhook itself is not encrypted, and anybody may send"
        yield Problem("web.public", message, "false, and a proxy on this machine that speaks TLS")
    yield from _other_path(web)


def _other_path(web: WebSettings) -> Iterator[Problem]:
    told = (urlsplit(web.url).path or "/") if web.url else web.path
    if told != web.path:
        message = f"the vendor sends to {told}, and mailhook answers at {web.path}"
        yield Problem("web.url", message, "well if your proxy rewrites the one to the other")
