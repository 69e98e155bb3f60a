"""The settings file: read, checked as a whole, every problem at once."""

from __future__ import annotations

from mailhook.config.oauth2 import OAuth2Settings, refuse_plain_text
from mailhook.config.reading import find, load
from mailhook.config.roads import ApiBases, ApiSettings, GuardSettings, WebSettings
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
from mailhook.config.upkeep import mailbox_secrets, secret_problems, secrets, warnings

__all__ = [
    "AfterSettings",
    "ApiBases",
    "ApiSettings",
    "FolderSettings",
    "GuardSettings",
    "LogSettings",
    "MailboxSettings",
    "MetricsSettings",
    "NotifySettings",
    "OAuth2Settings",
    "Secret",
    "Settings",
    "SnapshotSettings",
    "StoreSettings",
    "TrustSettings",
    "WebSettings",
    "find",
    "load",
    "mailbox_secrets",
    "refuse_plain_text",
    "secret_problems",
    "secrets",
    "warnings",
]
