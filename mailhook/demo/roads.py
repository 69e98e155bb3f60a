"""One event by both roads: an inbox, an endpoint's settings, and a vendor that tells by both."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from mailhook import config, demo
from mailhook.config import Settings
from mailhook.demo import inbox
from mailhook.testing import Answer, HandClock, Style, Terms, Vendor

_BEGAN_AT = datetime(2026, 8, 3, 10, tzinfo=UTC)
_PLAIN = Style()
_MAIL_SECONDS = 4
_BETWEEN_SECONDS = 600
_CHECKED = "mx.example.com"
_PROVEN = f"{_CHECKED}; dmarc=pass (p=QUARANTINE) header.from=truora.com"
_FORGERS_KEY = b"somebody-elses-key-that-opens-nothing-77ab"

_CONFIG = (
    """\
# The settings of the demo. Its inbox and its endpoint are gone when it ends; the store stays.
"""
    + demo.INBOX_CONFIG
    + """\
trust:
  authserv_id: {checked}     # who checked the senders of these mails
  signing_keys: [{{file: signing-key}}]
web:
  listen: "{host}:{web_port}"
  path: /hooks
"""
)


@dataclass(frozen=True, slots=True)
class Line:
    """One event of the story: by which roads it is told, and how its mail is written."""

    type: str
    action: str
    roads: Literal["both", "web", "mail", "forged"]
    style: Style = _PLAIN


STORY = (
    Line("check", "finished", "both", Style("labelled", "es")),
    Line("check", "delayed", "both", Style("labelled", "pt", with_time=False)),
    Line("identity_process", "succeeded", "both", Style("json")),
    Line("face_recognition", "succeeded", "web"),
    Line("document_validation", "failed", "mail", Style("table", "en")),
    Line("check", "finished", "forged"),
)


@dataclass(frozen=True, slots=True)
class Sent:
    """One thing that was sent; `answer` is what the endpoint said, None for a mail."""

    event: str
    answer: Answer | None = None


@dataclass(frozen=True, slots=True)
class Scene:
    """A demo in progress: its folder, its settings, the vendor, and somebody with another key."""

    folder: Path
    settings: Settings
    vendor: Vendor
    forger: Vendor


@contextmanager
def staged(folder: Path) -> Iterator[Scene]:
    """Fill the new folder with settings, serve an empty inbox, and have the vendor ready."""
    password = secrets.token_urlsafe(16)
    demo.keep(folder / "password", password)
    key = demo.signing_key()
    demo.keep(folder / "signing-key", key)
    with inbox.serve([], password) as port:
        web_port = _free_port()
        settings = _settings(folder / "config.yaml", port, web_port)
        url = f"http://{inbox.HOST}:{web_port}/hooks"
        terms = Terms(results=_PROVEN, connections=1)
        with (
            inbox.opened(port, password) as send,
            Vendor(url, key.encode(), send, terms, HandClock(_BEGAN_AT)) as vendor,
            Vendor(url, _FORGERS_KEY, None, terms, HandClock(_BEGAN_AT)) as forger,
        ):
            yield Scene(folder, settings, vendor, forger)


def tell(scene: Scene) -> list[Sent]:
    """Tell the story, a line after the other; its mails lie in the inbox afterwards.

    The endpoint is to listen meanwhile. Raises OSError where the inbox takes no mail.
    """
    sent: list[Sent] = []
    for line in STORY:
        sent += _told(scene, line)
        scene.vendor.let_pass(_BETWEEN_SECONDS)
    return sent


def _told(scene: Scene, line: Line) -> Iterator[Sent]:
    name = f"{line.type}.{line.action}"
    vendor = scene.forger if line.roads == "forged" else scene.vendor
    event = vendor.invent(line.type, line.action)
    if line.roads != "mail":
        posting = vendor.post(event)
        vendor.settle()
        yield Sent(name, posting.attempts[0].answer)
    if line.roads in {"both", "mail"}:
        letter = vendor.mail(event, line.style, after=_MAIL_SECONDS)
        vendor.let_pass(_MAIL_SECONDS)
        if letter.error:
            raise OSError(letter.error)
        yield Sent(name)


def _settings(path: Path, port: int, web_port: int) -> Settings:
    path.write_text(
        _CONFIG.format(
            host=inbox.HOST, port=port, user=inbox.USER, checked=_CHECKED, web_port=web_port
        )
    )
    return config.load(path)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((inbox.HOST, 0))
        return int(probe.getsockname()[1])
