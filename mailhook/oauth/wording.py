"""What went wrong on the way to a token: whose it is, and in words without any secret."""

from __future__ import annotations

from mailhook.errors import ConfigError, LoginRefused, Problem, TemporaryError

_SHOWN_CHARS = 200


def wrong(mailbox: str, key: str, message: str, hint: str = "") -> ConfigError:
    """A setting below `oauth2` that the operator has to mend; without `key`, the section."""
    return ConfigError([Problem(_path(mailbox, key), message, hint)])


def refused(mailbox: str, key: str, message: str, hint: str) -> LoginRefused:
    """Likewise, where the issuer has looked at it and said no."""
    return LoginRefused([Problem(_path(mailbox, key), message, hint)])


def later(mailbox: str, place: str, what: str, wait_seconds: float = 0) -> TemporaryError:
    """What may pass by itself; `place` is the issuer's host, or the token file."""
    told = f"mailbox {mailbox}: {place}: {what}; will be tried again"
    return TemporaryError(told, wait_seconds)


def shown(said: object, *secrets: str) -> str:
    """What a server said: one line, short, printable, and silent about the secrets."""
    text = said if isinstance(said, str) else ""
    for secret in secrets:
        text = text.replace(secret, "…")
    text = " ".join("".join(c if c.isprintable() else " " for c in text[:5000]).split())
    return text if len(text) <= _SHOWN_CHARS else f"{text[:_SHOWN_CHARS]}…"


def _path(mailbox: str, key: str) -> str:
    return f"mailboxes[{mailbox}].oauth2" + (f".{key}" if key else "")
