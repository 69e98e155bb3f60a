"""What is to be done about the service and its folders, said once for all it concerns."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from mailhook import times
from mailhook.health.model import Advice, Folder, Service
from mailhook.silence import Silence

# Named one by one; of more, only how many.
_NAMED = 3

K = TypeVar("K", bound=Hashable)


def advise(service: Service, folders: Sequence[Folder]) -> Iterator[Advice]:
    """The gravest first. Where the service is stopped, silence has its reason already."""
    stopped = service.state == "stopped"
    if stopped and service.beat_at:
        yield Advice(_on_stopped(service.beat_at, service), topic="service")
    yield from _on_failing([one for one in folders if one.state == "failing"])
    if not stopped:
        yield from _on_never([one for one in folders if one.state == "never"], service)
        yield from _on_silent([one for one in folders if one.state == "silent"], service)
    yield from _on_refused(folders)


def on_silence(expected: Sequence[Silence], answers: Mapping[str, str]) -> Iterator[Advice]:
    """Each expected product of which no event comes; `answers` are the API's word, by product."""
    for one in expected:
        if one.state == "silent":
            since = f" since {times.said(one.last_at)}" if one.last_at else " ever"
            words = (
                f"{one.product}: no event{since}, though one was expected {one.expected}",
                answers.get(one.product),
                "see whether its hook or rule still stands in the vendor's dashboard",
            )
            yield Advice("; ".join(filter(None, words)), topic="silence")


def _on_stopped(beat_at: datetime, service: Service) -> str:
    since = times.said(beat_at)
    if service.took_leave:
        return f"the service was stopped at {since}; start it: `systemctl start mailhook`"
    return (
        f"no sign of the service since {since}: it is stopped or cannot write;"
        " see `systemctl status mailhook`"
    )


def _on_failing(folders: Sequence[Folder]) -> Iterator[Advice]:
    for group in _alike(folders, lambda one: (one.failing_since, one.error)):
        first = group[0]
        since = f" since {times.said(first.failing_since)}" if first.failing_since else ""
        told = f"{_names(group)}: no round trip{since}"
        yield Advice(f"{told}: {first.error}", topic="mailbox", brief=told)


def _on_never(folders: Sequence[Folder], service: Service) -> Iterator[Advice]:
    if folders:
        todo = (
            "the service has not got to it yet; if that lasts, see its log"
            if service.state == "running"
            else "start the service, or `mailhook poll`"
        )
        yield Advice(f"{_names(folders)}: never polled; {todo}", topic="mailbox")


def _on_silent(folders: Sequence[Folder], service: Service) -> Iterator[Advice]:
    if folders:
        since = min(one.beat_at for one in folders if one.beat_at)
        todo = (
            "the service runs but does not get there; see its log"
            if service.state == "running"
            else "is the service running, or the timer?"
        )
        yield Advice(
            f"{_names(folders)}: no completed round trip since {times.said(since)}; {todo}",
            topic="mailbox",
        )


def _on_refused(folders: Sequence[Folder]) -> Iterator[Advice]:
    for one in folders:
        if one.refused:
            told = f"{_name(one)}: mails still to be dealt with: {one.queued}"
            yield Advice(f"{told}; {one.refused}", topic="mailbox", brief=told)


def _alike(folders: Sequence[Folder], key: Callable[[Folder], K]) -> list[list[Folder]]:
    groups: dict[K, list[Folder]] = {}
    for one in folders:
        groups.setdefault(key(one), []).append(one)
    return list(groups.values())


def _names(folders: Sequence[Folder]) -> str:
    named = folders if len(folders) <= _NAMED else folders[: _NAMED - 1]
    rest = len(folders) - len(named)
    return "; ".join(map(_name, named)) + (f" and {rest} more" if rest else "")


def _name(folder: Folder) -> str:
    return f"{folder.mailbox}, {folder.name}"
