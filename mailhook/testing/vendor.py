"""The vendor: posts, tries again, switches off, and writes mails; by its own clock."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import Self

from mailhook.model import Json
from mailhook.testing.agenda import Agenda
from mailhook.testing.clock import Clock
from mailhook.testing.happening import Happening, sign
from mailhook.testing.inventing import Inventor
from mailhook.testing.letters import Style
from mailhook.testing.mailing import Send
from mailhook.testing.outbox import Outbox
from mailhook.testing.posting import post, refuse
from mailhook.testing.record import Attempt, Letter, Posting
from mailhook.testing.subscription import Subscription
from mailhook.testing.terms import Terms

_OFF = "the subscription is disabled"


class Vendor:
    """One subscription: tokens signed with `key` go to `url`, mails to `send`.

    To be used as a context, which ends its threads. What was sent can be asked for at any
    time: `attempts`, `delivered`, `lost`, `letters`. Raises ValueError for a URL that is
    neither http nor https.
    """

    def __init__(
        self,
        url: str,
        key: bytes,
        send: Send | None = None,
        terms: Terms | None = None,
        clock: Clock | None = None,
    ) -> None:
        refuse(url)
        self.url, self.terms, self.clock = url, terms or Terms(), clock or Clock()
        self._key = key
        self._agenda = Agenda(self.clock, self.terms.connections)
        self._inventor = Inventor(self.terms.seed)
        self._outbox = Outbox(self._agenda, self.terms, send)
        self._subscription = Subscription(self.terms)
        self._postings: list[Posting] = []
        self._attempts: list[Attempt] = []
        self._retries: dict[Posting, Callable[[], None]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # What it does

    def invent(
        self, type_name: str = "", action: str = "", *, after: float = 0, **members: Json
    ) -> Happening:
        """An event of now, or of so many of the vendor's seconds later; nothing is sent.

        `members` of its object are taken as they are. Raises ValueError for a kind that
        the catalogue does not have.
        """
        at = self.clock.date(self.clock.now() + after)
        return self._inventor.event(at, type_name, action, **members)

    def tell(self, event: Happening, style: Style | None = None, *, after: float = 0) -> Posting:
        """Post the event and write a mail of it."""
        self.mail(event, style, after=after)
        return self.post(event, after=after)

    def post(self, *events: Happening, after: float = 0) -> Posting:
        """Post a token with the events, now or later, with all its retries."""
        with self._agenda.changed:
            posting = Posting(len(self._postings) + 1, events, sign(events, self._key))
            self._postings.append(posting)
            self._agenda.at(self.clock.now() + after, partial(self._attempt, posting))
        return posting

    def mail(self, event: Happening, style: Style | None = None, *, after: float = 0) -> Letter:
        """Write a mail of the event, now or later. Raises ValueError where there is no `send`."""
        return self._outbox.tell(event, style or Style(), self._key, after)

    def enable(self) -> None:
        """What a person does in the dashboard: switch the subscription on again."""
        with self._agenda.changed:
            if self._subscription.enable():
                self._outbox.alert("enabled", self.url)

    def settle(self) -> None:
        """Wait until all is done that is due by now; retries yet to come are not.

        Raises TimeoutError after a minute of ours.
        """
        self._agenda.settle()

    def let_pass(self, seconds: float) -> None:
        """Wait until so many of the vendor's seconds have passed, with all that is due by then."""
        self._agenda.let_pass(seconds)

    def finish(self, patience_seconds: float = 60) -> None:
        """Wait until everything is delivered or lost, retries and all.

        Raises TimeoutError after so many of our seconds.
        """
        self._agenda.finish(patience_seconds)

    def until(self, wanted: Callable[[], object]) -> None:
        """Wait until it is so; looked at after each change. Raises TimeoutError after a minute."""
        self._agenda.until(wanted)

    def close(self) -> None:
        """Send nothing more."""
        self._agenda.close()

    # What it has done

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        """Every POST so far, in the order in which they ended."""
        with self._agenda.changed:
            return tuple(self._attempts)

    @property
    def delivered(self) -> tuple[Posting, ...]:
        """The tokens that were answered by a 2xx."""
        return self._with_fate("delivered")

    @property
    def lost(self) -> tuple[Posting, ...]:
        """The tokens that were given up, each with `why`."""
        return self._with_fate("lost")

    @property
    def waiting(self) -> tuple[Posting, ...]:
        """The tokens of which nothing is decided yet."""
        return self._with_fate("waiting")

    @property
    def letters(self) -> tuple[Letter, ...]:
        """Every mail so far, alerts too, in the order in which they were written."""
        with self._agenda.changed:
            return tuple(self._outbox.letters)

    @property
    def disabled_at(self) -> float | None:
        """Since which of the vendor's seconds the subscription is off; None while it is on."""
        return self._subscription.disabled_at

    @property
    def failing(self) -> float:
        """Which share of the attempts of the last window failed, as the vendor counts."""
        with self._agenda.changed:
            return self._subscription.share(self.clock.now())

    def _with_fate(self, fate: str) -> tuple[Posting, ...]:
        with self._agenda.changed:
            return tuple(posting for posting in self._postings if posting.fate == fate)

    # How it does it

    def _attempt(self, posting: Posting) -> None:
        with self._agenda.changed:
            self._retries.pop(posting, None)
            if self.disabled_at is not None:
                _give_up(posting, _OFF)
                return
            began = self.clock.now()
        answer = post(self.url, posting.token, self.clock.ours(self.terms.timeout_seconds))
        with self._agenda.changed:
            attempt = Attempt(posting, len(posting.attempts) + 1, began, answer)
            posting.attempts.append(attempt)
            self._attempts.append(attempt)
            self._decide(attempt)
            self._count(attempt)
            self._agenda.changed.notify_all()

    def _decide(self, attempt: Attempt) -> None:
        posting, waits = attempt.posting, self.terms.retry_seconds
        if attempt.ok:
            posting.fate, posting.why = "delivered", ""
        elif self.disabled_at is not None:
            _give_up(posting, _OFF)
        elif attempt.nth > len(waits):
            _give_up(posting, f"{attempt.nth} attempts failed")
        else:
            again = self._retries[posting] = partial(self._attempt, posting)
            self._agenda.at(self.clock.now() + waits[attempt.nth - 1], again)

    def _count(self, attempt: Attempt) -> None:
        """Go by the rule; where it switches off, what waits for a retry is given up."""
        told = self._subscription.note(self.clock.now(), ok=attempt.ok)
        if told == "disabled":
            self._agenda.drop(self._retries.values())
            for posting in self._retries:
                _give_up(posting, _OFF)
            self._retries.clear()
        if told:
            self._outbox.alert(told, self.url, self._subscription.share(self.clock.now()))


def _give_up(posting: Posting, why: str) -> None:
    posting.fate, posting.why = "lost", why
    if posting.attempts:
        posting.why += f"; the last attempt: {posting.attempts[-1].answer.told}"
