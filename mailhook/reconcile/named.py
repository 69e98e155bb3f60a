"""Just the events whose idempotency keys are given, wherever the list has them."""

from __future__ import annotations

from collections.abc import Sequence

from mailhook.reconcile.run import Run
from mailhook.reconcile.taking import take, unknown
from mailhook.sources.api import Gone, OddAnswer, event


def read(run: Run, keys: Sequence[str]) -> None:
    """Record each that the API knows, one transaction an event.

    What is answered oddly for one is an error of the report, and the rest go on. Raises
    what ends a run: no answer, a refused key, a spent budget.
    """
    for key in dict.fromkeys(keys):
        try:
            item = event(run.client, key)
        except OddAnswer as error:
            run.report.errors.append(error)
            continue
        if isinstance(item, Gone):
            run.report.unlisted.append(key)
        else:
            take(run, [item], unknown(run, [item]), lambda _: None)
