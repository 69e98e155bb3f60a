"""Login by token: OAUTHBEARER (RFC 7628), and XOAUTH2, which Google and Microsoft had before it."""

from __future__ import annotations

from base64 import b64encode

from imapclient import IMAPClient
from imapclient.exceptions import LoginError

from mailhook import strict_json

# As in the standard's `gs2-header`, RFC 5801 section 4.
_ESCAPED = {ord("="): "=3D", ord(","): "=2C"}


def mechanism(client: IMAPClient) -> str | None:
    """The better one of those the server offers; the standard tells more about a refusal."""
    offered = (name for name in ("OAUTHBEARER", "XOAUTH2") if client.has_capability(f"AUTH={name}"))
    return next(offered, None)


def authenticate(client: IMAPClient, name: str, username: str, token: str) -> None:
    """Log in by the mechanism of this name.

    Raises:
        LoginError: the server refuses; or its context tells that the connection broke.
    """
    talk = _Talk(*_words(name, username, token))
    try:
        client.sasl_login(name, talk)
    except LoginError as error:
        if why := _why(talk.challenge):
            raise LoginError(f"{error}; {why}") from error
        raise


def spellings(name: str, username: str, token: str) -> tuple[str, ...]:
    """How the token is spelled on the line, which no error may quote."""
    first, _ = _words(name, username, token)
    return token, b64encode(first).decode()


class _Talk:
    """Answers the server's two challenges: an empty one, then perhaps one that tells an error."""

    def __init__(self, first: bytes, last: bytes) -> None:
        self._answers = [first, last]
        self.challenge = b""

    def __call__(self, challenge: bytes) -> bytes | None:
        self.challenge = challenge
        # None gives up: a server that asks for more speaks another mechanism.
        return self._answers.pop(0) if self._answers else None


def _words(name: str, username: str, token: str) -> tuple[bytes, bytes]:
    """What is said first, and what after an error (RFC 7628 section 3.2.3; Google: nothing)."""
    if name == "OAUTHBEARER":
        user = username.translate(_ESCAPED)
        return f"n,a={user},\1auth=Bearer {token}\1\1".encode(), b"\1"
    return f"user={username}\1auth=Bearer {token}\1\1".encode(), b""


def _why(challenge: bytes) -> str:
    """`status invalid_token, scope …`, as far as the challenge tells."""
    try:
        told = strict_json.loads(challenge)
    except ValueError:
        return ""
    if not isinstance(told, dict):
        return ""
    known = ((key, told.get(key)) for key in ("status", "scope", "schemes"))
    return ", ".join(f"{key} {value}" for key, value in known if isinstance(value, str) and value)
