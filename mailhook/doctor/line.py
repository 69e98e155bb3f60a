"""What the mail server can do, how quick and how safe the line to it is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from mailhook.config import MailboxSettings
from mailhook.doctor.model import Remark, advice, count, ok
from mailhook.sources.imap import Line

# A round trip slower than this holds up every sweep.
_SLOW_SECONDS = 2
_SOON_DAYS = 14


def remarks(settings: MailboxSettings, line: Line, now: datetime) -> Iterator[Remark]:
    """The sentences on one mailbox's connection."""
    yield _on_idle(settings, line)
    yield from _on_abilities(settings, line)
    yield from _on_tls(settings, line, now)


def _on_idle(settings: MailboxSettings, line: Line) -> Remark:
    name = settings.name
    trip = f"a round trip takes {_milliseconds(line.round_trip_seconds)}"
    if not settings.idle:
        return ok("mailbox", f"{name}: {trip}; IDLE is switched off by idle: false")
    polled = f"new mail is found only each {settings.poll_seconds:g} s: lower poll_seconds if"
    if line.idle_seconds is None:
        how = "refuses IDLE" if "IDLE" in line.capabilities else "has no IDLE"
        return advice("mailbox", f"{name}: {trip}; the server {how}, so {polled} that is too late")
    slowest = max(line.idle_seconds, line.round_trip_seconds)
    took = f"{name}: {trip}, IDLE begins and ends in {_milliseconds(line.idle_seconds)}"
    if slowest > _SLOW_SECONDS:
        return advice("mailbox", f"{took}: that is slow, so events come late; look at the network")
    return ok("mailbox", took)


def _on_abilities(settings: MailboxSettings, line: Line) -> Iterator[Remark]:
    name, verb = settings.name, settings.after.verb
    has = [one for one in ("UIDPLUS", "MOVE", "CONDSTORE", "NAMESPACE") if one in line.capabilities]
    if verb == "move" and "MOVE" not in line.capabilities:
        if "UIDPLUS" in line.capabilities:
            yield ok("mailbox", f"{name}: the server has no MOVE; COPY and UID EXPUNGE do as well")
        else:
            yield _cannot_expunge(settings, "neither MOVE nor UIDPLUS")
    elif verb == "delete" and "UIDPLUS" not in line.capabilities:
        yield _cannot_expunge(settings, "no UIDPLUS")
    yield ok("mailbox", f"{name}: the server has {', '.join(has) or 'none of the extensions used'}")


def _cannot_expunge(settings: MailboxSettings, lacks: str) -> Remark:
    return advice(
        "mailbox",
        f"{settings.name}: the server has {lacks}, so `after: {settings.after.verb}` can only mark"
        " mails as deleted, for a plain EXPUNGE would take other people's too: use `after: seen`"
        " or let a mail program expunge",
    )


def _on_tls(settings: MailboxSettings, line: Line, now: datetime) -> Iterator[Remark]:
    name = settings.name
    if line.tls is None:
        yield ok("mailbox", f"{name}: no TLS, on this machine only")
        return
    if line.certificate_until is None:
        yield ok("mailbox", f"{name}: {line.tls}")
        return
    days = (line.certificate_until - now) // timedelta(days=1)
    words = f"{name}: {line.tls}, the certificate is good for {count(days, 'more day')}"
    if days < _SOON_DAYS:
        todo = "see that it is renewed, or no mail will be read after that"
        yield advice("mailbox", f"{words}: {todo}")
    else:
        yield ok("mailbox", words)


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:,.0f} ms" if seconds >= 0.001 else "under 1 ms"  # noqa: PLR2004 - 1 ms
