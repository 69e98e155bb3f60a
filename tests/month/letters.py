"""The road of mails: what is written of an event, and what becomes of it on the way."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import count
from random import Random

import mails

from mailhook.testing import Alert, Envelope, Terms, of_alert, of_event
from mailhook.testing.alerting import Kind
from month.books import Books, Entry
from month.hooks import KEY
from month.plan import HOUR, Plan, moment
from month.postal import Mailbox
from month.timeline import Timeline

TO = "hooks@example.com"
_KINDS = {"failing": "delivery_failing", "disabled": "hook_disabled", "enabled": "hook_status"}
_OTHER_WAY = b"Received: from relay.example.com by mx.example.com; once more\r\n"


class Letters:
    """Writes the vendor's mails; `read` waits until all that lies in the mailbox was read."""

    def __init__(  # noqa: PLR0917 - who takes part
        self,
        plan: Plan,
        books: Books,
        timeline: Timeline,
        mailbox: Mailbox,
        random: Random,
        read: Callable[[], None],
    ) -> None:
        self._plan, self._books, self._timeline = plan, books, timeline
        self._mailbox, self._random, self._read = mailbox, random, read
        self._numbers = count(1)

    def write(self, entry: Entry) -> None:
        """The mail of the event: its Date is when it was sent, whenever it arrives."""
        if entry.style is None:
            return
        shares, sent_after = self._plan.shares, self._random.uniform(1, 60)
        if self._random.random() < shares["mail_lost"]:
            self._books.count("mails lost")
            return
        raw = of_event(entry.event, entry.style, self._envelope(sent_after), KEY)
        late = self._random.uniform(1, 90)
        if self._random.random() < shares["mail_late"]:
            self._books.count("mails hours late")
            late = self._random.uniform(HOUR, 20 * HOUR)
        self._timeline.after(sent_after + late, partial(self._arrive, raw, entry))
        if self._random.random() < shares["mail_doubled"]:
            self._books.count("mails doubled")
            other = _OTHER_WAY + raw if self._random.random() < 1 / 2 else raw
            again = sent_after + late + self._random.uniform(0, 3 * HOUR)
            self._timeline.after(again, partial(self._arrive, other, entry))

    def alert(self, endpoint: str, kind: Kind, share: float) -> None:
        """The mails about the hook itself, to its creator and its owner; read at once."""
        for _ in Terms().alert_to:
            told = Alert(kind, endpoint, failed=share)
            self._put(of_alert(told, "en", self._envelope(0)))
            self._read()
            self._books.tell(_KINDS[kind], self._timeline.now)
        self._books.count(f"alerts: {kind}")
        if kind == "enabled":
            self._books.resolve("mail")

    def forge(self, raw: bytes) -> None:
        """A mail that is not the vendor's."""
        self._books.count("forged mails")
        self._put(raw)

    def _arrive(self, raw: bytes, entry: Entry) -> None:
        entry.roads.add("email")
        self._put(raw)

    def _put(self, raw: bytes) -> None:
        self._books.count("mails in the mailbox")
        self._mailbox.put(raw, moment(self._timeline.now))

    def _envelope(self, after: float) -> Envelope:
        name = f"<{next(self._numbers)}.{self._plan.seed}@mail.truora.com>"
        return Envelope(TO, moment(self._timeline.now + after), name, results=mails.PROOF)
