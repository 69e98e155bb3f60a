"""Gaps that nobody can close: written down as lost, so that a person looks into them."""

from __future__ import annotations

from mailhook import times
from mailhook.store import Reader, Store, healing


def settle(store: Store) -> None:
    """Say what became of the gaps that proven alerts tell of, where there is no API to ask."""
    with Reader(store.path) as reader:
        if not healing.gaps(reader, times.now()):
            return
    from mailhook.reconcile import losing  # with all that asks an API, so only where it is needed

    losing.lose(store, times.now(), "`api` is not set")
