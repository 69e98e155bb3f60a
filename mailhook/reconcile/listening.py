"""Where a product that is expected is silent: is there nothing to hear, or do we not hear it?"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from datetime import datetime
from operator import itemgetter

from mailhook import catalog, silence, times
from mailhook.catalog import Resource
from mailhook.config import Settings
from mailhook.errors import in_one_line
from mailhook.reconcile.run import Run
from mailhook.sources.api import (
    BudgetSpent,
    Fetched,
    Gone,
    KeyRefused,
    OddAnswer,
    address,
    resource,
)
from mailhook.store import completer
from mailhook.store.completer import Answer

log = logging.getLogger(__name__)

_ASKED = "SELECT fetched_at, gone_at FROM resources WHERE subject_type = ? AND subject_id = ?"

Subject = tuple[str, str]


def listen(run: Run, settings: Settings) -> None:
    """Ask for the newest subject of one silent product: of several, who was not asked for longest.

    One answer a run; where none is given for a product, the next one is asked for. What
    comes stands in `resources`, where `status` finds it. Raises where the API is in trouble.
    """
    asked = sorted(_asked(run, settings), key=itemgetter(0))
    for _, subject, kind in asked:
        if _answers(run, subject, kind):
            return


def _asked(run: Run, settings: Settings) -> Iterator[tuple[str, Subject, Resource]]:
    """When each was asked for, empty for never; without those that the API does not know."""
    for one in silence.troubles(settings, run.reader, times.now()):
        subject = silence.known_resource(run.reader, one.product)
        kind = catalog.load().resource(*subject) if subject else None
        if subject is None or kind is None:
            continue
        rows = run.reader.rows(_ASKED, subject)
        if not rows or not rows[0]["gone_at"]:
            yield rows[0]["fetched_at"] if rows else "", subject, kind


def _answers(run: Run, subject: Subject, kind: Resource) -> bool:
    """Whether there was an answer, which is written down."""
    try:
        found = resource(run.client, kind, subject[1], catalog.load())
    except (BudgetSpent, KeyRefused, OddAnswer) as error:
        # Nobody has asked for more than a hint; what the key may read, `doctor` says.
        log.info("the API was asked for a silent product: %s", in_one_line(str(error)))
        return False
    run.store.write(lambda connection, at: _note(run, connection, subject, (kind, found), at))
    return True


def _note(
    run: Run,
    connection: sqlite3.Connection,
    subject: Subject,
    answer: tuple[Resource, Fetched | Gone],
    at: datetime,
) -> None:
    kind, found = answer
    if isinstance(found, Gone):
        completer.gone(connection, subject, address(run.client, kind, subject[1]), at)
        return
    told = Answer(found.url, found.status, found.raw_status, found.updated_at, found.content)
    completer.keep(connection, subject, told, at)
