"""Ask the vendor what was missed: ingest from its API, and complete what was only mentioned.

May be killed at any time and called again; twice changes nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

from mailhook.config import ApiSettings, Settings
from mailhook.errors import ConfigError, MailhookError, Problem
from mailhook.reconcile import completing, healing, listening, reading
from mailhook.reconcile.report import Report
from mailhook.reconcile.run import Run
from mailhook.sources.api import Client, KeyRefused, OddAnswer, Pacer, source_of
from mailhook.store import Reader, Store
from mailhook.trust import Trust

__all__ = ["Report", "reconcile"]


def reconcile(  # noqa: PLR0913 - since when, who watches, who waits, at whose pace
    settings: Settings,
    store: Store,
    trust: Trust,
    *,
    since: datetime | None = None,
    progress: Callable[[int], None] = lambda _: None,
    pause: Callable[[float], object] = time.sleep,
    pacer: Pacer | None = None,
) -> Report:
    """Record what the API lists since then, and complete what is due; what it came to.

    Without `since` from where the last one ended, without that all that it lists. What
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
        try:
            _read_and_complete(run, since)
            listening.listen(run, settings)
        except MailhookError as error:
            report.errors.append(error)
        finally:
            report.requests, report.answers = client.requests, client.answers
        healing.heal(run)
    return report


def _client(
    settings: ApiSettings, store: Store, pause: Callable[[float], object], pacer: Pacer | None
) -> Client:
    """Whom to ask by. Raises ConfigError where the key cannot be had, which is written down."""
    try:
        return Client(settings, pause=pause, pacer=pacer)
    except ConfigError as error:
        reading.fail(store, source_of(settings), error)
        raise


def _read_and_complete(run: Run, since: datetime | None) -> None:
    """A list that cannot be read to its end is no reason not to complete what is due."""
    try:
        reading.read(run, since)
    except (OddAnswer, KeyRefused) as error:
        run.report.errors.append(error)
    completing.complete(run)
