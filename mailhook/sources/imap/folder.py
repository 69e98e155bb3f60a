"""Folders: delimiters, namespaces (RFC 2342), and nearest names."""

from __future__ import annotations

from imapclient import IMAPClient

from mailhook.config import MailboxSettings
from mailhook.errors import FolderMissing, Problem
from mailhook.sources.place import plain

# What a name that only stands between others is marked with, RFC 9051 section 7.3.1.
_NO_FOLDER = {b"\\noselect", b"\\nonexistent"}


def find(client: IMAPClient, settings: MailboxSettings, name: str) -> str:
    """The folder's name on the server. Raises FolderMissing, naming near ones."""
    known = found(client, name)
    if known:
        return known
    import difflib

    existing = _selectable(client, "*")
    near = difflib.get_close_matches(name, existing, n=3, cutoff=0.4)
    hint = f"there are: {', '.join(near or existing[:8])}"
    raise FolderMissing(
        [Problem(f"mailboxes[{settings.name}].folders", f"there is no folder {name!r}", hint)]
    )


def found(client: IMAPClient, name: str) -> str | None:
    """The folder's name on the server, None if it is missing."""
    if plain(name) == "INBOX":  # it always exists, though some list it as "Inbox"
        return "INBOX"
    for spelled in spellings(client, name):
        if spelled in _selectable(client, spelled):
            return spelled
    return None


def spellings(client: IMAPClient, name: str) -> list[str]:
    """How the server may write the name: its own delimiter, its personal namespace before it."""
    prefix, delimiter = _personal(client)
    spelled = name.replace("/", delimiter) if delimiter else name
    whole = spelled if spelled.startswith(prefix) else f"{prefix}{spelled}"
    return list(dict.fromkeys((name, spelled, whole)))


def _selectable(client: IMAPClient, pattern: str) -> list[str]:
    return [
        name
        for flags, _, name in client.list_folders("", pattern)
        if not {flag.lower() for flag in flags} & _NO_FOLDER
    ]


def _personal(client: IMAPClient) -> tuple[str, str]:
    if client.has_capability("NAMESPACE"):
        personal = client.namespace().personal
        if personal:
            prefix, delimiter = personal[0]
            return prefix or "", delimiter or ""
    for _, delimiter, _ in client.list_folders("", ""):
        return "", (delimiter or b"").decode("ascii", "replace")
    return "", ""
