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
from month.timeline import Timeline

KEY = b"month-signing-key-0123456789abcdef"
OTHER_KEY = b"month-rotated-key-0123456789abcdef"
_SECOND = 1.0


class Hooks:
    """Posts each event until it is answered 200, as the vendor does; `alert` writes its mails."""

    def __init__(
        self, books: Books, timeline: Timeline, line: Line, alert: Callable[[Kind, float], None]
    ) -> None:
        self._books, self._timeline, self._line, self._alert = books, timeline, line, alert
        self._terms = Terms()
        self._subscription = Subscription(self._terms)
        self._was_off = False
        self.key = KEY

    @property
    def is_off(self) -> bool:
        return self._subscription.disabled_at is not None

    def post(self, entry: Entry) -> None:
        """The first attempt, a second after the event; the others follow by themselves."""
        token = sign([entry.event], self.key)
        self._timeline.after(_SECOND, partial(self._attempt, entry, token, 1))

    def enable(self, *, is_told: bool) -> None:
        """What a person does in the dashboard; a mail tells of it, or that mail is lost."""
        assert self._subscription.enable()
        if is_told:
            self._alert("enabled", 0)
        else:
            self._was_off = True

    def _attempt(self, entry: Entry, token: str, nth: int) -> None:
        if self.is_off:
            self._books.count("hooks given up, as the hook is off")
            return
        status = self._line.post(token)
        self._books.count("attempts")
        if status == HTTPStatus.OK:
            self._came(entry)
        else:
            self._failed(entry, token, nth, status)
        told = self._subscription.note(self._timeline.now, ok=status == HTTPStatus.OK)
        if told:
            self._alert(told, self._subscription.share(self._timeline.now))

    def _came(self, entry: Entry) -> None:
        entry.roads.add("web")
        if self._was_off:
            self._count_of_three()

    def _count_of_three(self) -> None:
        """Three tokens of later events tell mailhook what no mail has told."""
        self._books.count("hooks after a silent enabling")
        if self._books.counts["hooks after a silent enabling"] >= 3:
            self._books.resolve("web")
            self._was_off = False

    def _failed(self, entry: Entry, token: str, nth: int, status: int | None) -> None:
        self._books.count("failed attempts")
        if status == HTTPStatus.UNAUTHORIZED and not entry.refused:
            entry.refused = True
            self._books.refused_tokens += 1
        waits = self._terms.retry_seconds
        if nth <= len(waits):
            again = partial(self._attempt, entry, token, nth + 1)
            self._timeline.after(waits[nth - 1], again)
        else:
            self._books.count("hooks given up after six attempts")
