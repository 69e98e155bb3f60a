"""The group that may read a copy: whether there is one, and whether we may give files to it."""

from __future__ import annotations

import grp
import os

from mailhook.errors import ConfigError, Problem

_KEY = "store.snapshot.group"


def group_id(name: str) -> int:
    """The number of the group. Raises ConfigError where files cannot be given to it."""
    try:
        number = grp.getgrnam(name).gr_gid
    except KeyError:
        hint = "create it (groupadd), or name the group of those who read the copy"
        raise ConfigError([Problem(_KEY, f"there is no group {name!r}", hint)]) from None
    if os.geteuid() != 0 and number not in {os.getegid(), *os.getgroups()}:
        message = f"files cannot be given to the group {name!r}: this user is not in it"
        hint = f"add the service's user to it; in a unit: SupplementaryGroups={name}"
        raise ConfigError([Problem(_KEY, message, hint)])
    return number
