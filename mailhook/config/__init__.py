"""The settings file: read, checked as a whole, every problem at once."""

from __future__ import annotations

from mailhook.config.reading import find, load
from mailhook.config.secret import Secret
from mailhook.config.sections import (
    AfterSettings,
    FolderSettings,
    LogSettings,
    MailboxSettings,
    Settings,
    StoreSettings,
    TrustSettings,
)
from mailhook.config.upkeep import secret_problems, warnings

__all__ = [
    "AfterSettings",
    "FolderSettings",
    "LogSettings",
    "MailboxSettings",
    "Secret",
    "Settings",
    "StoreSettings",
    "TrustSettings",
    "find",
    "load",
    "secret_problems",
    "warnings",
]
