"""The rules of one event, one row, said a second time: slowly, in full, from the design's words.

A row is nothing but the tellings that went into it; whatever it says is
worked out of them anew each time it is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

WINDOW = timedelta(seconds=180)
AHEAD = timedelta(seconds=10)
EQUAL = timedelta(seconds=5)
APART = timedelta(seconds=60)


@dataclass(frozen=True)
class Told:
    """One notice: by which road, proven or not, of which fact, and when.

    `at` is the vendor's time, None where it tells none; `date` is that of the
    mail, `mail` its Message-ID. `ids` are the vendor's, by their kind.
    """

    road: str
    proven: bool
    subject: str
    what: str
    repeats: bool
    date: datetime
    mail: str
    at: datetime | None = None
    ids: Mapping[str, str] = field(default_factory=dict)
    object: Mapping[str, Any] = field(default_factory=dict)
    mentioned: bool = False

    @property
    def fact(self) -> tuple[str, str]:
        return self.subject, self.what

    @property
    def time(self) -> datetime:
        return self.at or self.date

    @property
    def key(self) -> str:
        base = f"{self.subject}/{self.what}"
        return f"{base}@{text(self.time)}" if self.repeats else base

    @property
    def name(self) -> str | None:
        """What a mail calls its notice, so that its copy is known."""
        if not self.repeats or self.at:
            return None
        mark = "" if self.proven else "?"
        return f"mail:{self.mail}#1/{self.what}@{text(self.date)}{mark}"


@dataclass
class Row:
    """One event: its key, assigned once, and everything ever told of it.

    `heard` leaves out the sightings that named a second row as well.
    """

    key: str
    sightings: list[Told]
    heard: list[Told]

    @property
    def fact(self) -> tuple[str, str]:
        return self.sightings[0].fact

    @property
    def proven(self) -> bool:
        return any(told.proven for told in self.sightings)

    @property
    def believed(self) -> list[Told]:
        """Content comes only from sightings of the row's own authenticity."""
        return [told for told in self.heard if told.proven == self.proven]

    @property
    def exact(self) -> list[Told]:
        """What was told exactly replaces what was only mentioned."""
        return [told for told in self.believed if not told.mentioned] or self.believed

    @property
    def at(self) -> datetime | None:
        """The first time of the vendor's."""
        return next((told.at for told in self.believed if told.at), None)

    @property
    def time(self) -> datetime:
        return self.at or self.believed[0].date

    @property
    def ids(self) -> dict[str, str]:
        ids: dict[str, str] = {}
        for told in self.believed:
            ids = {**told.ids, **ids}
        return ids

    @property
    def object(self) -> dict[str, Any]:
        joined: dict[str, Any] = {}
        for told in self.exact:
            joined = {**told.object, **joined}
        return joined

    def other_id(self, told: Told) -> bool:
        return any(self.ids.get(kind, name) != name for kind, name in told.ids.items())

    def place_is_free(self, told: Told) -> bool:
        """A row has one place a road for what is proven, and one for what is not."""
        return not any(
            (seen.road, seen.proven) == (told.road, told.proven) for seen in self.sightings
        )


class Model:
    """What the store should hold, telling by telling."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.names: dict[str, Row] = {}

    def hear(self, told: Told) -> bool:
        """Whether the telling makes a new row."""
        row = self._row_of(told)
        silent = len(self._named(told)) > 1
        if not silent:
            self._take_back_ids(told, row)
        if row is None:
            row = Row(self._free_key(told), [told], [told])
            self.rows.append(row)
            self._call(row, told, with_key=False)
            return True
        if told.proven and not row.proven:
            self._forget(row)
        row.sightings.append(told)
        if not silent:
            row.heard.append(told)
        if not silent and (told.proven or not row.proven):
            self._call(row, told, with_key=True)
        elif told.name and not told.proven:
            # It changes nothing there, but the same mail once more is no second event.
            self.names.setdefault(told.name, row)
        return False

    def _row_of(self, told: Told) -> Row | None:
        rules: tuple[Callable[[Told, list[Row]], list[Row]], ...] = (
            self._by_id,
            self._by_mail,
            *((_at_its_time, _by_date) if told.repeats else (_once,)),
        )
        for proofs in ([True], [False]) if told.proven else ([True, False],):
            rows = [row for row in self.rows if row.proven in proofs and row.fact == told.fact]
            for rule in rules:
                if found := rule(told, rows):
                    return found[0]
        return None

    def _by_id(self, told: Told, rows: list[Row]) -> list[Row]:
        """The vendor's ids decide first."""
        named = [self.names[name] for name in told.ids.values() if name in self.names]
        return [row for row in named if row in rows]

    def _named(self, told: Told) -> list[Row]:
        """The recorded events that it names; beside a proven notice only proven ones count."""
        rows = [row for row in self.rows if row.fact == told.fact]
        named: list[Row] = []
        for row in self._by_id(told, rows):
            if row not in named and (row.proven or not told.proven):
                named.append(row)
        return named

    def _by_mail(self, told: Told, rows: list[Row]) -> list[Row]:
        """The same mail once more; one that is proven is no copy of one that is not, but
        proves what nothing else has proven yet.
        """
        if not told.name:
            return []
        plain = told.name.rstrip("?")
        found = []
        for name in (told.name, plain, f"{plain}?"):
            row = self.names.get(name)
            lent = name.endswith("?") and told.proven and row is not None and row.proven
            if row in rows and not row.other_id(told) and not lent:
                found.append(row)
        return found

    def _take_back_ids(self, told: Told, row: Row | None) -> None:
        for name in told.ids.values():
            holder = self.names.get(name)
            if holder and holder is not row and told.proven and not holder.proven:
                del self.names[name]

    def _forget(self, row: Row) -> None:
        """An unproven sighting lends a proven row no alias; an unproven mail's own name stays."""
        self.names = {
            name: holder
            for name, holder in self.names.items()
            if holder is not row or name.endswith("?")
        }

    def _call(self, row: Row, told: Told, *, with_key: bool) -> None:
        names = [*told.ids.values(), *([told.name] if told.name else [])]
        if with_key and not self._is_taken(told.key):
            names.append(told.key)
        for name in names:
            self.names.setdefault(name, row)

    def _free_key(self, told: Told) -> str:
        wanted = told.key
        if self._is_taken(wanted) and not told.repeats:
            wanted = f"{wanted}@{text(told.time)}"
        key, number = wanted, 1
        while self._is_taken(key):
            number += 1
            key = f"{wanted}~{number}"
        return key

    def _is_taken(self, key: str) -> bool:
        return key in self.names or any(row.key == key for row in self.rows)


def _at_its_time(told: Told, rows: list[Row]) -> list[Row]:
    """Vendor times within 5 s are equal, but not between two ids of one kind: these are one
    event only where a retry said the same of the same moment.
    """
    if told.at is None:
        return []
    same = [
        row
        for row in rows
        if row.at and (_retold(told, row) if row.other_id(told) else abs(row.at - told.at) <= EQUAL)
    ]
    return _nearest(told, same)


def _retold(told: Told, row: Row) -> bool:
    """An id renewed by a retry: each other id of its kind came with this very time and object."""
    return all(
        any(
            kind in seen.ids and (seen.at, seen.object) == (told.at, told.object)
            for seen in row.believed
        )
        for kind, name in told.ids.items()
        if row.ids.get(kind, name) != name
    )


def _by_date(told: Told, rows: list[Row]) -> list[Row]:
    """A mail's date lies in the window of the vendor's time; between roads, one to one."""
    near = []
    for row in rows:
        if (row.at is None) == (told.at is None):
            continue
        vendor, mail = (told.at, row.time) if told.at else (row.at, told.time)
        in_window = vendor is not None and mail - WINDOW <= vendor <= mail + AHEAD
        if in_window and row.place_is_free(told) and not row.other_id(told):
            near.append(row)
    return _nearest(told, near)


def _once(told: Told, rows: list[Row]) -> list[Row]:
    """What cannot repeat is one event, unless vendor times lie over 60 s apart."""
    same = [row for row in rows if not (row.at and told.at and abs(row.at - told.at) > APART)]
    return _nearest(told, same)


def _nearest(told: Told, rows: list[Row]) -> list[Row]:
    """Those without another id of its kind first, then the nearest, the proven, the oldest."""
    return sorted(
        rows,
        key=lambda row: (row.other_id(told), abs(row.time - told.time), not row.proven),
    )


def text(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
