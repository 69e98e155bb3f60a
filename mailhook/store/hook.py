"""Which hook a mail about hooks speaks of: by its address and its name, where it tells them. Pure.

Several hooks may post to one address, and the vendor's mails name a hook or do not, in one
language and not in another.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

_PORTS = {"http": 80, "https": 443}

Row = TypeVar("Row", bound=Sequence[Any])


@dataclass(frozen=True, slots=True)
class Hook:
    """What a mail told of the hook: `endpoint` as `plain` gives it, `name` as `named` does."""

    endpoint: str | None
    name: str | None

    def may_share(self, other: Hook) -> bool:
        """Whether both may post to one address."""
        return not (self.endpoint and other.endpoint) or self.endpoint == other.endpoint


def named(told: object) -> str | None:
    """The name of a hook in one spelling; None where it is none, or an address."""
    name = " ".join(told.split()).casefold() if isinstance(told, str) else ""
    return name if name and "://" not in name else None


def nearest(name: str | None, rows: Iterable[Row]) -> Row | None:
    """The first row of that very hook, else the first that may be its.

    The last cell of a row is the hook's name as it was told.
    """
    found = None
    for row in rows:
        other = named(row[-1])
        if other == name:
            return row
        if found is None and (name is None or other is None):
            found = row
    return found


def plain(address: str | None) -> str | None:
    """The address in one spelling: host in lower case, no default port, no slash at its end."""
    try:
        parts = urlsplit(address.strip() if address else "")
        host, port, scheme = (parts.hostname or "").rstrip("."), parts.port, parts.scheme
    except ValueError:
        return address
    if not host:
        return address or None
    shown = "" if port in {None, _PORTS.get(scheme)} else f":{port}"
    query = f"?{parts.query}" if parts.query else ""
    return f"{scheme}://{host}{shown}{parts.path.rstrip('/')}{query}"
