"""The domain a mail says it comes from: all that may be told of a sender."""

from __future__ import annotations

import re

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"(?:{_LABEL}\.)+{_LABEL}")
_MOST = 253  # RFC 1035 section 2.3.4, less the dots at its ends


def domain_of(sender: str | None) -> str | None:
    """The domain of the one address in `deliveries.sender`, in plain letters; else None."""
    local, at, domain = (sender or "").rpartition("@")
    if not at or not local or ", " in local:
        return None
    return plain(domain)


def plain(name: str) -> str | None:
    """The name in lower case and IDNA's letters, None if it is no domain's."""
    if len(name) > _MOST:
        return None
    try:
        name = name.lower() if name.isascii() else name.lower().encode("idna").decode()
    except UnicodeError:
        return None
    return name if len(name) <= _MOST and _DOMAIN.fullmatch(name) else None
