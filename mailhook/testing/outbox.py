"""The mails the vendor writes, and whether they were taken."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from random import Random

from mailhook.testing import letters
from mailhook.testing.agenda import Agenda
from mailhook.testing.alerting import Alert, Kind, of_alert
from mailhook.testing.envelope import Envelope
from mailhook.testing.happening import Happening
from mailhook.testing.letters import Style
from mailhook.testing.mailing import Send
from mailhook.testing.record import Letter
from mailhook.testing.terms import Terms

_MAILBOX = "hooks@example.com"


class Outbox:
    """Writes mails and has them sent when they are due; without a `send` it writes no alerts."""

    def __init__(self, agenda: Agenda, terms: Terms, send: Send | None) -> None:
        self._agenda, self._terms, self._send = agenda, terms, send
        self._random = Random(terms.seed)  # noqa: S311 - it is to be the same again
        self.letters: list[Letter] = []

    def tell(self, event: Happening, style: Style, key: bytes, after: float) -> Letter:
        """A mail of the event, sent so many seconds from now. Raises ValueError without `send`."""
        if not self._send:
            raise ValueError("this vendor was given nobody who sends its mails")
        about = f"{event.type}.{event.action}"
        return self._write(
            about, lambda envelope: letters.of_event(event, style, envelope, key), _MAILBOX, after
        )

    def alert(self, kind: Kind, url: str, share: float = 0) -> None:
        """The same alert to everybody who gets alerts."""
        if not self._send:
            return
        terms = self._terms
        alert = Alert(kind, url, share, terms.disable_ratio, round(terms.window_seconds / 60))
        for address in terms.alert_to:
            self._write(kind, partial(of_alert, alert, terms.alert_language), address)

    def _write(
        self, about: str, write: Callable[[Envelope], bytes], to: str, after: float = 0
    ) -> Letter:
        with self._agenda.changed:
            at = self._agenda.clock.now() + after
            name = f"<{self._random.getrandbits(96):024x}@mail.truora.com>"
            date = self._agenda.clock.date(at)
            letter = Letter(write(Envelope(to, date, name, results=self._terms.results)), about)
            self.letters.append(letter)
            self._agenda.at(at, partial(self._post, letter))
        return letter

    def _post(self, letter: Letter) -> None:
        try:
            if self._send:
                self._send(letter.raw)
        except OSError as error:
            letter.error = str(error) or type(error).__name__
        else:
            letter.sent_at = self._agenda.clock.now()
