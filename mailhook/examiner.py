"""Examining ahead in a second process, for a folder with much to read.

Fetching and storing are cheap, examining is not. While one batch is stored and
the next is fetched, the one between them is examined on another core. What
comes out is the same, in the same order; a mailbox with a mail now and then
never starts that process.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mailhook.errors import MailhookError
from mailhook.model import Batch, Delivery, Finding
from mailhook.pipeline import examine
from mailhook.trust import Trust

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

# After a batch of so many mails there is probably another; starting takes as long as a hundred.
_MUCH = 200
# So much of a batch is examined by the process that stores, as long as that has less to do:
# what it takes on changes by a step with each batch, as one of the two has waited.
_SHARE, _STEP, _MOST = 0.25, 1 / 16, 0.5
_END_SECONDS = 5
# Stands for the delivery on the way back: its bytes need not travel twice.
_ABSENT = Delivery("email", "", datetime(1970, 1, 1, tzinfo=UTC), b"")


def examined(
    batches: Iterable[Batch], trust: Trust, much: int = _MUCH
) -> Iterator[tuple[Batch, list[Finding]]]:
    """Each batch with its findings, in order.

    Where the source breaks off, what it gave before comes first, then its error.
    """
    broken: list[MailhookError] = []
    ahead: _Ahead | None = None
    try:
        for batch in _until_broken(batches, broken):
            if ahead is None:
                if _is_worth_it(batch, much):
                    with suppress(OSError):  # no process to be had: go on alone
                        ahead = _Ahead(trust)  # which starts while this batch is examined here
                yield batch, [examine(delivery, trust) for delivery in batch.deliveries]
            elif done := ahead.swap(batch):
                yield done
        if ahead and (done := ahead.swap(None)):
            yield done
    finally:
        if ahead:
            ahead.close()
    if broken:
        raise broken[0]


def _until_broken(batches: Iterable[Batch], broken: list[MailhookError]) -> Iterator[Batch]:
    try:
        yield from batches
    except MailhookError as error:
        broken.append(error)


def _is_worth_it(batch: Batch, much: int) -> bool:
    return len(batch.deliveries) >= much and len(os.sched_getaffinity(0)) > 1


class _Ahead:
    """The other process; at most one batch is with it."""

    def __init__(self, trust: Trust) -> None:
        from multiprocessing import get_context, resource_tracker

        self._trust = trust
        self._with_it: Batch | None = None
        self._ours: list[Finding] = []
        self._given = 0
        self._share = _SHARE
        # Spawned, not forked: a fork would copy locks that other threads hold.
        context = get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, trust), daemon=True)
        # A ^C is the parent's to handle; the child is born deaf to it. The tracker, which
        # comes with the first child, would open its ears again.
        resource_tracker.ensure_running()
        held = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            self._process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, held)
        theirs.close()

    def swap(self, batch: Batch | None) -> tuple[Batch, list[Finding]] | None:
        """Take back the batch that is with it, if any, and hand over the next, if any.

        Of that the last part is examined here, where else there would be waiting.
        """
        done, ours = self._with_it, self._ours
        self._balance()
        findings = self._findings(done)
        self._with_it, self._ours = batch, []
        if batch:
            self._given = len(batch.deliveries) - int(len(batch.deliveries) * self._share)
            theirs = batch.deliveries[: self._given]
            with suppress(OSError):  # it has ended: `_findings` will examine its part here
                self._pipe.send(theirs)
            self._ours = [examine(one, self._trust) for one in batch.deliveries[len(theirs) :]]
        return (done, [*findings, *ours]) if done else None

    def _balance(self) -> None:
        """Take on more of the next batch where this process would wait now, else less."""
        if self._with_it:
            with suppress(OSError):
                step = -_STEP if self._pipe.poll() else _STEP
                self._share = min(max(self._share + step, 0), _MOST)

    def close(self) -> None:
        """End it, whatever it is doing."""
        self._pipe.close()
        self._process.terminate()
        self._process.join(_END_SECONDS)
        self._process.close()

    def _findings(self, batch: Batch | None) -> list[Finding]:
        """What it found in its part of the batch."""
        if batch is None:
            return []
        deliveries = batch.deliveries[: self._given]
        try:
            findings: list[Finding] = self._pipe.recv()
        except (OSError, EOFError):  # it was killed: there is still this process
            return [examine(delivery, self._trust) for delivery in deliveries]
        return [
            replace(finding, delivery=delivery)
            for finding, delivery in zip(findings, deliveries, strict=True)
        ]


def _serve(pipe: Connection, trust: Trust) -> None:
    """Examine what comes through the pipe until its other end is closed."""
    while True:
        try:
            deliveries: tuple[Delivery, ...] = pipe.recv()
        except (EOFError, OSError):
            return
        findings = (examine(delivery, trust) for delivery in deliveries)
        pipe.send([replace(one, delivery=_ABSENT, notices=()) for one in findings])
