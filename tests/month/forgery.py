"""What others send in the vendor's name: mails without proof, tokens with keys of their own."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import get_args

import mails

from mailhook.testing import Alert, Envelope, Happening, Inventor, Style, of_alert, of_event, sign
from mailhook.testing.alerting import Kind
from mailhook.testing.letters import LAYOUTS
from month.books import Entry
from month.letters import TO
from month.plan import moment

MARK = "FORGED"
ROBBERS_KEY = b"robbers-signing-key-0123456789abc"
_SERVER = f"{mails.SERVER}; dmarc=fail header.from=truora.com"
_KINDS: tuple[Kind, ...] = get_args(Kind)
_ELSEWHERE = "mx.evil.example; dmarc=pass header.from=truora.com"
_ON_TOP = f"Authentication-Results: {_SERVER}\r\n".encode()


class Forger:
    """Lies about genuine subjects and about some that are not there."""

    def __init__(self, seed: int, random: Random) -> None:
        self._inventor, self._random = Inventor(f"forged {seed}"), random
        self._count = 0

    def mail(self, known: Entry, at: float) -> bytes:
        """A mail of the vendor's, in all but its proof."""
        self._count += 1
        results = self._random.choice((None, _SERVER, _ELSEWHERE, mails.PROOF))
        envelope = Envelope(TO, moment(at), f"<{MARK}.{self._count}@truora.com>", results=results)
        raw = self._written(known, at, envelope)
        # What the mail brought along does not count below what the server found.
        return _ON_TOP + raw if results == mails.PROOF else raw

    def token(self, known: Entry, at: float) -> str:
        """A token that no key of ours has signed."""
        return sign([self._lie(known, at)], ROBBERS_KEY)

    def _written(self, known: Entry, at: float, envelope: Envelope) -> bytes:
        if self._random.random() < 1 / 10:
            kind = self._random.choice(_KINDS)
            return of_alert(Alert(kind, f"https://{MARK}.example.com/"), "en", envelope)
        style = Style(self._random.choice(LAYOUTS), with_id=self._random.random() < 1 / 2)
        return of_event(self._lie(known, at), style, envelope, ROBBERS_KEY)

    def _lie(self, known: Entry, at: float) -> Happening:
        if self._random.random() < 1 / 4:
            event = self._inventor.event(moment(int(at)))
            return replace(event, object={**event.object, "status": MARK})
        told = {**known.event.object, "status": MARK, "national_id": MARK}
        return replace(known.event, object=told)
