"""The thread that looks for what is wrong and sends letters about it.

It reads by a connection of its own and waits for nobody else, nor does anybody
wait for it: a target that hangs holds up other letters for a minute, and no mail.
A letter that was sent but whose row the process did not live to delete is sent
once more: at least once, not exactly once.
"""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Sequence
from datetime import datetime

from mailhook import times
from mailhook.alarms import post, sight, wording
from mailhook.alarms.course import News, step
from mailhook.config import Secret, Settings
from mailhook.errors import ConfigError, MailhookError, whereabouts
from mailhook.notify import Posting, send
from mailhook.store import Reader, Store, warned
from mailhook.store.warned import Alarm, Letter

log = logging.getLogger(__name__)

_STOP_SECONDS = 1


class Alarms:
    """A thread that takes a turn whenever the bell rings: look, write letters, send what is due.

    No method raises for a store that is locked, gone or full; then what was told
    is known only to this process. Where settings change, close this one and make
    another; what is no longer in the settings is told to be over.
    """

    ring_seconds = 15
    """How often the bell is to be rung."""

    def __init__(
        self, settings: Settings, store: Store, *, started: datetime | None = None
    ) -> None:
        self.bell = threading.Event()
        self._settings, self._store = settings, store
        self._since = started or times.now()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="alarms", daemon=True)
        self._targets = {f"notify[{nth}]": one.url for nth, one in enumerate(settings.notify)}
        self._alarms: dict[str, Alarm] | None = None  # not read yet
        self._letters: list[Letter] = []
        self._kept: object = None
        self._sent_at: dict[str, datetime] = {}
        self._complaint = ""

    def start(self) -> None:
        """Take turns until closed, the first at once."""
        self._thread.start()

    def close(self) -> None:
        """End the thread within a second; what is being sent is sent again at the next start."""
        self._stop.set()
        self.bell.set()
        if self._thread.is_alive():
            self._thread.join(_STOP_SECONDS)

    def look(self, now: datetime) -> None:
        """See what is wrong at `now`, and write letters about what is new."""
        if sight.is_blind(self._settings):
            self._since = now
        try:
            with Reader(self._store.path) as reader:
                if self._alarms is None:
                    self._recall(reader)
                found = sight.conditions(self._settings, reader, self._since, now)
        except MailhookError as error:
            self._complain(f"the alarms cannot look: {error}")
            return
        self._alarms, news = step(self._alarms or {}, found, now)
        if news:
            self._write(news, now)
        self._keep()

    def send(self, now: datetime) -> None:
        """Send the letters that are due, all at once, and wait for a minute at most."""
        letters = post.due(self._letters, self._sent_at, now)
        if not letters:
            return
        for letter, why in zip(letters, self._sent(letters), strict=True):
            if why is None:
                self._sent_at[letter.target] = now
                self._letters.remove(letter)
                log.info("told", extra={"target": letter.target})
            elif not self._stop.is_set():
                self._put_off(letter, why, now)
        self._keep()

    def _run(self) -> None:
        while True:
            self.bell.clear()
            if self._stop.is_set():  # asked after the bell was cleared: no ring for the end is lost
                return
            try:
                self.look(times.now())
                self.send(times.now())
            except Exception as bug:  # noqa: BLE001 - our bug must not silence the alarms
                if not self._stop.is_set():  # the store may have been closed meanwhile
                    log.error("a bug of mailhook: %s", whereabouts(bug))  # noqa: TRY400 - its message may quote a mail
            self.bell.wait()

    def _recall(self, reader: Reader) -> None:
        alarms, letters = warned.read(reader)
        self._alarms = {alarm.name: alarm for alarm in alarms}
        self._letters = [letter for letter in letters if letter.target in self._targets]
        self._kept = (alarms, letters)

    def _write(self, news: Sequence[News], now: datetime) -> None:
        text = wording.title(news, socket.gethostname()), wording.body(news)
        self._letters = post.written(self._letters, list(self._targets), text, now)
        log.info("an alarm goes out", extra={"things": len(news), "targets": len(self._targets)})

    def _sent(self, letters: Sequence[Letter]) -> list[str | None]:
        """For each letter None, or why it was not delivered."""
        urls = [_revealed(self._targets[letter.target]) for letter in letters]
        readable = [
            Posting(url, letter.title, letter.body)
            for letter, url in zip(letters, urls, strict=True)
            if url is not None
        ]
        whys = iter(send(readable, stop=self._stop))
        return ["its URL cannot be read" if url is None else next(whys) for url in urls]

    def _put_off(self, letter: Letter, why: str, now: datetime) -> None:
        later = post.failed(letter, now)
        at = self._letters.index(letter)
        self._letters[at : at + 1] = [later] if later else []
        if later:
            log.warning("not told, to be tried again: %s", why, extra={"target": letter.target})
        else:
            log.error("not told, given up: %s", why, extra={"target": letter.target})

    def _keep(self) -> None:
        """Commit what has changed; where that fails, the next turn tries again."""
        now_known = list((self._alarms or {}).values()), list(self._letters)
        try:
            if now_known != self._kept:
                self._store.keep_alarms(*now_known)
        except MailhookError as error:
            self._complain(f"what was told is not written down: {error}")
            return
        self._kept, self._complaint = now_known, ""

    def _complain(self, words: str) -> None:
        if words != self._complaint:
            self._complaint = words
            log.warning("%s", words)


def _revealed(secret: Secret) -> str | None:
    try:
        return secret.reveal()
    except ConfigError:
        return None
