"""Events of which too little is known, completed by what the API says of their subjects.

Those that were only mentioned, and ends that do not say which. One subject is asked for
once a run, whatever events wait for it. What an unproven mail speaks of is asked for only
where the settings say so, and then it may take a tenth of the requests.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import quote

from mailhook import catalog, pipeline, times
from mailhook.catalog import Resource
from mailhook.errors import MailhookError, in_one_line
from mailhook.model import Delivery, Json
from mailhook.reconcile.run import Run
from mailhook.sources.api import (
    BudgetSpent,
    Fetched,
    Gone,
    KeyRefused,
    OddAnswer,
    Overloaded,
    Unanswered,
    address,
    canonical,
    resource,
)
from mailhook.store import completer, completions
from mailhook.store.completer import Completion
from mailhook.store.completions import Due, Note, Question

_UNPROVEN_SHARE = 10
# So many of a host without an answer one after the other: it is the API, not the subjects.
_PATIENCE = 3
_FIRST_WAIT, _LONGEST_WAIT = timedelta(minutes=1), timedelta(days=1)
_GROWTH = 5
_NO_ANSWER = "the API gave no answer"
# A subject may be told of before every machine of the vendor's knows it: by the fourth try half
# an hour has passed.
_GONE_TRIES, _NO_SUCH = 4, "HTTP 404"


def complete(run: Run) -> None:
    """Complete what is due, as far as the requests reach. Raises where the API is in trouble."""
    work = _Work(run, max(1, run.settings.requests_per_run // _UNPROVEN_SHARE))
    try:
        while work.walk():
            pass
    except BudgetSpent:
        pass  # what is due stays so
    finally:
        work.end()
        run.report.waiting = completions.count(run.reader, _question(run))


def wait(tries: int) -> timedelta:
    """How long after so many tries the next one is due: a minute, then five times as long."""
    seconds = _FIRST_WAIT.total_seconds() * float(_GROWTH) ** min(tries - 1, _GROWTH)
    return min(timedelta(seconds=seconds), _LONGEST_WAIT)


@dataclass(slots=True)
class _Work:
    """One walk through what is due; `silent` are those without an answer, by host.

    For `unproven` so many requests may still be made; `refused` are the kinds that the key may
    not read, `asked` the subjects that had their turn, `heard` the hosts that have answered.
    """

    run: Run
    unproven: int
    silent: dict[str, list[list[Due]]] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    asked: set[tuple[str, str]] = field(default_factory=set)
    heard: set[str] = field(default_factory=set)

    def walk(self) -> bool:
        """Ask for what is due; whether to look anew, for a kind turned out to be refused.

        Else what is refused would take up the room of what is not.
        """
        found = completions.due(
            self.run.reader, _question(self.run, self.refused), self.run.client.requests_left
        )
        known = len(self.refused)
        for subject, group in _groups(found).items():
            if subject not in self.asked:
                self.asked.add(subject)
                self._ask_within_its_share(group)
                if len(self.refused) > known:
                    return True
        return False

    def _ask_within_its_share(self, group: list[Due]) -> None:
        """The unproven come last; raises BudgetSpent where their share is used up."""
        client = self.run.client
        if group[0].authenticity == "verified":
            self.ask(group)
            return
        before = client.requests
        with client.keeping(max(0, client.requests_left - self.unproven)):
            self.ask(group)
        self.unproven -= client.requests - before

    def ask(self, group: list[Due]) -> None:
        first = group[0]
        kind = catalog.load().resource(first.subject_type, first.subject_id)
        if kind is None or kind.subject_type in self.refused:
            return
        try:
            found = resource(self.run.client, kind, first.subject_id, catalog.load())
        except KeyRefused as error:
            self.refused |= {kind.subject_type, first.subject_type}
            self.run.report.errors.append(error)
            self._put_off(group, in_one_line(str(error)))
        except OddAnswer as error:
            self._failed(group, error)
        except (Unanswered, Overloaded) as error:
            self._unanswered(group, kind.base, error)
        else:
            self.heard.add(kind.base)
            self._settle(kind.base)
            self._answered(group, kind, found)
        self.run.progress(len(group))

    def end(self) -> None:
        """What became of those without an answer, once nobody is asked any more."""
        for host in list(self.silent):
            self._settle(host)

    def _answered(self, group: list[Due], kind: Resource, found: Fetched | Gone) -> None:
        if isinstance(found, Gone):
            self._gone(group, address(self.run.client, kind, group[0].subject_id))
            return
        now = times.now()
        answers = [_completion(self.run, due, found, now) for due in group]
        became = self.run.store.complete(answers)
        self.run.report.completed += became.count("completed")

    def _gone(self, group: list[Due], url: str) -> None:
        """Written off is only what was asked for often enough."""
        enough = min(_GONE_TRIES, self.run.settings.completion_tries)
        if early := [due for due in group if due.tries + 1 < enough]:
            self._failed(early, OddAnswer(_NO_SUCH))
        if late := [due for due in group if due.tries + 1 >= enough]:
            _write_off(self.run, late, url)
            self.run.report.gone += len(late)

    def _failed(self, group: list[Due], error: MailhookError) -> None:
        now, most = times.now(), self.run.settings.completion_tries
        notes = [_again(due, most, now, problem=str(error)) for due in group]
        self.run.store.write(lambda connection, at: completions.note(connection, notes, at))
        self.run.report.unanswered += len(group)

    def _unanswered(self, group: list[Due], host: str, error: Unanswered | Overloaded) -> None:
        silent = self.silent.setdefault(host, [])
        silent.append(group)
        if error.wait_seconds or len(silent) >= _PATIENCE:
            raise error

    def _settle(self, host: str) -> None:
        """Count the tries that came to no answer where the host answered others.

        Else it is not their fault.
        """
        for group in self.silent.pop(host, []):
            if host in self.heard:
                self._failed(group, Unanswered(_NO_ANSWER))
            else:
                self._put_off(group, _NO_ANSWER)

    def _put_off(self, group: list[Due], why: str) -> None:
        """It cost them no try; the next run begins with others."""
        now = times.now()
        notes = [Note(due.event_id, "waits", due.tries, now, why) for due in group]
        self.run.store.write(lambda connection, at: completions.note(connection, notes, at))
        self.run.report.unanswered += len(group)


def _question(run: Run, refused: Collection[str] = ()) -> Question:
    unverified = run.settings.complete_unverified
    return completions.question(times.now(), unverified=unverified, refused=refused)


def _groups(found: Sequence[Due]) -> dict[tuple[str, str], list[Due]]:
    """What is due by its subject, in order."""
    groups: dict[tuple[str, str], list[Due]] = {}
    for one in found:
        groups.setdefault((one.subject_type, one.subject_id), []).append(one)
    return groups


def _completion(run: Run, due: Due, found: Fetched, now: datetime) -> Completion:
    """The subject as an answer to what is due, spelled as the list spells its events."""
    told: dict[str, Json] = {
        "event_type": due.event_type,
        "event_action": due.event_action,
        "object": dict(found.content),
        "completes": {"key": due.key, "authenticity": due.authenticity},
    }
    if due.timestamp:
        told["timestamp"] = due.timestamp
    raw = canonical(told)
    digest = hashlib.sha256(raw).hexdigest()[:16]
    location = f"{found.url}#{quote(due.key, safe='/:@.')};{digest}"
    finding = pipeline.examine(Delivery("api", location, now, raw), run.trust)
    done = Note(due.event_id, "done", due.tries + 1)
    return Completion(finding, done, _again(due, run.settings.completion_tries, now), found.url)


def _again(due: Due, most: int, now: datetime, *, problem: str | None = None) -> Note:
    tries = due.tries + 1
    if tries >= most:
        return Note(due.event_id, "given_up", tries, problem=problem)
    return Note(due.event_id, "waits", tries, now + wait(tries), problem)


def _write_off(run: Run, group: list[Due], url: str) -> None:
    """The API knows no such subject: it is not asked for any more."""
    first = group[0]
    notes = [Note(due.event_id, "gone", due.tries + 1, problem=_NO_SUCH) for due in group]

    def write(connection: sqlite3.Connection, at: datetime) -> None:
        completer.gone(connection, (first.subject_type, first.subject_id), url, at)
        completions.note(connection, notes, at)

    run.store.write(write)
