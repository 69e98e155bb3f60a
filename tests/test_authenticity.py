"""Whose word counts: only the operator's own server's, and only for the one address of From."""

from __future__ import annotations

import pytest
from proof_cases import ATTACKS, PROVEN, REFUSED, Case


def named(cases: list[Case]) -> list[object]:
    return [pytest.param(case, id=case.rule) for case in cases]


@pytest.mark.parametrize("case", named(PROVEN))
def test_our_servers_pass_for_the_one_trusted_address_proves_a_mail(case: Case):
    verified, detail = case.judged()
    assert verified, detail
    assert detail.startswith(f"{case.says or 'dmarc=pass'} for ")


@pytest.mark.parametrize("case", named(REFUSED))
def test_what_our_server_did_not_pass_is_not_proven_and_the_sentence_says_why(case: Case):
    assert case.judged() == (False, case.judged()[1])
    assert case.says in case.judged()[1]


@pytest.mark.parametrize("case", named(ATTACKS))
def test_no_trick_makes_a_mail_proven(case: Case):
    verified, detail = case.judged()
    assert not verified
    assert case.says in detail


@pytest.mark.parametrize("case", named(PROVEN + REFUSED + ATTACKS))
def test_the_sentence_of_a_verdict_is_short_and_safe_to_print(case: Case):
    detail = case.judged()[1]
    assert detail.isascii()
    assert detail.isprintable()
    assert len(detail) < 500


def test_there_are_tables_worth_the_name():
    assert len(PROVEN + REFUSED + ATTACKS) >= 150
    assert len(ATTACKS) >= 80
    assert len({case.rule for case in PROVEN + REFUSED + ATTACKS}) == len(
        PROVEN + REFUSED + ATTACKS
    )
