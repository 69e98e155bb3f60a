"""The road of the API: what it lists, when, and in which state."""

from __future__ import annotations

from bisect import insort
from datetime import datetime
from functools import partial
from random import Random
from typing import Any

from mailhook import times
from mailhook.testing.api import FakeApi
from month.books import Books, Entry
from month.plan import HOUR, Plan, moment
from month.timeline import Timeline

_MAINTENANCE = 10**9


class Listing:
    """Keeps the API's list in the order in which it is told, the newest first."""

    def __init__(
        self, plan: Plan, books: Books, timeline: Timeline, api: FakeApi, random: Random
    ) -> None:
        self._plan, self._books, self._timeline = plan, books, timeline
        self._api, self._random = api, random

    def plan(self, entry: Entry) -> None:
        """List the event soon, or hours later, or never; its subject is known at once."""
        if entry.thin:
            status = {"check_id": entry.subject, "status": "completed"}
            self._api.resources[f"/v1/checks/{entry.subject}"] = {"check": status}
        shares = self._plan.shares
        if self._is_told_otherwise(entry) and self._random.random() < shares["unlisted"]:
            self._books.count("events never listed")
            return
        late = self._random.uniform(0, 300)
        if self._random.random() < shares["listed_late"]:
            self._books.count("items listed hours late")
            late = self._random.uniform(HOUR, 20 * HOUR)
        self._timeline.after(late, partial(self._list, entry))

    def garble(self) -> None:
        """List an event of which nobody can read the object."""
        self._books.unread_items += 1
        at = moment(self._timeline.now)
        self._sort_in(self._api.add("check", "finished", {}, at, object="{cut"))

    def go_down(self) -> None:
        """Answer nothing but that it is being mended."""
        self._api.fail(503, times=_MAINTENANCE, headers={"Retry-After": "3600"})

    def come_up(self) -> None:
        self._api.mend()

    def _is_told_otherwise(self, entry: Entry) -> bool:
        """By a mail that says its time: what no road tells nobody can know."""
        style = entry.style
        return bool(style and (style.with_time or style.layout in {"json", "token"}))

    def _list(self, entry: Entry) -> None:
        entry.roads.add("api")
        one, came = entry.event, "web" in entry.roads
        state = {"delivery_status": "success" if came else "pending"}
        item = self._api.add(one.type, one.action, one.object, one.at, **state)
        self._sort_in(item)
        if not came:
            self._timeline.after(4 * HOUR, partial(self._settle, entry, item))

    def _settle(self, entry: Entry, item: dict[str, Any]) -> None:
        """The item once more, with what became of its delivery."""
        self._books.count("items listed again, changed")
        item["delivery_status"] = "success" if "web" in entry.roads else "failure"
        item["update_date"] = times.short(_whole(moment(self._timeline.now)))

    def _sort_in(self, item: dict[str, Any]) -> None:
        self._api.events.pop()
        insort(self._api.events, item, key=_newest_first)


def _newest_first(item: dict[str, Any]) -> float:
    at = times.parse(str(item["timestamp"]))
    assert at
    return -at.timestamp()


def _whole(at: datetime) -> datetime:
    return at.replace(microsecond=0)
