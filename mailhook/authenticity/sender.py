"""Whose mail it claims to be: exactly one From with exactly one address, and who is listed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from mailhook.authenticity.words import Unproven, shown

Headers = Sequence[tuple[str, str]]

# One address and nothing that could hide another: no groups, no routes, no encoded words.
_ADDRESS = re.compile(
    r"""(?: (?P<name> [^<>@,;:()"\\]* | \s*"(?:[^"\\]|\\.)*"\s* )
          <(?P<angle>[^<>@\s,;:()"\\]+@[^<>@\s,;:()"\\]+)>
        | (?P<bare>[^<>@\s,;:()"\\]+@[^<>@\s,;:()"\\]+) )""",
    re.VERBOSE,
)
_DOMAIN = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+")
_LIMIT = 20_000


def trusted(headers: Headers, senders: Sequence[str]) -> str:
    """The one address of the one From, in lower case, if it is listed.

    Display names, Sender and Reply-To are never looked at. Raises Unproven.
    """
    values = [value for name, value in headers if name == "from"]
    if len(values) != 1:
        raise Unproven(f"there are {len(values)} From headers")
    found = _ADDRESS.fullmatch(values[0].strip()) if len(values[0]) < _LIMIT else None
    if found is None:
        raise Unproven("From does not hold exactly one plain address")
    address = (found["angle"] or found["bare"]).lower()
    local, _, domain = address.rpartition("@")
    if not _DOMAIN.fullmatch(domain) or not local.isascii() or "=?" in local:
        raise Unproven("From's address is not in plain letters")
    if not any(_lists(listed, address) for listed in map(lowered, senders)):
        raise Unproven(f"{shown(domain)} is not in trust.senders")
    return address


def is_aligned(signer: str, address: str, senders: Iterable[str]) -> bool:
    """Whether a signature of that domain speaks for the address.

    Both lie under one listed domain; where a whole address is listed, its own
    domain signs, or one below it.
    """
    domain = domain_of(address)
    return any(
        _lists(listed, address) and covers(domain if "@" in listed else listed, signer)
        for listed in map(lowered, senders)
    )


def covers(domain: str, other: str) -> bool:
    """Whether `other` is the domain, or one below it."""
    return other == domain or other.endswith(f".{domain}")


def domain_of(text: str) -> str:
    """What stands behind the last @, or all of it, case folded and in IDNA's letters."""
    return lowered(text.rpartition("@")[2])


def lowered(name: str) -> str:
    """Case folded and in IDNA's letters, as it stands in headers."""
    try:
        return name.strip().lower().encode("idna").decode() if not name.isascii() else name.lower()
    except UnicodeError:
        return name.lower()


def _lists(listed: str, address: str) -> bool:
    return address == listed if "@" in listed else covers(listed, domain_of(address))
