"""The settings file: read, checked as a whole, every problem at once."""

from __future__ import annotations

from mailhook.config.reading import find, load
from mailhook.config.secret import Secret
from mailhook.config.sections import (
    AfterSettings,
    FolderSettings,
    LogSettings,
    MailboxSettings,
    MetricsSettings,
    NotifySettings,
    Settings,
    SnapshotSettings,
    StoreSettings,
    TrustSettings,
)
from mailhook.config.upkeep import secret_problems, warnings

__all__ = [
    "AfterSettings",
    "FolderSettings",
    "LogSettings",
    "MailboxSettings",
    "MetricsSettings",
    "NotifySettings",
    "Secret",
    "Settings",
    "SnapshotSettings",
    "StoreSettings",
    "TrustSettings",
    "find",
    "load",
    "secret_problems",
    "warnings",
]
