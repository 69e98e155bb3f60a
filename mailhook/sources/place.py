"""A folder as the store names it: by its URL (RFC 5092). Known without its mailbox."""

from __future__ import annotations

from urllib.parse import quote, unquote

from mailhook.config import MailboxSettings

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


def plain(name: str) -> str:
    """The name as most servers know it, which costs no question."""
    return "INBOX" if name.upper() == "INBOX" else name


def _path(name: str) -> str:
    return quote(plain(name), safe="/")
