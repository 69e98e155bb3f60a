"""The settings file: read, checked as a whole, every problem at once."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Secret(_Section):
    """A reference to a secret; exactly one of the four is set."""

    file: Path | None = None
    env: str | None = None
    credential: str | None = None
    command: tuple[str, ...] | None = None

    def reveal(self) -> str:
        """The secret itself, read anew at each call."""
        raise NotImplementedError


class FolderSettings(_Section):
    """One folder of a mailbox; `idle` asks for a connection of its own that watches it."""

    name: str
    idle: bool = False


class AfterSettings(_Section):
    """What becomes of a mail after its outcome is committed."""

    verb: Literal["leave", "seen", "move", "delete"] = "leave"
    target: str | None = None


class MailboxSettings(_Section):
    """One IMAP account."""

    name: str
    host: str
    port: int
    tls: Literal["implicit", "starttls", "none"] = "implicit"
    ca_file: Path | None = None
    username: str
    password: Secret
    folders: tuple[FolderSettings, ...] = (FolderSettings(name="INBOX", idle=True),)
    idle: bool = True
    poll_seconds: float = 60
    probe_seconds: float = 25
    max_message_bytes: int = 2_000_000
    after: AfterSettings = AfterSettings()


class TrustSettings(_Section):
    """What counts as proof of who sent a mail."""

    senders: tuple[str, ...] = ("truora.com",)
    authserv_id: tuple[str, ...] = ()
    require: Literal["dmarc", "dkim", "none"] = "dmarc"
    signing_keys: tuple[Secret, ...] = ()


class StoreSettings(_Section):
    """The SQLite file."""

    path: Path = Path("mailhook.db")
    raw: Literal["full", "headers", "none"] = "full"
    match_window_seconds: float = 180


class LogSettings(_Section):
    """The log lines of the service."""

    format: Literal["auto", "json", "pretty", "journal"] = "auto"
    level: Literal["debug", "info", "warning", "error"] = "info"


class Settings(_Section):
    """All of config.yaml."""

    store: StoreSettings = StoreSettings()
    mailboxes: tuple[MailboxSettings, ...] = ()
    trust: TrustSettings = TrustSettings()
    log: LogSettings = LogSettings()
