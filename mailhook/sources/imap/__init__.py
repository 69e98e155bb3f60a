"""A mailbox over IMAP: swept read-only, worked on only by queued actions. Owner of imapclient."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Self

from imapclient.exceptions import IMAPClientError

from mailhook.config import MailboxSettings
from mailhook.errors import ConfigError, Problem
from mailhook.model import Action, Batch, Delivery, Position
from mailhook.sources import place
from mailhook.sources.imap import actions, connection, folder, idle, survey, sweep
from mailhook.sources.imap.client import Client
from mailhook.sources.imap.survey import Line
from mailhook.sources.imap.wire import Patience, Readable

__all__ = ["Line", "Mailbox", "Patience"]


class Mailbox:
    """One account and one connection, owned by one thread.

    `sign` is called before each command of a sweep, of which each is bounded in time.
    """

    def __init__(
        self,
        settings: MailboxSettings,
        patience: Patience | None = None,
        sign: Callable[[], object] = lambda: None,
    ) -> None:
        self.settings = settings
        self._sign = sign
        self._patience = patience or connection.patience(settings)
        self._client: Client | None = None
        self._real_names: dict[str, str] = {}

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def command_seconds(self) -> float:
        """How long one command may take at most."""
        return self._patience.command

    def open(self) -> bool:
        """Connect and log in, unless that is done; whether it had to be.

        Raises TemporaryError for what may pass (network, server busy) and
        ConfigError for what will not (certificate, login, a port without TLS).
        """
        if self._client is not None:
            return False
        self._client = connection.connect(self.settings, self._patience)
        return True

    def close(self) -> None:
        """Log out if the connection lives; never raises."""
        client, self._client = self._client, None
        if client:
            connection.end(client)

    def source(self, name: str) -> str:
        """The folder's URL, which names its row of `positions` (RFC 5092)."""
        return place.url(self.settings, name)

    def sweep(self, name: str, position: Position | None, *, told: bool = False) -> Iterator[Batch]:
        """Everything in the folder above the position, in batches, in the order of UIDs.

        The folder is opened with EXAMINE and read with PEEK: nothing in it
        changes. Nothing new costs one STATUS round trip and yields nothing; it is
        not asked for where the server has `told` that something came, nor of the folder
        that is open: of that STATUS may tell what was, even if it was made anew since
        (RFC 9051 section 6.3.11; Dovecot does).
        """
        with connection.sentences(self.settings):
            real = self._real_names.get(name, place.plain(name))
            is_open = self._client is not None and self._client.selected == (real, True)
            told_in = real if told or is_open else None
            source = self.source(name)
            yield from sweep.sweep(
                self._at_work, self.settings, name, source, position, told_in=told_in
            )

    def has_idle(self) -> bool:
        """Whether the server says that it can tell of new mail by itself."""
        with connection.sentences(self.settings):
            client = self._live()
            return client.grants_idle and bool(client.has_capability("IDLE"))

    def watch(self, name: str) -> bool:
        """Open the folder, so that `wait` is told what comes into it; whether that was needed.

        If it was, what had come before has to be swept first. Raises ConfigError if
        there is no such folder.
        """
        with connection.sentences(self.settings):
            client = self._live()
            real = self._real_names.get(name, place.plain(name))
            if client.selected == (real, True):
                return False
            try:
                client.select_folder(real, readonly=True)
            except IMAPClientError:
                real = folder.find(client, self.settings, name)
                client.select_folder(real, readonly=True)
            self._real_names[name] = real
            return True

    def wait(self, bell: Readable, seconds: float) -> bool:
        """IDLE until the server tells of new mail, the bell can be read, or the time is up.

        Whether new mail was told of. A round trip was completed when this returns. A
        server that refuses IDLE is not asked again on this connection.
        """
        with connection.sentences(self.settings):
            return idle.wait(self._live(), bell, seconds)

    def probe(self) -> None:
        """One round trip that asks for nothing."""
        with connection.sentences(self.settings):
            self._live().wire.noop()  # imapclient's own has no end where bytes drip in

    def perform(self, queued: Sequence[Action], note: actions.Note) -> None:
        """Work off the actions of one folder; `note` is told of whom each step took.

        It is told "copying" and "copied" within a move by COPY, then "done",
        "gone" (no longer there), "dropped" (of another UIDVALIDITY) or
        "refused: …" with what the server said.
        """
        with connection.sentences(self.settings):
            name = place.name_of(self.settings, queued[0].place.source)
            actions.perform(self._live(), name, queued, note)

    def check(self) -> list[Problem]:
        """What is wrong with the folders' names; changes nothing."""
        problems: list[Problem] = []
        for nth, wanted in enumerate(self.settings.folders):
            try:
                with connection.sentences(self.settings):
                    folder.find(self._live(), self.settings, wanted.name)
            except ConfigError as error:
                where = f"mailboxes[{self.settings.name}].folders[{nth}]"
                problems += [Problem(where, p.message, p.hint) for p in error.problems]
        return problems

    def line(self) -> Line:
        """What the connection can do and how quick it is; a folder must be open for IDLE."""
        with connection.sentences(self.settings):
            return survey.line(self._live())

    def newest(self, name: str, count: int) -> Iterator[Delivery]:
        """So many of the folder's last mails, or those that fit 20 MB; changes nothing.

        Of a mail over 300 kB only its headers come. Raises ConfigError if there is no
        such folder.
        """
        with connection.sentences(self.settings):
            yield from survey.newest(self._live, self.settings, name, self.source(name), count)

    def junk(self) -> list[str]:
        """The folders into which the server sorts what it takes for junk."""
        with connection.sentences(self.settings):
            return survey.junk(self._live())

    def real_name(self, name: str) -> str | None:
        """The folder's name on the server, None if there is no such folder."""
        with connection.sentences(self.settings):
            return folder.found(self._live(), name)

    def _at_work(self, *, anew: bool = False) -> Client:
        self._sign()
        return self._live(anew=anew)

    def _live(self, *, anew: bool = False) -> Client:
        """The connection; `anew` after the server has ended the last one."""
        if anew:
            self.close()
        self.open()
        assert self._client is not None  # noqa: S101 - open() sets it or raises
        return self._client
