"""One event, one row: what is told by any road in any order, and what must come of it."""

from __future__ import annotations

import pytest
from one_event_cases import alerts, content, forgery, ids, keys, nameless, roads, windows
from one_event_cases.notation import Case, tell

CASES = [
    pytest.param(case, id=case.rule)
    for theme in (keys, nameless, windows, roads, ids, content, forgery, alerts)
    for case in theme.CASES
]


@pytest.mark.parametrize("case", CASES)
def test_one_event_is_one_row(case: Case):
    held = tell(case.tell)
    assert held.rows == case.rows
    assert held.outcomes == case.outcomes
    assert held.conflicts == case.conflicts
    assert held.alerts == case.alerts
    if case.aliases is not None:
        assert held.aliases == case.aliases
    for key, columns in case.says.items():
        assert {name: held.columns[key][name] for name in columns} == columns
    assert not held.aliases.keys() & held.columns.keys(), "an alias never equals a key"


def test_every_rule_of_the_table_is_told_once():
    rules = [case.id for case in CASES]
    assert len(set(rules)) == len(rules) >= 60
