"""A second process examines ahead; what comes out is what one process alone would find."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterator

import mails
import pytest

from mailhook.errors import TemporaryError
from mailhook.examiner import examined
from mailhook.model import Batch, Finding
from mailhook.pipeline import examine
from mailhook.trust import Trust

BATCHES = [
    Batch(tuple(mails.delivered(mails.check_finished(f"CHK{b}{n}"), 10 * b + n) for n in range(9)))
    for b in range(5)
]


def told(findings: list[Finding]) -> list[tuple[object, ...]]:
    return [(one.delivery, one.verdict, one.events, one.reason) for one in findings]


def alone(trust: Trust) -> list[tuple[object, ...]]:
    return [
        one
        for batch in BATCHES
        for one in told([examine(delivery, trust) for delivery in batch.deliveries])
    ]


def test_batches_come_out_in_order_and_as_one_process_alone_would_find_them(trust: Trust):
    found = list(examined(BATCHES, trust, much=1))
    assert [batch for batch, _ in found] == BATCHES
    assert [one for _, findings in found for one in told(findings)] == alone(trust)
    assert multiprocessing.active_children() == []


def test_little_to_read_starts_no_process(trust: Trust):
    for _ in examined(BATCHES, trust):
        assert multiprocessing.active_children() == []


def test_a_killed_process_loses_nothing(trust: Trust):
    found: list[tuple[object, ...]] = []
    for batch, findings in examined(BATCHES, trust, much=1):
        found += told(findings)
        if batch is BATCHES[1]:
            (child,) = multiprocessing.active_children()
            child.kill()
    assert found == alone(trust)


def test_where_the_source_breaks_off_what_came_before_comes_first(trust: Trust):
    def breaking() -> Iterator[Batch]:
        yield from BATCHES[:3]
        raise TemporaryError("the connection broke")

    seen: list[Batch] = []
    with pytest.raises(TemporaryError, match="the connection broke"):  # noqa: PT012 - as it goes
        for batch, _ in examined(breaking(), trust, much=1):
            seen.append(batch)
    assert seen == BATCHES[:3]


def test_who_stops_half_way_leaves_no_process_behind(trust: Trust):
    ahead = examined(BATCHES, trust, much=1)
    next(ahead)
    next(ahead)
    ahead.close()  # type: ignore[attr-defined] # a generator
    assert multiprocessing.active_children() == []


def test_the_process_is_deaf_to_an_interrupt_which_is_its_parents(trust: Trust):
    found: list[tuple[object, ...]] = []
    deaf = None
    for batch, findings in examined(BATCHES, trust, much=1):
        found += told(findings)
        if batch is BATCHES[1]:
            (deaf,) = multiprocessing.active_children()
            os.kill(deaf.pid or 0, signal.SIGINT)
        if batch is BATCHES[3]:
            assert deaf in multiprocessing.active_children()
    assert found == alone(trust)
