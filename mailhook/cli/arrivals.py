"""What a delivery is called in a list: by its mail's headers, or by what it tells of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

Row = Mapping[str, Any]

_LIST = "/v1/hooks/events/"


def sender(row: Row) -> str:
    """Who sent it; what is no mail has no sender, and is called by what it tells of."""
    return row["sender"] or _event(row)


def subject(row: Row) -> str:
    """Its Subject, or what it tells of."""
    return row["subject"] or _event(row)


def _event(row: Row) -> str:
    """The key of the event it told of, or where there is none the one it was listed by."""
    return row.get("event") or (_listed_by(row["location"]) if row["channel"] == "api" else "")


def _listed_by(location: str) -> str:
    """The idempotency key in the address of a listed event; empty where the vendor gave none."""
    return unquote(urlsplit(location).path.partition(_LIST)[2])
