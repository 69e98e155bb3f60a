"""What is wrong now, in words that may leave this machine.

A condition says nothing that a mail or a server has said: no address, no id,
no subject, no error text. Mailboxes and folders go by the names that the
operator gave them, an endpoint by its host.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from mailhook import times
from mailhook.guard import Standing
from mailhook.health import Folder, Room, deliveries, refused, room
from mailhook.health.refused import RefusedTokens
from mailhook.silence import Silence
from mailhook.store import Trouble

# A login refused only once may be a server's bad minute; the next try is a minute later.
_REFUSED_FOR = timedelta(seconds=90)
# An alert the vendor has not repeated for so long is history, as for `status`.
_FRESH = timedelta(days=7)
# So many mails of a day in quarantine are many; and so few, if they are most of the hooks.
_MANY, _FEW = 20, 3
# What was told is over only when it would not even be told if it were so much worse.
_BETTER = 1.5
# After a start, what waited in the mailboxes is to be read first.
_CATCHING_UP = timedelta(minutes=10)
_HOST = re.compile(r"[a-z0-9.:-]{1,253}")


# Whom the error of a folder calls for, by mailbox and folder.
Kinds = Mapping[tuple[str, str], Trouble | None]


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that is wrong.

    `words` name it and stay the same while it lasts; `advice` says how it
    stands and what to do. A higher `level` is worth telling again. Where not
    `begins`, it is not bad enough to be told, but too bad to be called over.
    """

    name: str
    words: str
    advice: str
    level: int = 1
    begins: bool = True


@dataclass(frozen=True, slots=True)
class Hooks:
    """Mails of the last 24 hours: how many wait in quarantine, how many were understood.

    `unproven` of those that wait look like hooks of senders that nothing proves.
    """

    waiting: int
    understood: int
    unproven: int = 0


def on_folders(
    folders: Sequence[Folder], kinds: Kinds, started: datetime, now: datetime
) -> Iterator[Condition]:
    """Folders without a round trip, counted from the service's start at the earliest."""
    for folder in folders:
        silent = folder.beat_at is None or now - folder.beat_at > folder.silent_after
        kind = kinds.get((folder.mailbox, folder.name)) if folder.error else None
        if kind in _FOR_PEOPLE:
            yield _for_people(folder, kind, now)
        elif folder.error or silent:
            begins = silent and now - started > folder.silent_after
            yield _silent(folder, begins=begins)


def on_alerts(alerts: Sequence[Mapping[str, Any]], now: datetime) -> Iterator[Condition]:
    """What the vendor is proven to have said of the hooks; one for all of a kind and host.

    `alerts` are rows of the open ones; the newest one's id is the level.
    """
    fresh = times.stored(now - _FRESH)
    levels: dict[tuple[str, str], int] = {}
    for alert in alerts:
        if alert["authenticity"] == "verified" and alert["last_seen_at"] >= fresh:
            about = alert["kind"], _host(alert["endpoint"])
            levels[about] = max(levels.get(about, 0), alert["id"])
    for (kind, host), level in levels.items():
        if kind in _ALERTS:
            words, advice = _ALERTS[kind]
            yield Condition(f"alert:{kind}:{host}", words.format(host), advice, level)


def on_quarantine(hooks: Hooks) -> Iterator[Condition]:
    """Many mails of a day that wait; told again when they are ten times as many."""
    begins = _is_much(hooks.waiting, hooks.understood)
    if begins or _is_much(hooks.waiting * _BETTER, hooks.understood):
        advice = (
            f"mails of the last 24 hours that wait there: {hooks.waiting}{_unproven(hooks)};"
            " see `mailhook quarantine list`"
        )
        level = len(str(hooks.waiting))
        yield Condition("quarantine", "the quarantine grows", advice, level, begins)


def on_refused(found: RefusedTokens) -> Iterator[Condition]:
    """Refused deliveries that look like the vendor's; told again when they are ten times as many.

    Of a single one there is nothing to say before it has come again.
    """
    if found.tokens:
        words = "deliveries are refused that look like the vendor's"
        level, begins = len(str(found.tokens)), found.deliveries >= _FEW
        yield Condition("refused", words, f"{found.in_words()}; {refused.TODO}", level, begins)


def on_disk(found: Room) -> Iterator[Condition]:
    """Little room on the store's file system; told again when there is none."""
    if room.is_full(found):
        advice = f"{room.left(found)}; {room.FULL_TODO}"
        yield Condition("disk", "the store's disk is full", advice, 2)
    elif room.is_short(found, _BETTER):
        advice = f"{room.left(found)}; make room, before mails have to wait"
        begins = room.is_short(found)
        yield Condition("disk", "the store's disk is nearly full", advice, begins=begins)


def on_guard(standing: Standing, warn_at: Sequence[float]) -> Iterator[Condition]:
    """Deliveries of web hooks that fail; told again at each level of `warn_at`.

    What is refused raises none, whatever it looks like: anybody may send such.
    """
    low = warn_at[0] / _BETTER if warn_at else math.inf
    if standing.level or (standing.ratio >= low and not standing.says_little):
        words, advice = "deliveries of web hooks fail", deliveries.advice(standing)
        yield Condition("guard", words, advice, standing.level, standing.level > 0)


def on_silence(
    silences: Iterable[Silence], started: datetime, now: datetime
) -> Iterator[Condition]:
    """Expected products of which no event comes."""
    for one in silences:
        told = times.said(one.last_at) if one.last_at else None
        last = f"the last came at {told}" if told else "none has come yet"
        yield Condition(
            f"silence:{one.product}",
            f"{one.product}: no event",
            f"{last}, the next was expected {one.expected}; see whether its hook or rule still"
            " stands in the vendor's dashboard",
            begins=now - started >= _CATCHING_UP,
        )


# What is not for the network to mend: words and advice.
_FOR_PEOPLE: dict[Trouble | None, tuple[str, str]] = {
    "refused": (
        "{mailbox}: the server refuses the login",
        "renew the password or token; `mailhook check` tells why",
    ),
    "settings": (
        "{mailbox}, {folder}: cannot be read as the settings stand",
        "`mailhook check` tells what to mend",
    ),
}
_ALERTS = {
    "delivery_failing": (
        "deliveries of hooks to {} fail",
        "look at its server, before the vendor switches the hook off",
    ),
    "hook_disabled": (
        "the hook for {} is switched off",
        "mend its server, then enable the hook in the vendor's dashboard",
    ),
}


def _for_people(folder: Folder, kind: Trouble | None, now: datetime) -> Condition:
    """What trying again does not mend: worse than silence, and told sooner."""
    words, advice = _FOR_PEOPLE[kind]
    words = words.format(mailbox=folder.mailbox, folder=folder.name)
    begins = now - (folder.failing_since or now) >= _REFUSED_FOR
    return Condition(_name(folder), words, advice, 2, begins)


def _silent(folder: Folder, *, begins: bool) -> Condition:
    words = f"{folder.mailbox}, {folder.name}: no round trip with the server"
    last = f"at {times.short(folder.beat_at)}" if folder.beat_at else "never"
    advice = f"the last one was {last}; see `mailhook status`"
    return Condition(_name(folder), words, advice, begins=begins)


def _name(folder: Folder) -> str:
    return f"folder:{folder.mailbox}/{folder.name}"


def _unproven(hooks: Hooks) -> str:
    """Only how many: of a person's own domain even the name would be personal."""
    if not hooks.unproven:
        return ""
    looks = "looks like a hook" if hooks.unproven == 1 else "look like hooks"
    return f", of which {hooks.unproven} {looks} whose sender nothing proves: run `mailhook doctor`"


def _is_much(waiting: float, understood: int) -> bool:
    return waiting >= _MANY or (waiting >= _FEW and waiting > understood)


def _host(endpoint: str | None) -> str:
    """The endpoint's host; its path may hold secrets."""
    try:
        host = urlsplit(endpoint or "").hostname or ""
    except ValueError:
        host = ""
    return host if _HOST.fullmatch(host) else "an endpoint that is not named"
