"""Folders: their URLs (RFC 5092), delimiters, namespaces (RFC 2342), and nearest names."""

from __future__ import annotations

import difflib
from urllib.parse import quote, unquote

from imapclient import IMAPClient

from mailhook.config import MailboxSettings
from mailhook.sources.imap.connection import wrong

_DEFAULT_PORTS = {"implicit": 993, "starttls": 143, "none": 143}


def url(settings: MailboxSettings, name: str) -> str:
    """`imap://user@host/Folder`; the port only where it is not the default."""
    port = "" if settings.port == _DEFAULT_PORTS[settings.tls] else f":{settings.port}"
    return f"imap://{quote(settings.username, safe='')}@{settings.host}{port}/{_path(name)}"


def name_of(settings: MailboxSettings, source: str) -> str:
    """The configured name behind a URL of `url`."""
    for folder in settings.folders:
        if url(settings, folder.name) == source:
            return folder.name
    return unquote(source.split("/", 3)[3])


def find(client: IMAPClient, settings: MailboxSettings, name: str) -> str:
    """The folder's name on the server. Raises ConfigError, naming near ones, if it is missing."""
    existing = _existing(client)
    for spelled in spellings(client, name):
        if spelled in existing:
            return spelled
    near = difflib.get_close_matches(name, existing, n=3, cutoff=0.4)
    hint = f"there are: {', '.join(near or existing[:8])}"
    raise wrong(settings, "folders", f"there is no folder {name!r}", hint)


def spellings(client: IMAPClient, name: str) -> list[str]:
    """How the server may write the name: its own delimiter, its personal namespace before it."""
    if name.upper() == "INBOX":
        return ["INBOX"]
    prefix, delimiter = _personal(client)
    spelled = name.replace("/", delimiter) if delimiter else name
    return list(dict.fromkeys((name, spelled, f"{prefix}{spelled}")))


def _path(name: str) -> str:
    return "INBOX" if name.upper() == "INBOX" else quote(name, safe="/")


def _existing(client: IMAPClient) -> list[str]:
    folders = client.list_folders()
    return [name for flags, _, name in folders if b"\\Noselect" not in flags]


def _personal(client: IMAPClient) -> tuple[str, str]:
    if client.has_capability("NAMESPACE"):
        personal = client.namespace().personal
        if personal:
            prefix, delimiter = personal[0]
            return prefix or "", delimiter or ""
    for _, delimiter, _ in client.list_folders("", ""):
        return "", (delimiter or b"").decode("ascii", "replace")
    return "", ""
