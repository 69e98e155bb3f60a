"""The access token of a mailbox: fetched when needed, used again while it is good."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import lru_cache

from mailhook.config import MailboxSettings
from mailhook.oauth.grant import Answer, Grant
from mailhook.oauth.issuer import Issuer, issuer_of, oauth2
from mailhook.oauth.kept import TokenFile
from mailhook.oauth.refusals import granted

Clock = Callable[[], float]
"""Seconds since the epoch."""


@dataclass(frozen=True, slots=True)
class Token:
    """`is_fresh` where the issuer has given it just now, so that asking again is no use."""

    value: str = field(repr=False)
    is_fresh: bool


class Tokens:
    """The tokens of one mailbox, for all its connections; any thread may ask."""

    def __init__(self, settings: MailboxSettings, clock: Clock = time.time) -> None:
        self._settings, self._clock = settings, clock
        self._lock = threading.Lock()
        self._grant: Grant | None = None
        self._refused = ""
        # What the disk would not take, with the refresh token it has replaced.
        self._unsaved: tuple[str | None, Grant] | None = None

    def access_token(self) -> Token:
        """A token that is good for now, from the issuer only where none is at hand.

        Raises:
            TemporaryError: the issuer or the disk is in trouble.
            ConfigError: the issuer refuses, or nobody has logged in; says what to do.
        """
        with self._lock:
            if self._grant and self._is_good(self._grant):
                return Token(self._grant.access_token, is_fresh=False)
            if oauth2(self._settings).flow == "device_code":
                return self._by_login()
            self._grant = self._asked(lambda issuer: issuer.by_itself())
            return Token(self._grant.access_token, is_fresh=True)

    def drop(self, token: Token) -> None:
        """Never hand out this token again: the mail server has refused it."""
        with self._lock:
            self._refused = token.value

    def _by_login(self) -> Token:
        kept = TokenFile(self._settings)
        login, is_fresh = kept.read(), False
        if self._unsaved or not self._is_good(login):
            with kept.locked():
                login = self._saved(kept)
                is_fresh = not self._is_good(login)  # another process may have been first
                if is_fresh:
                    login = self._refreshed(login, kept)
        self._grant = login
        return Token(login.access_token, is_fresh)

    def _saved(self, kept: TokenFile) -> Grant:
        """What the file holds, after what it would not take before."""
        login = kept.read()
        if self._unsaved:
            replaced, newer = self._unsaved
            if login.refresh_token == replaced:  # else somebody has logged in meanwhile
                kept.write(newer)
                login = newer
            self._unsaved = None
        return login

    def _refreshed(self, login: Grant, kept: TokenFile) -> Grant:
        """The next grant; an issuer that rotates has by now forgotten the last refresh token."""
        refresh = str(login.refresh_token)
        grant = self._asked(lambda issuer: issuer.by_refresh(refresh), refresh)
        grant = replace(grant, refresh_token=grant.refresh_token or refresh)
        self._unsaved = (refresh, grant)
        kept.write(grant)
        self._unsaved = None
        return grant

    def _asked(self, ask: Callable[[Issuer], Answer], *secrets: str) -> Grant:
        with issuer_of(self._settings) as issuer:
            answer = ask(issuer)
        return granted(self._settings, answer, self._clock(), *secrets)

    def _is_good(self, grant: Grant) -> bool:
        return self._clock() < grant.good_until and grant.access_token != self._refused


def tokens_of(settings: MailboxSettings) -> Tokens:
    """The tokens that all connections of the mailbox in this process share."""
    with _sharing:
        return _shared(settings)


_sharing = threading.Lock()


@lru_cache(maxsize=256)
def _shared(settings: MailboxSettings) -> Tokens:
    return Tokens(settings)
