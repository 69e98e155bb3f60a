"""Mails from files on their way to the service: what is known of each, beside its bytes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from datetime import datetime

from mailhook import times
from mailhook.model import Batch, Delivery, Json, Object

_HEADERS_ONLY = re.compile(r"file:[0-9a-f]{64};headers")
_PROBLEM_CHARACTERS = 500


def spelled(batch: Batch) -> dict[str, Json]:
    """The deliveries without their bytes, as JSON."""
    return {"deliveries": [_spelled(delivery) for delivery in batch.deliveries]}


def _spelled(delivery: Delivery) -> dict[str, Json]:
    told: dict[str, Json] = {"received_at": times.stored(delivery.received_at)}
    if delivery.problem:
        problem = delivery.problem[:_PROBLEM_CHARACTERS]
        told |= {"location": delivery.location, "size": delivery.size, "problem": problem}
    return told


def read(told: Object, raws: Sequence[bytes]) -> Batch:
    """The inverse of `spelled`. Raises ValueError for what is none.

    They all come from files: where each came from is not asked but made from its bytes,
    so that nobody can tell of a mailbox he has not read. Of a mail that was too large
    its caller alone has seen the bytes; its location says that these are not all.
    """
    match told:
        case {"deliveries": list(members)} if len(members) == len(raws):
            pairs = zip(members, raws, strict=True)
            return Batch(tuple(_read(member, raw) for member, raw in pairs))
    raise ValueError("these are no deliveries")


def _read(told: Json, raw: bytes) -> Delivery:
    known = told if isinstance(told, dict) else {}
    received = known.get("received_at")
    moment = times.parse(received) if isinstance(received, str) else None
    if moment is None:
        raise ValueError("this is no delivery")
    if "problem" in known:
        return _headers_only(known, moment, raw)
    return Delivery("file", f"file:{hashlib.sha256(raw).hexdigest()}", moment, raw)


def _headers_only(told: Object, moment: datetime, raw: bytes) -> Delivery:
    match told:
        case {"location": str(location), "size": int(size), "problem": str(problem)} if (
            _HEADERS_ONLY.fullmatch(location) and problem.startswith("too_large: ")
        ):
            return Delivery("file", location, moment, raw, size, problem[:_PROBLEM_CHARACTERS])
    raise ValueError("this is no delivery")
