"""A large body that holds no signature costs next to nothing."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import hooks
import pytest

from mailhook.examining.hook import tokens

_NOON = datetime(2026, 8, 3, 12, tzinfo=UTC)
_SIZE = 250_000


@pytest.mark.parametrize(
    "piece", [b'"a.b.c",', b"a=%41%41&", b".", b"a" * 42 + b".", b"." + b"a" * 44]
)
def test_what_holds_no_signature_is_not_taken_apart(piece: bytes):
    body = b"[" + piece * (_SIZE // len(piece)) + b"]"
    start = time.process_time()
    assert tokens(body) == ()
    assert time.process_time() - start < 0.05


def test_a_token_in_a_large_body_is_found():
    signed = hooks.signed(hooks.check("CHK1", _NOON), made_at=_NOON)
    padding = b'"' + b"x" * _SIZE + b'"'
    for body in (b'{"padding": ' + padding + b', "token": "' + signed + b'"}', signed):
        assert tokens(body) == (signed.decode(),)
