"""Logging in by a code that a person types in on any device (RFC 8628)."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from mailhook.config import MailboxSettings
from mailhook.errors import TemporaryError
from mailhook.model import Json
from mailhook.oauth.grant import Answer, Grant
from mailhook.oauth.issuer import Issuer, issuer_of
from mailhook.oauth.kept import TokenFile
from mailhook.oauth.refusals import granted, refusal
from mailhook.oauth.wording import later, shown, wrong

# RFC 8628 sections 3.2 and 3.5, in seconds.
_INTERVAL = 5
_SLOWER = 5
_LONGEST = 3600


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the person has to do: open `url`, type `code`, within `seconds`."""

    url: str
    code: str
    seconds: float


def login(
    settings: MailboxSettings,
    show: Callable[[Prompt], None],
    wait: Callable[[float], object] = time.sleep,
) -> None:
    """Have a person agree, and keep the refresh token in the mailbox's token file.

    Raises:
        ConfigError: the issuer or the person refuses, or the file cannot be written.
        TemporaryError: the issuer cannot be reached, or nobody has agreed in time.
    """
    kept = TokenFile(settings)
    with kept.locked():
        pass  # better told now than once the person has agreed
    with issuer_of(settings) as issuer:
        begun = issuer.device()
        if "error" in begun:
            raise refusal(settings, begun)
        prompt = _prompt(settings, begun)
        show(prompt)
        grant = _agreed(settings, issuer, begun, wait)
    if not grant.refresh_token:
        message = "the issuer gave no refresh token, so the login would end within the hour"
        raise wrong(settings.name, "scopes", message, "with most issuers add offline_access")
    with kept.locked():
        kept.write(grant)


def _prompt(settings: MailboxSettings, begun: Answer) -> Prompt:
    url = shown(begun.get("verification_uri") or begun.get("verification_url"))
    code = shown(begun.get("user_code"))
    if not url or not code or not isinstance(begun.get("device_code"), str):
        raise later(settings.name, "the issuer", "its answer holds no code for a device")
    return Prompt(url, code, min(_number(begun.get("expires_in"), _LONGEST), _LONGEST))


def _agreed(
    settings: MailboxSettings, issuer: Issuer, begun: Answer, wait: Callable[[float], object]
) -> Grant:
    """The grant, asked for again and again until the person has decided or the code has expired."""
    left = _prompt(settings, begun).seconds
    interval = _number(begun.get("interval"), _INTERVAL)
    while left > 0:
        wait(interval)
        started = time.monotonic()
        answer = _once(issuer, begun)
        left -= interval + time.monotonic() - started
        match answer.get("error"):
            case "authorization_pending":
                continue
            case "slow_down":
                interval += _SLOWER
            case "expired_token":
                break
            case _:
                return granted(settings, answer, time.time(), str(begun["device_code"]))
    what = "nobody has agreed before the code expired"
    raise TemporaryError(f"mailbox {settings.name}: {what}; run `mailhook oauth login` again")


def _once(issuer: Issuer, begun: Answer) -> Answer:
    try:
        return issuer.by_device(begun)
    except TemporaryError:  # the code is still good, and the person may be typing it
        return {"error": "slow_down"}


def _number(value: Json, usual: float) -> float:
    if isinstance(value, str) and value.isdecimal():
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return usual
    return max(0.0, float(value))
