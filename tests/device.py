"""A mailbox that logs in by device code at an issuer of ours, and somebody who does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from issuer import CLIENT, Issuer

from mailhook.config import MailboxSettings
from mailhook.errors import MailhookError
from mailhook.oauth import Prompt, Tokens, login


def told(issuer: Issuer, home: Path, **changes: object) -> dict[str, Any]:
    oauth2 = {
        "provider": "other",
        "flow": "device_code",
        "token_url": f"{issuer.url}/token",
        "device_url": f"{issuer.url}/device",
        "client_id": CLIENT,
        "token_file": str(home / "oauth-hooks.json"),
    }
    box = {"name": "hooks", "host": "imap.example.com", "username": issuer.user}
    return box | {"oauth2": oauth2 | changes}


def mailbox(issuer: Issuer, home: Path, **changes: object) -> MailboxSettings:
    return MailboxSettings.model_validate(told(issuer, home, **changes))


def logged_in(settings: MailboxSettings) -> tuple[list[Prompt], list[float]]:
    shown: list[Prompt] = []
    waited: list[float] = []
    login(settings, shown.append, waited.append)
    return shown, waited


def refused(settings: MailboxSettings) -> str:
    with pytest.raises(MailhookError) as caught:
        Tokens(settings).access_token()
    return str(caught.value)
