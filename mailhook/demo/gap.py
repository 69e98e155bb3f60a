"""An inbox that misses some of a day's events, and the vendor's API that knows them all."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from mailhook import config, demo
from mailhook.config import Settings
from mailhook.demo import inbox
from mailhook.testing import Alert, Envelope, Happening, Inventor, Style, of_alert, of_event
from mailhook.testing.api import KEY, FakeApi
from mailhook.testing.envelope import written

_SEED = 8
_ENDPOINT = "https://hooks.example.com/truora"
_CHECKED = "mx.example.com"
_PROVEN = f"{_CHECKED}; dmarc=pass (p=QUARANTINE) header.from=truora.com"
# Ago: the API lists what is not too old, so that this day is always the last one.
_ALERT = timedelta(hours=1)

_CONFIG = (
    """\
# The settings of the demo. Its inbox and its API are gone when it ends; the store stays.
"""
    + demo.INBOX_CONFIG
    + """\
trust: {{authserv_id: {checked}}}   # who checked the senders of these mails
api:
  key: {{file: api-key}}
  base: {{account: "{api}", checks: "{api}", identity: "{api}", validations: "{api}"}}
  requests_per_second: 0          # at once: the API was on this machine, too
"""
)

Told = Literal["mail", "mentioned", "nobody"]


@dataclass(frozen=True, slots=True)
class Line:
    """One event of the story: who tells of it before the API is asked, and how a mail does.

    `ago` is when it happened, as hours and minutes before now.
    """

    ago: str
    type: str
    action: str
    told: Told
    style: Style = Style()  # noqa: RUF009 - it is frozen


# Mail has missed what is three hours old and of a product that it has brought before. What is
# mentioned is not listed (yet): only its subject can be asked for.
STORY = (
    Line("4:50", "check", "created", "mail", Style("labelled", "es")),
    Line("4:30", "identity_process", "succeeded", "mail", Style("json")),
    Line("4:10", "check", "delayed", "nobody"),
    Line("3:50", "identity_process", "failed", "nobody"),
    Line("0:20", "check", "finished", "mentioned"),
)


@dataclass(frozen=True, slots=True)
class Scene:
    """A demo in progress: its folder, its settings, and how many mails lie in the inbox."""

    folder: Path
    settings: Settings
    mails: int


@contextmanager
def staged(folder: Path) -> Iterator[Scene]:
    """Fill the new folder with settings, and serve inbox and API meanwhile."""
    password = secrets.token_urlsafe(16)
    demo.keep(folder / "password", password)
    demo.keep(folder / "api-key", KEY)
    with FakeApi() as api:
        mails = [*_told(api, datetime.now(UTC))]
        with inbox.serve(mails, password) as port:
            settings = _settings(folder / "config.yaml", port, api.url)
            yield Scene(folder, settings, len(mails))


def _told(api: FakeApi, now: datetime) -> Iterator[bytes]:
    """Have the API know all of the story, and give the mails of it."""
    inventor = Inventor(_SEED)
    for nth, line in enumerate(STORY):
        at = (now - _span(line.ago)).replace(microsecond=0)
        event = inventor.event(at, line.type, line.action)
        envelope = Envelope(inbox.USER, at, f"<demo-{nth}@truora.com>", results=_PROVEN)
        if line.told == "mentioned":
            yield _mention(api, event, envelope)
        else:
            api.add(event.type, event.action, event.object, at)
        if line.told == "mail":
            yield of_event(event, line.style, envelope, b"")
    envelope = Envelope(inbox.USER, now - _ALERT, "<demo-alert@truora.com>", results=_PROVEN)
    yield of_alert(Alert("failing", _ENDPOINT, 0.42, 0.8, 60), "en", envelope)


def _span(ago: str) -> timedelta:
    hours, minutes = map(int, ago.split(":"))
    return timedelta(hours=hours, minutes=minutes)


def _mention(api: FakeApi, event: Happening, envelope: Envelope) -> bytes:
    """A mail that says no more than that a check has finished; its subject says how."""
    subject = str(event.object["check_id"])
    told = {"check_id": subject, "status": "completed", "score": 0.93}
    told |= {"update_date": event.timestamp}
    api.resources[f"/v1/checks/{subject}"] = {"check": told}
    return written(envelope, "Check finished", f"The check {subject} has finished.\n")


def _settings(path: Path, port: int, api: str) -> Settings:
    path.write_text(
        _CONFIG.format(host=inbox.HOST, port=port, user=inbox.USER, checked=_CHECKED, api=api)
    )
    return config.load(path)
