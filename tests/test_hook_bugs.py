"""A bug of ours never makes a forger of the vendor."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import cast

import hooks

from mailhook.config import TrustSettings
from mailhook.model import Delivery
from mailhook.pipeline import examine
from mailhook.tag import Tag
from mailhook.trust import Trust

NOON = datetime(2026, 8, 3, 12, tzinfo=UTC)


def test_what_the_vendor_signed_stays_the_vendors_where_a_bug_of_ours_strikes():
    signed, forged = (
        hooks.signed(hooks.check("CHK1", NOON), made_at=NOON, key=key)
        for key in (hooks.KEY, hooks.OTHER_KEY)
    )
    trust = Trust(TrustSettings(), (hooks.KEY,), tag=cast("Tag", object()))  # which trips us
    found = [examine(Delivery("web", "web:1", NOON, raw), trust) for raw in (signed, forged)]
    assert [one.authenticity for one in found] == ["verified", "unverified"]
    assert all((one.reason or "").startswith("bug: ") for one in found)
