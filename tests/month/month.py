"""The month itself: what happens is planned, then done in order, against mailhook."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from http import HTTPStatus
from random import Random
from typing import Any

from dovecot import Account
from fake_api import key_file

from mailhook.errors import TemporaryError
from mailhook.testing.alerting import Kind
from mailhook.testing.api import FakeApi
from month.books import Alert, Books, Entry
from month.forgery import Forger
from month.hooks import KEY, OTHER_KEY, Hooks
from month.inventions import UNHOOKED, invent
from month.letters import Letters
from month.line import Line
from month.listing import Listing
from month.machine import Machine, WallClock
from month.plan import DAY, HOUR, Plan, moment
from month.postal import Mailbox
from month.timeline import Timeline

_LAST_EVENTS = 5


@dataclass
class Month:
    """Everything that takes part; `books` are what it came to."""

    plan: Plan
    machine: Machine
    mailbox: Mailbox
    api: FakeApi
    line: Line
    books: Books = field(default_factory=Books)
    timeline: Timeline = field(default_factory=Timeline)
    clock_seconds: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        plan, books, timeline = self.plan, self.books, self.timeline
        chances = [Random(plan.seed + nth) for nth in range(4)]  # noqa: S311 - the same each time
        self.random, post, api, forger = chances
        self.hooks = Hooks(books, timeline, self.line, self._alert)
        self.letters = Letters(plan, books, timeline, self.mailbox, post, self.read_mails)
        self.listing = Listing(plan, books, timeline, self.api, api)
        self.forger = Forger(plan.seed, forger)
        books.entries = invent(plan, self.random)

    def live(self) -> None:
        """Let it all happen, and have the API asked once it is over."""
        self.machine.clock.set(moment(0))
        self.machine.trust(KEY)
        self.machine.start()
        self._plan_all()
        for do in self.timeline.steps():
            if self.machine.is_dead:
                self._restart()
            self.machine.clock.set(moment(self.timeline.now))
            do()
        self._end()

    def read_mails(self) -> None:
        """Wait until every mail in the mailbox was looked at, starting it again where need be."""
        began = time.monotonic()
        while not self.mailbox.is_read(self.machine.store):
            if self.machine.is_dead:
                self._restart()
            self.machine.until(self._is_read_or_dead)
        self._spent("waiting for mails", began)

    def _is_read_or_dead(self) -> bool:
        return self.machine.is_dead or self.mailbox.is_read(self.machine.store)

    # What is planned

    def _plan_all(self) -> None:
        plan, at = self.plan, self.timeline.at
        for entry in self.books.entries:
            at((entry.event.at - moment(0)).total_seconds(), partial(self._happen, entry))
        for start, end, begin, over in self._outages():
            at(start, begin)
            at(end, over)
        at(plan.uidvalidity_at, self._renumber)
        for hours in range(1, int(plan.days * 24 / plan.reconcile_hours) + 1):
            at(hours * plan.reconcile_hours * HOUR, self._reconcile)
        self._plan_mischief()

    def _outages(self) -> Iterator[tuple[float, float, Callable[[], None], Callable[[], None]]]:
        plan, down, up = self.plan, partial(self._endpoint, down=True), self._endpoint
        yield plan.web_down.start, plan.web_down.end, down, up
        yield plan.api_down.start, plan.api_down.end, self.listing.go_down, self.listing.come_up
        yield plan.key_wrong.start, plan.key_wrong.end, self._rotate, self._repair
        if plan.flaky:
            yield plan.flaky.start, plan.flaky.end, self._flake, up

    def _plan_mischief(self) -> None:
        plan, chance, at = self.plan, self.random, self.timeline.at
        kinds = (self._kill_while_asking, self._kill_soon, self._kill)
        for nth in range(plan.kills):
            when = chance.uniform(0, plan.seconds)
            while plan.is_delicate(when):
                when = chance.uniform(0, plan.seconds)
            at(when, kinds[nth % len(kinds)])
        for _ in range(plan.forged_mails):
            at(chance.uniform(HOUR, plan.seconds), self._forge_mail)
        for _ in range(plan.forged_tokens):
            at(chance.uniform(HOUR, plan.seconds), self._forge_token)
        for _ in range(max(1, plan.kills // 2)):
            at(chance.uniform(0, plan.seconds), self._slow_down)

    # What happens

    def _happen(self, entry: Entry) -> None:
        self.letters.write(entry)
        self.listing.plan(entry)
        if entry.product != UNHOOKED:
            self.hooks.post(entry)

    def _alert(self, kind: Kind, share: float) -> None:
        self.letters.alert(self.machine.url, kind, share)
        if kind == "disabled":  # somebody sees to it a day later, if nobody has before
            self.timeline.after(DAY, partial(self.hooks.enable, is_told=True))

    def _endpoint(self, *, down: bool = False) -> None:
        self.line.is_down = down

    def _flake(self) -> None:
        self._endpoint(down=True)
        self.listing.garble()
        self._reconcile()

    def _rotate(self) -> None:
        self.hooks.key = OTHER_KEY

    def _repair(self) -> None:
        """The key is set right, what was refused is looked at again, the hook is switched on."""
        self.machine.trust(OTHER_KEY, KEY)
        counts = self.machine.call("token recheck", {})
        assert counts["verified"] == self.books.refused_tokens, (self.books.refused_tokens, counts)
        self.books.count("tokens refused, then believed", counts["verified"])
        for entry in self.books.entries:
            if entry.refused:
                entry.roads.add("web")
        if self.hooks.is_off:
            self.hooks.enable(is_told=False)

    def _renumber(self) -> None:
        """The mail server loses its index, and mailhook its life."""
        self.read_mails()
        self._kill()
        self.mailbox.renumber()
        self.books.count("UIDVALIDITY changed")

    def _slow_down(self) -> None:
        self.api.fail(429, headers={"Retry-After": "1"})
        self.books.count("429 of the API")

    def _kill(self) -> None:
        self.books.count("kills")
        self.machine.kill()

    def _kill_soon(self) -> None:
        """In the middle of whatever comes next: of a POST, most likely."""
        self.books.count("kills")
        self.machine.kill_soon(self.random.uniform(0, 0.03))

    def _kill_while_asking(self) -> None:
        self.books.count("kills")
        self.machine.kill_soon(self.random.uniform(0, 0.2))
        self._reconcile()
        self.machine.kill()

    def _restart(self) -> None:
        began = time.monotonic()
        self.machine.start()
        self._spent("starting it again", began)

    def _reconcile(self) -> dict[str, Any] | None:
        """What came of it; None where the service was killed over it."""
        began = time.monotonic()
        self.books.count("reconciles")
        try:
            done = self.machine.call("reconcile", {"since": None, "only": []})
        except TemporaryError:
            return None
        finally:
            self._spent("asking the API", began)
        self.books.count("found by the API alone", done["new"])
        return done

    def _forge_mail(self) -> None:
        self.letters.forge(self.forger.mail(self._known(), self.timeline.now))

    def _forge_token(self) -> None:
        if not self.line.is_down:
            status = self.line.post(self.forger.token(self._known(), self.timeline.now))
            assert status in {HTTPStatus.UNAUTHORIZED, None}
            self.books.count("forged tokens")

    def _known(self) -> Entry:
        """An event that may have been, or may yet be."""
        return self.random.choice(self.books.entries)

    def _end(self) -> None:
        """The last mails are read, the list is read to its end, a few events are but now."""
        self.timeline.now += HOUR
        if self.machine.is_dead:
            self._restart()
        self.machine.clock.set(moment(self.timeline.now))
        for entry in self._fresh():
            self.books.entries.append(entry)
            self.hooks.post(entry)
        for do in self.timeline.steps():
            do()
        self.read_mails()
        done = self._reconcile()
        assert done
        assert (done["is_whole"], done["errors"]) == (True, []), done
        for alert in self.books.alerts:
            if alert.kind != "hook_status" and alert.state == "open":
                alert.state = "lost" if self._is_beyond(alert) else "healed"

    def _fresh(self) -> list[Entry]:
        """Events of the last minutes, of which no mail has come yet."""
        plan = replace(self.plan, events=_LAST_EVENTS, seed=self.plan.seed + 9)
        found = {entry.subject: entry for entry in invent(plan, self.random)}
        at = moment(int(self.timeline.now) - 600)
        return [entry.dated(at) for entry in found.values() if entry.product != UNHOOKED]

    def _is_beyond(self, alert: Alert) -> bool:
        """Whether what could not be read was sent four hours before the alert or later.

        And before it was told for the last time, for then it is judged (docs/api.md).
        """
        flaky = self.plan.flaky
        return bool(
            flaky and flaky.start <= alert.last_at and alert.first_at <= flaky.end + 4 * HOUR
        )

    def _spent(self, what: str, began: float) -> None:
        spent = self.clock_seconds.get(what, 0.0) + time.monotonic() - began
        self.clock_seconds[what] = spent


@contextmanager
def month(plan: Plan, account: Account) -> Iterator[Month]:
    """A month with all that it needs, which ends with it."""
    home = account.home
    with FakeApi(page_size=100, order="none", repeats=3) as api:
        settings = {
            "mailboxes": [account.mailbox()],
            "api": {
                "key": {"file": str(key_file(home))},
                "base": api.base,
                "requests_per_second": 0,
                "requests_per_run": 100_000,
                "reconcile_minutes": 720,
            },
            "log": {"format": "json"},
        }
        machine = Machine(home, WallClock(home), settings)
        line, mailbox = Line(machine.port), Mailbox(account)
        try:
            yield Month(plan, machine, mailbox, api, line)
        finally:
            machine.kill()
            mailbox.close()
            line.close()
