"""Bytes of JSON as they stand, for a person to look at, whatever is wrong with them."""

from __future__ import annotations

from typing import Any

from mailhook import strict_json

# Of what is no JSON so much is shown.
_SHOWN_CHARS = 4000

Part = dict[str, Any]


def decoded(raw: bytes) -> Part:
    """The members as they stand there, or the text where it is no strict JSON object."""
    try:
        value = strict_json.loads(raw)
    except ValueError as error:
        return {"not_strict_json": str(error), "text": _text(raw)}
    return value if isinstance(value, dict) else {"no_object": value}


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "backslashreplace")[:_SHOWN_CHARS]
