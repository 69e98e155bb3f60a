"""The month's own books: each event, and which roads have brought it, by who sent and answered."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from mailhook import catalog, times
from mailhook.testing import Happening, Style

Name = tuple[str, str, str, str]
ROADS = ("email", "web", "api")


@dataclass(slots=True)
class Entry:
    """One event. `subject` is the id it is about; `roads` are those that have brought it.

    `style` is how its mail is written, None where there is none. A `thin` one is an end that
    does not say which; what the API says of its subject completes it. One that `was_cut`
    was posted to a service that has not answered.
    """

    event: Happening
    subject: str
    style: Style | None
    thin: bool = False
    roads: set[str] = field(default_factory=set)
    refused: bool = False
    was_cut: bool = False

    @property
    def name(self) -> Name:
        """What it is known by, whatever its key: subject, type, action, the vendor's time."""
        one = self.event
        return (self.subject, one.type, one.action, times.stored(one.at))

    def dated(self, at: datetime) -> Entry:
        """The same event at another time."""
        return replace(self, event=replace(self.event, at=at), roads=set())

    @property
    def product(self) -> str:
        return catalog.load().types[self.event.type].product


@dataclass(slots=True)
class Alert:
    """A row of `alerts` as it is to be; moments are seconds of the month."""

    kind: str
    first_at: float
    last_at: float
    sightings: int = 1
    state: str = "open"
    resolved_by: str | None = None


@dataclass(slots=True)
class Books:
    """All of it, and how often each kind of mischief was done."""

    entries: list[Entry] = field(default_factory=list)
    alerts: list[Alert] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    refused_tokens: int = 0
    unread_items: int = 0

    def count(self, what: str, more: int = 1) -> None:
        self.counts[what] = self.counts.get(what, 0) + more

    def told(self) -> Iterator[Entry]:
        """The events that any road has brought."""
        return (entry for entry in self.entries if entry.roads)

    def learn(self, brought: Collection[Name]) -> None:
        """What was killed before its answer may be recorded, which the vendor cannot know.

        Such events of which the store says that web hooks brought them were brought.
        """
        for entry in self.entries:
            if entry.was_cut and entry.name in brought:
                entry.roads.add("web")

    def tell(self, kind: str, at: float) -> None:
        """A mail about the hook was read: it joins one of the last day, or is another alert."""
        joins = [
            one
            for one in self.alerts
            if one.kind == kind and one.state != "resolved" and abs(at - one.last_at) <= 24 * 3600
        ]
        if joins:
            joins[-1].sightings += 1
            joins[-1].last_at = max(joins[-1].last_at, at)
        else:
            self.alerts.append(Alert(kind, at, at))

    def resolve(self, by: str) -> None:
        """The hook is on again: so says a mail, or the hooks that come."""
        for one in self.alerts:
            if one.kind == "hook_disabled" and one.state != "resolved":
                one.state, one.resolved_by = "resolved", by
