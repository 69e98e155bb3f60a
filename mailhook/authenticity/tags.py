"""Lists of `tag=value;`, as signatures and key records are written (RFC 6376 section 3.2)."""

from __future__ import annotations

import re

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


def tags(text: bytes) -> dict[str, str]:
    """Each tag once, values without the blanks around them. Raises ValueError."""
    if not text.isascii():
        raise ValueError("it holds bytes beyond ASCII")
    found: dict[str, str] = {}
    parts = text.decode().split(";")
    for part in parts if parts[-1].strip() else parts[:-1]:
        name, sign, value = part.partition("=")
        name = name.strip()
        if not sign or not _NAME.fullmatch(name):
            raise ValueError("it is no list of tags")
        if name in found:
            raise ValueError(f"it says {name[:20]}= twice")
        found[name] = value.strip()
    return found
