"""What an authorization server grants: an access token for a while, perhaps a refresh token."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from mailhook.model import Json

Answer = Mapping[str, Json]
"""What a token endpoint said: the members of RFC 6749 section 5.1, or `error` and 5.2's."""

# What may stand in an Authorization header, RFC 6750 section 2.1, and in SASL, RFC 7628.
_TOKEN = re.compile(r"[\x21-\x7e]{1,16384}")
# RFC 6749 recommends to say how long a token lives; who does not may mean less than this.
_UNSAID_SECONDS = 300
_LONGEST_SECONDS = 86_400
# A token is renewed so long before its end, or at half its life if that is later.
_MARGIN_SECONDS = 60


class Malformed(ValueError):
    """The answer grants nothing that can be used; the text says why, without quoting it."""


@dataclass(frozen=True, slots=True)
class Grant:
    """`good_until` is in seconds since the epoch, a margin before the token's end."""

    access_token: str = field(repr=False)
    good_until: float
    refresh_token: str | None = field(default=None, repr=False)

    @classmethod
    def of(cls, answer: Answer, now: float) -> Grant:
        """What the answer grants, `now` being when it came.

        Raises:
            Malformed: it holds no bearer token that could be sent.
        """
        if str(answer.get("token_type", "bearer")).lower() != "bearer":
            raise Malformed("the token is not of the type Bearer")
        lives = _seconds(answer.get("expires_in"))
        refresh = answer.get("refresh_token")
        return cls(
            _token(answer.get("access_token")),
            now + max(lives - _MARGIN_SECONDS, lives / 2),
            None if refresh is None else _token(refresh),
        )


def _token(value: Json) -> str:
    if not isinstance(value, str) or not _TOKEN.fullmatch(value):
        raise Malformed("the answer holds no token that could be sent")
    return value


def _seconds(value: Json) -> float:
    if isinstance(value, str) and re.fullmatch(r"\d{1,9}", value, re.ASCII):
        value = int(value)  # as some issuers spell it
    if isinstance(value, bool) or not isinstance(value, int | float):
        return _UNSAID_SECONDS
    return min(max(0, value), _LONGEST_SECONDS)
