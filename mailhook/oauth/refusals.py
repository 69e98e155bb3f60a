"""Why an issuer gives no token, and what the operator can do about it.

The class of the error follows the standard's code alone (RFC 6749 section 5.2,
RFC 8628 section 3.5). What Microsoft and Google add in words makes the
sentence better and decides nothing, for they may change it any day.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass

from mailhook.config import MailboxSettings
from mailhook.errors import ConfigError, MailhookError
from mailhook.oauth.grant import Answer, Grant, Malformed
from mailhook.oauth.issuer import oauth2
from mailhook.oauth.wording import later, refused, shown


@dataclass(frozen=True, slots=True)
class _Reason:
    key: str
    what: str
    hint: str


_PASSING = {"server_error", "temporarily_unavailable", "slow_down"}

_REASONS = {
    "invalid_client": _Reason(
        "client_secret",
        "the issuer does not know the client, or not by this secret",
        "check client_id and client_secret; make a new secret if it may have expired",
    ),
    "unauthorized_client": _Reason(
        "client_id",
        "the client may not get a token in this way",
        "allow the flow and the scopes where the client is registered; see docs/oauth.md",
    ),
    "invalid_scope": _Reason(
        "scopes", "the issuer does not grant this scope", "docs/oauth.md has the scopes for mail"
    ),
    "invalid_grant": _Reason(
        "",
        "the issuer takes what the token is asked with for no longer valid",
        "check username, the key and the clock of this machine",
    ),
    "access_denied": _Reason(
        "", "access was denied", "the mailbox's user, or an administrator, has to agree to it"
    ),
    "consent_required": _Reason(
        "", "nobody has agreed to the access", "grant (admin) consent where the app is registered"
    ),
    "unsupported_grant_type": _Reason(
        "flow", "the issuer does not offer this flow", "enable it there, or use another"
    ),
}
_SAME = {
    "invalid_resource": "invalid_scope",
    "invalid_target": "invalid_scope",
    "interaction_required": "consent_required",
    "login_required": "consent_required",
    "authorization_declined": "access_denied",  # Microsoft's word for it
}
_UNKNOWN = _Reason("", "the issuer refuses", "docs/oauth.md tells what the usual codes mean")

# What the vendors' words tell beyond the standard's code, tried in order.
# https://learn.microsoft.com/entra/identity-platform/reference-error-codes
_WORDS = [
    (
        r"AADSTS7000222\b",
        _Reason("client_secret", "the client secret has expired", "make a new one for the app"),
    ),
    (
        r"AADSTS7000215\b",
        _Reason(
            "client_secret",
            "the client secret is wrong",
            "the secret's value is needed, not the id shown beside it",
        ),
    ),
    (
        r"AADSTS700016\b",
        _Reason(
            "client_id",
            "the tenant knows no app with this id",
            "check client_id and tenant on the app's overview page",
        ),
    ),
    (
        r"AADSTS9000[24]\b",
        _Reason(
            "tenant", "there is no such tenant", "the directory (tenant) id, or a domain of it"
        ),
    ),
    (
        r"AADSTS7000218\b",
        _Reason(
            "flow",
            "the app is not allowed to use device codes",
            "its Authentication page: Allow public client flows: Yes",
        ),
    ),
    (r"AADSTS(65001|650057|90094)\b", _REASONS["consent_required"]),
    (r"AADSTS(500011|70011|1002012)\b", _REASONS["invalid_scope"]),
    (
        r"Invalid JWT Signature",
        _Reason("key", "Google no longer accepts this key", "make a new key for the account"),
    ),
    (
        r"Invalid JWT: Token must be a short-lived",
        _Reason("", "the clock of this machine is wrong", "let it be set by NTP"),
    ),
    (
        r"Invalid email or User ID",
        _Reason("", "the domain has no user of this name", "check username"),
    ),
    (
        r"Client is unauthorized to retrieve access tokens",
        _Reason(
            "scopes",
            "the service account has no domain-wide delegation for this scope",
            "in Google's Admin console, API controls, add the account's client id with the scope",
        ),
    ),
]
_EXPIRED = re.compile(r"\bexpired\b|AADSTS(70008|700082|70043|700084)\b", re.IGNORECASE)
_REVOKED = re.compile(r"\brevoked\b|AADSTS(50173|50132|50133)\b", re.IGNORECASE)


def granted(settings: MailboxSettings, answer: Answer, now: float, *secrets: str) -> Grant:
    """What the answer grants; `now` as for `Grant.of`.

    Raises:
        ConfigError: the issuer refuses; says why and what to do, and none of the secrets.
        TemporaryError: it refuses for now, or its answer is no grant.
    """
    if "error" in answer:
        raise refusal(settings, answer, *secrets)
    try:
        return Grant.of(answer, now)
    except Malformed as error:
        raise later(settings.name, "the issuer", str(error)) from None


def refusal(settings: MailboxSettings, answer: Answer, *secrets: str) -> MailhookError:
    """The error for an answer that holds `error`; neither the secrets nor ours show in it."""
    secrets += _client_secret(settings)
    code = shown(answer["error"], *secrets) or "no code"
    said = shown(answer.get("error_description"), *secrets)
    told = f"{code}: {said}" if said else code
    if code in _PASSING:
        return later(settings.name, "the issuer", f"no token now ({told})")
    reason = _reason(settings, code, said)
    return refused(settings.name, reason.key, f"{reason.what} ({told})", reason.hint)


def _client_secret(settings: MailboxSettings) -> tuple[str, ...]:
    secret = oauth2(settings).client_secret
    with suppress(ConfigError):  # then it was not sent either
        return (secret.reveal(),) if secret else ()
    return ()


def _reason(settings: MailboxSettings, code: str, said: str) -> _Reason:
    for words, reason in _WORDS:
        if re.search(words, said):
            return reason
    if code == "invalid_grant" and oauth2(settings).flow == "device_code":
        return _Reason("", _ended(said), f"run `mailhook oauth login` for {settings.name} again")
    return _REASONS.get(_SAME.get(code, code), _UNKNOWN)


def _ended(said: str) -> str:
    match bool(_EXPIRED.search(said)), bool(_REVOKED.search(said)):
        case True, False:
            return "the login has expired"
        case False, True:
            return "the login was revoked"
    return "the login has expired or was revoked"
