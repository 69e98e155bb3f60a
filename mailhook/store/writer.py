"""The one connection that writes: deliveries, what they told of, and how far we have read."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from mailhook import times
from mailhook.errors import UsageError
from mailhook.model import Action, After, Finding, Outcome, Position
from mailhook.store import deeds, heartbeats
from mailhook.store.heartbeats import Trouble
from mailhook.store.opened import Opened

if TYPE_CHECKING:
    from mailhook.config import Settings
    from mailhook.store.again import Again, Change, Log
    from mailhook.store.audit import Deed, Noted
    from mailhook.store.bookmark import Bookmark
    from mailhook.store.completer import Became, Completer, Completion
    from mailhook.store.deliveries import KeepRaw
    from mailhook.store.kept import Kept
    from mailhook.store.minutes import Counts
    from mailhook.store.pruning import Sweep
    from mailhook.store.recorder import Recorder
    from mailhook.store.unverified import Held, Refused
    from mailhook.store.warned import Alarm, Letter

T = TypeVar("T")
# What else is to be written in a transaction: on its connection, at its time.
Also: TypeAlias = "Callable[[sqlite3.Connection, datetime], object]"


class Store(Opened):
    """The store, opened for writing; holds `<store>.lock` until closed.

    Methods may be called from several threads; each call is one transaction.
    """

    def __init__(
        self,
        path: Path,
        *,
        purpose: str = "ingest",
        keep_raw: KeepRaw = "full",
        window_seconds: float = 180,
        web_url: str | None = None,
    ) -> None:
        self._keep_raw, self._window_seconds, self._web_url = keep_raw, window_seconds, web_url
        super().__init__(path, purpose)

    def _opened(self) -> None:
        self._forget_recorders()
        if not self._rows("SELECT 1 FROM facts WHERE name = ?", "catalog"):
            self._refresh_vocabulary()  # the views of a new store need it at once

    def adopt(self, keep_raw: KeepRaw, window_seconds: float, web_url: str | None = None) -> None:
        """Go by other settings from the next record on."""
        with self._mutex:
            self._keep_raw, self._window_seconds = keep_raw, window_seconds
            self._web_url = web_url
            self._forget_recorders()

    def record(
        self,
        findings: Sequence[Finding],
        position: Position | None = None,
        after: After | None = None,
        also: Also | None = None,
    ) -> list[Outcome]:
        """Commit the findings, in order, with the position they lead to: all or nothing.

        A location that is already there, or a mail of the same account with the
        same bytes, gains no row and is a duplicate. `after` is queued for what
        was understood; `also` is called last within the transaction.
        """
        now = times.now()
        recorder = self._recorder if findings else None
        with self._transaction() as connection:
            outcomes = list(self._told(recorder, findings, after, now)) if recorder else []
            if position:
                self._advance(position, now)
            if also:
                also(connection, now)
        return outcomes

    def _told(
        self, recorder: Recorder, findings: Sequence[Finding], after: After | None, now: datetime
    ) -> Iterator[Outcome]:
        """What becomes of each; an alert is closed before the next one might join it."""
        from mailhook.store import closing

        for part in closing.parts(findings):
            yield from recorder.record_all(part, after, now)
            self._close_alerts(part, now)

    def position(self, source: str) -> Position | None:
        """How far the folder has been read; None if never."""
        rows = self._rows(
            "SELECT source, uidvalidity, last_uid FROM positions WHERE source = ?", source
        )
        return Position(*rows[0]) if rows else None

    def actions(self, source: str) -> list[Action]:
        """What is still to be done in the folder, in the order it was queued."""
        with self._reading() as connection:
            return deeds.queued(connection, source)

    def note_actions(self, noted: Sequence[tuple[Action, str]]) -> None:
        """Commit what came of actions: a state, `refused: …` (stays queued), or an end."""
        with self._transaction() as connection:
            deeds.note(connection, noted)

    def beat(self, name: str, error: str | None = None, kind: Trouble | None = None) -> None:
        """Note a completed round trip of `name`, or since when and why there is none.

        `kind` says of an error whom it calls for: the login was refused, the
        server was not reached, or the settings do not fit the mailbox.
        """
        now = times.now()
        with self._transaction() as connection:
            if error is None:
                heartbeats.beat(connection, {name: now})
            else:
                heartbeats.fail(connection, name, error, kind, now)

    def beats(self, beats: Mapping[str, datetime]) -> None:
        """Note when each of these last completed a round trip; what kept it from one is over."""
        with self._transaction() as connection:
            heartbeats.beat(connection, beats)

    def count_answers(self, counted: Mapping[int, Counts]) -> None:
        """Add to the minutes what the endpoint answered in each; see `minutes.add`."""
        from mailhook.store import minutes

        with self._transaction() as connection:
            minutes.add(connection, counted, times.now())

    def heed(self, settings: Settings) -> None:
        """Note which roads and products the settings name, since when; writes only what is new."""
        from mailhook.store import roads

        named = roads.of(settings)
        with self._reading() as connection:
            if roads.noted(connection) == named:
                return
        with self._transaction() as connection:
            roads.note(connection, named, times.now())

    def resolve(self, alert_ids: Sequence[int], deed: Deed) -> None:
        """Close alerts by a person's word, all or none. Raises UsageError for one there is not."""
        from mailhook.store import alerts, audit

        now = times.now()
        with self._transaction() as connection:
            found = alerts.resolve(connection, alert_ids, now)
            if missing := [str(one) for one in alert_ids if one not in found]:
                raise UsageError(f"no such alert: {', '.join(missing)}; see `mailhook alerts`")
            audit.note(connection, now, deed, {"alerts": found})

    def keep_alarms(self, alarms: Sequence[Alarm], letters: Sequence[Letter]) -> None:
        """Put what the alarms know now in the place of what they knew before."""
        from mailhook.store import warned

        with self._transaction() as connection:
            warned.replace(connection, alarms, letters)

    def reexamine(
        self,
        pairs: Sequence[tuple[Kept, Finding | None]],
        log: Callable[[Log], None] = lambda _: None,
    ) -> list[Change]:
        """Bring deliveries up to date with what was found by examining them again.

        All or nothing; what somebody else has changed since it was read is left alone.
        `log` is called last within the transaction, to write down who did so and how far it came.
        """
        from mailhook.store.again import Log

        now = times.now()
        again = self._again if pairs else None
        with self._transaction() as connection:
            changes = [again.apply(*pair, now) for pair in pairs] if again else []
            self._close_alerts([finding for _, finding in pairs if finding], now)
            log(Log(connection, now, changes))
        return changes

    def complete(self, answers: Sequence[Completion]) -> list[Became]:
        """Bring events up to date with what the vendor's API says of their subjects, all or none.

        What became of each, in order.
        """
        now = times.now()
        completer = self._completer
        with self._transaction():
            return [completer.apply(one, now) for one in answers]

    def bookmark(self, asked: str, since: str | None) -> Bookmark | None:
        """Where a replay of the same was broken off."""
        from mailhook.store import bookmark

        with self._reading() as connection:
            return bookmark.find(connection, asked, since)

    def drop(self, ids: Sequence[int], deed: Deed) -> list[int]:
        """Give up what waits of these deliveries: their bytes go, their rows stay; which did so."""
        from mailhook.store import hands

        with self._transaction() as connection:
            return hands.drop(connection, ids, deed, times.now())

    def refused_held(self) -> Held:
        """What is kept of refused tokens; reads only."""
        from mailhook.store import unverified

        with self._reading() as connection:
            return unverified.held(connection)

    def keep_refused(self, group: Sequence[Refused]) -> int:
        """Keep these refused tokens; how many are gone because they are too old."""
        from mailhook.store import unverified

        now = times.now()
        with self._transaction() as connection:
            return unverified.keep(connection, group, now)

    def settle_refused(self, gone: Sequence[int], stay: Sequence[int], deed: Noted) -> int:
        """Some refused tokens became deliveries, the others stay; the id of its row in `audit`."""
        from mailhook.store import audit, unverified

        now = times.now()
        with self._transaction() as connection:
            unverified.settle(connection, gone, stay, now)
            return audit.write(connection, now, deed)

    def sweep(self, sweep: Sweep) -> bool:
        """Let retention remove its next rows; whether there may be more."""
        with self._transaction() as connection:
            more = sweep.step(connection)
            self._forget_recorders()  # they may not know of any tombstone yet
        return more

    def give_back(self, pages: int) -> bool:
        """Give so many free pages back to the file system; whether there are more.

        False, too, for a store that is older than retention is, until it has been compacted.
        """
        from mailhook.store import compacting

        with self._reading() as connection:
            return compacting.give_back(connection, pages)

    def compact(self) -> None:
        """Write the whole file anew, without free pages; from then on `give_back` works.

        Needs twice the store's size on the disk for a while, and nobody writes meanwhile.
        """
        from mailhook.store import compacting

        with self._reading() as connection:
            compacting.compact(connection)

    @cached_property
    def _recorder(self) -> Recorder:
        """Made when the first finding comes: a round that finds nothing need not wait for it."""
        from mailhook.store.recorder import Recorder

        self._refresh_vocabulary()
        return Recorder(self._connection, self._keep_raw, self._window_seconds)

    @cached_property
    def _again(self) -> Again:
        from mailhook.store.again import Again

        self._refresh_vocabulary()
        return Again(self._connection, self._keep_raw, self._window_seconds)

    def _close_alerts(self, findings: Sequence[Finding], now: datetime) -> None:
        if not findings:
            return
        from mailhook.store import closing

        closing.review(self._connection, findings, self._web_url, now)

    @cached_property
    def _completer(self) -> Completer:
        from mailhook.store.completer import Completer

        return Completer(self._connection, self._keep_raw, self._window_seconds)

    def _forget_recorders(self) -> None:
        for name in ("_recorder", "_again", "_completer"):
            self.__dict__.pop(name, None)

    def _refresh_vocabulary(self) -> None:
        from mailhook.store import vocabulary

        with self._transaction() as connection:
            vocabulary.refresh(connection)

    def _advance(self, position: Position, now: datetime) -> None:
        self._connection.execute(
            "INSERT INTO positions VALUES (?, ?, ?, ?) ON CONFLICT (source) DO UPDATE SET"
            " uidvalidity = excluded.uidvalidity, last_uid = excluded.last_uid,"
            " updated_at = excluded.updated_at",
            (position.source, position.uidvalidity, position.last_uid, times.stored(now)),
        )
