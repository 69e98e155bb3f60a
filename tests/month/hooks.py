"""The road of web hooks: tokens, retries, and the subscription that may be switched off."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from http import HTTPStatus

from mailhook.testing import Terms, sign
from mailhook.testing.alerting import Kind
from mailhook.testing.subscription import Subscription
from month.books import Books, Entry
from month.line import Line
from month.plan import moment
from month.timeline import Timeline

KEY = b"month-signing-key-0123456789abcdef"
OTHER_KEY = b"month-rotated-key-0123456789abcdef"
_SECOND = 1.0
_TOKENS = 3


class Hooks:
    """Posts each event until it is answered 200, as the vendor does; `alert` writes its mails."""

    def __init__(
        self, books: Books, timeline: Timeline, line: Line, alert: Callable[[Kind, float], None]
    ) -> None:
        self._books, self._timeline, self._line, self._alert = books, timeline, line, alert
        self._terms = Terms()
        self._subscription = Subscription(self._terms)
        self._era, self._off_at = 0, 0.0
        self._carried, self._ceased, self._silent = set[str](), set[str](), 0
        self.key = KEY

    @property
    def is_off(self) -> bool:
        return self._subscription.disabled_at is not None

    def post(self, entry: Entry) -> None:
        """The first attempt, a second after the event; the others follow by themselves."""
        token = sign([entry.event], self.key)
        self._timeline.after(_SECOND, partial(self._attempt, entry, token, 1, self._era))

    def enable(self, *, is_told: bool) -> None:
        """What a person does in the dashboard, if need be; a mail tells of it, or it is lost."""
        if not self._subscription.enable():
            return
        self._silent = 0 if is_told else _TOKENS
        if is_told:
            self._alert("enabled", 0)

    def _attempt(self, entry: Entry, token: str, nth: int, era: int) -> None:
        if self.is_off or era != self._era:  # what waits when it is switched off is given up
            if entry.event.at > moment(self._off_at) and entry.product in self._carried:
                self._ceased.add(entry.product)
            self._books.count("hooks given up, as the hook is off")
            return
        status = self._line.post(token)
        self._books.count("attempts")
        if status == HTTPStatus.OK:
            self._came(entry)
        else:
            self._failed(entry, token, nth, status)
        told = self._subscription.note(self._timeline.now, ok=status == HTTPStatus.OK)
        if told == "disabled":
            self._era, self._off_at = self._era + 1, self._timeline.now
            self._ceased = set()
        if told:
            self._alert(told, self._subscription.share(self._timeline.now))

    def _came(self, entry: Entry) -> None:
        """Three tokens of later events tell mailhook that it is on, where no mail has.

        And one of each product that came before and was given up since: another hook may
        post what never ceased.
        """
        entry.roads.add("web")
        self._carried.add(entry.product)
        if self._silent and entry.event.at > moment(self._off_at):
            self._ceased.discard(entry.product)
            self._silent = max(self._silent - 1, 1 if self._ceased else 0)
            if not self._silent:
                self._books.resolve("web")

    def _failed(self, entry: Entry, token: str, nth: int, status: int | None) -> None:
        self._books.count("failed attempts")
        entry.was_cut |= status is None and not self._line.is_down
        if status == HTTPStatus.UNAUTHORIZED and not entry.refused:
            entry.refused = True
            self._books.refused_tokens += 1
        waits = self._terms.retry_seconds
        if nth <= len(waits):
            again = partial(self._attempt, entry, token, nth + 1, self._era)
            self._timeline.after(waits[nth - 1], again)
        else:
            self._books.count("hooks given up after six attempts")
