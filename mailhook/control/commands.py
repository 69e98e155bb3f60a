"""The commands that can go through the service, each made from what does the work.

Whoever holds the store runs them: the service for its callers, or the command line
itself while there is none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, Protocol

from mailhook import times
from mailhook.config import StoreSettings
from mailhook.control import deliveries
from mailhook.control.command import Command, Progress, Request, Result, Talk
from mailhook.errors import MailhookError, TemporaryError
from mailhook.model import Json, Outcome
from mailhook.store import Store
from mailhook.store.audit import Deed
from mailhook.store.kept import Selection
from mailhook.trust import Trust


class Report(Protocol):
    """What a run of reconcile came to."""

    def value(self) -> dict[str, Any]:
        """As JSON has it."""

    @property
    def exit_code(self) -> int:
        """The gravest of its errors', else 0."""


class Round(Protocol):
    """What a round over the mailboxes came to."""

    @property
    def outcomes(self) -> Sequence[Outcome]:
        """Of each delivery."""

    @property
    def errors(self) -> Sequence[MailhookError]:
        """Of mailboxes and folders."""

    @property
    def exit_code(self) -> int:
        """The gravest of the errors', else 0."""


def ingest(store: Store, trust: Callable[[], Trust]) -> Command:
    """Examine and commit one batch of mails from files; `deliveries` spells the request.

    `trust` is asked anew each time, for `reload` may change it.
    """

    def command(request: Request, talk: Talk) -> Result:
        from mailhook import pipeline

        batch = deliveries.read(request, talk.raws)
        outcomes = pipeline.ingest(batch, store, trust())
        talk.progress(len(outcomes))
        return Result({"outcomes": _counted(outcomes)})

    return command


def poll(work: Callable[[Progress], Round]) -> Command:
    """One round of all mailboxes; its errors are told in words beside the outcomes."""

    def command(_: Request, talk: Talk) -> Result:
        done = work(talk.progress)
        errors: list[Json] = [str(error) for error in done.errors]
        return Result({"outcomes": _counted(done.outcomes), "errors": errors}, done.exit_code)

    return command


def resolve(store: Store) -> Command:
    """Alerts that a person has seen to: `ids`, and `why` in that person's words."""

    def command(request: Request, talk: Talk) -> Result:
        from mailhook.store.audit import Deed

        match request:
            case {"ids": list(asked), "why": str() | None as why}:
                ids = [one for one in asked if isinstance(one, int)]
                store.resolve(ids, Deed(talk.who, "alerts resolve", why))
                return Result({"resolved": ids})
        raise ValueError("a request without ids and why")

    return command


def prune(
    store: Store, settings: Callable[[], StoreSettings], *, may_compact: bool = False
) -> Command:
    """Retention now; `compact` in the request only where nobody waits for the store meanwhile."""

    def command(request: Request, talk: Talk) -> Result:
        from mailhook.store import pruning

        if request.get("compact") and not may_compact:
            raise TemporaryError("--compact keeps the store to itself: stop the service first")
        done = 0

        def show(counts: pruning.Counts) -> None:
            nonlocal done
            total = sum(asdict(counts).values())
            talk.progress(total - done)
            done = total

        counts = pruning.prune(store, settings(), times.now(), show, talk.who)
        if request.get("compact"):
            store.compact()
        return Result(asdict(counts))

    return command


class Ask(Protocol):
    """Asks the vendor's API."""

    def __call__(self, since: datetime | None, only: Sequence[str], progress: Progress) -> Report:
        """What it lists since then, or only the events of these idempotency keys."""


def reconcile(work: Ask) -> Command:
    """What the vendor's API lists and says; its errors are told in words beside the numbers."""

    def command(request: Request, talk: Talk) -> Result:
        match request:
            case {"since": str() | None as since}:
                only = [one for one in _listed(request.get("only")) if isinstance(one, str)]
                done = work(times.parse(since) if since else None, only, talk.progress)
                return Result(done.value(), done.exit_code)
        raise ValueError("a request without since")

    return command


def replay(store: Store, trust: Callable[[], Trust]) -> Command:
    """Stored deliveries examined again by today's rules; the request says which."""

    def command(request: Request, talk: Talk) -> Result:
        from mailhook import replay

        selection, anew = selected(request), bool(request.get("anew"))
        counts = replay.replay(
            store, trust(), selection, talk.who, anew=anew, progress=talk.progress
        )
        return Result({**counts})

    return command


def recheck(store: Store, trust: Callable[[], Trust]) -> Command:
    """Refused tokens examined again by today's keys."""

    def command(_: Request, talk: Talk) -> Result:
        from mailhook import recheck

        return Result({**recheck.recheck(store, trust(), talk.who, talk.progress)})

    return command


def release(store: Store, trust: Callable[[], Trust]) -> Command:
    """What waits recorded at the caller's word; the request has `ids` and `why`."""

    def command(request: Request, talk: Talk) -> Result:
        from mailhook import replay

        ids, why = _ids(request)
        done = replay.release(store, trust(), ids, Deed(talk.who, "release", why))
        talk.progress(len(ids))
        return Result({"released": [asdict(one) for one in done]})

    return command


def drop(store: Store) -> Command:
    """What waits given up at the caller's word: bytes removed, rows kept."""

    def command(request: Request, talk: Talk) -> Result:
        ids, why = _ids(request)
        dropped = store.drop(ids, Deed(talk.who, "drop", why))
        talk.progress(len(ids))
        return Result({"dropped": dropped})

    return command


def selected(request: Request) -> Selection:
    """Which deliveries the request means. Raises ValueError for what is none."""
    match request:
        case {"quarantined": bool(quarantined), "since": since, "reader_version": version} if (
            isinstance(since, str | None) and isinstance(version, str | None)
        ):
            return Selection(quarantined, times.parse(since) if since else None, version)
    raise ValueError("this selects no deliveries")


def _listed(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def _ids(request: Request) -> tuple[list[int], str]:
    match request:
        case {"ids": list(ids), "why": str(why)}:
            return [number for number in ids if isinstance(number, int)], why
    raise ValueError("these are no deliveries")


def _counted(outcomes: Iterable[Outcome]) -> dict[str, Json]:
    """How many there are of each, in the order of the outcomes, the absent left out."""
    listed = list(outcomes)
    counts = {name.value: listed.count(name) for name in Outcome}
    return {name: count for name, count in counts.items() if count}
