"""Ask the vendor what was missed: ingest from its API, and complete what was only mentioned.

May be killed at any time and called again; twice changes nothing.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from datetime import datetime

from mailhook import times
from mailhook.config import ApiSettings, Settings
from mailhook.errors import ConfigError, MailhookError, Problem
from mailhook.reconcile import completing, healing, listening, losing, named, reading
from mailhook.reconcile.report import Report
from mailhook.reconcile.run import Run
from mailhook.sources.api import BudgetSpent, Client, OddAnswer, Overloaded, Pacer, source_of
from mailhook.store import Reader, Store, completions
from mailhook.trust import Trust

__all__ = ["Report", "reconcile"]

# One in so many requests.
_SHARE = 10


def reconcile(  # noqa: PLR0913 - since when, who watches, who waits, at whose pace
    settings: Settings,
    store: Store,
    trust: Trust,
    *,
    since: datetime | None = None,
    only: Sequence[str] = (),
    progress: Callable[[int], None] = lambda _: None,
    pause: Callable[[float], object] = time.sleep,
    pacer: Pacer | None = None,
) -> Report:
    """Record what the API lists since then, and complete what is due; what it came to.

    Without `since` from where the last one ended, without that all that it lists; with
    `only` just the events of these idempotency keys, and nothing else is asked. What
    kept it from more is in the report's `errors`; what was read before that is recorded.
    `progress` and `pause` may raise to end the run; `pacer`: at the pace of former runs.
    Raises ConfigError without settings.
    """
    if settings.api is None:
        message = "is not set, so there is nobody to ask"
        raise ConfigError([Problem("api", message, "api: {key: {credential: truora-api-key}}")])
    report = Report()
    with _client(settings.api, store, pause, pacer) as client, Reader(store.path) as reader:
        run = Run(settings.api, client, store, reader, trust, report, progress)
        reading.rest(run)
        try:
            if only:
                named.read(run, only)
            else:
                _read_and_complete(run, since)
                listening.listen(run, settings)
        except MailhookError as error:
            report.errors.append(error)
        finally:
            report.requests, report.answers = client.requests, client.answers
        reading.note_rest(run)
        if not only:
            healing.heal(run)
    return report


def _client(
    settings: ApiSettings, store: Store, pause: Callable[[float], object], pacer: Pacer | None
) -> Client:
    """Whom to ask by. Raises ConfigError where the key cannot be had.

    That is written down, and what became of gaps that so nobody can close.
    """
    try:
        return Client(settings, pause=pause, pacer=pacer)
    except ConfigError as error:
        reading.fail(store, source_of(settings), error)
        losing.lose(store, times.now(), "the key of `api` cannot be had")
        raise


def _read_and_complete(run: Run, since: datetime | None) -> None:
    """A list that cannot be read to its end is no reason not to complete what is due.

    But where there is no answer at all, or the API wants to be left alone.
    """
    try:
        with run.client.keeping(_share(run)):
            reading.read(run, since)
    except (BudgetSpent, ConfigError, OddAnswer, Overloaded) as error:
        if isinstance(error, Overloaded) and error.wait_seconds:
            raise
        run.report.errors.append(error)
    completing.complete(run)


def _share(run: Run) -> int:
    """How many requests the list leaves for what is due, however long it is."""
    most = run.settings.requests_per_run
    unverified = run.settings.complete_unverified
    due = completions.count(run.reader, completions.question(times.now(), unverified=unverified))
    return min(due, math.ceil(most / _SHARE), most - 1)
