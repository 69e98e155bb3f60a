"""What an answer of the API may be beside what was asked for; each with words for a person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from mailhook import strict_json, times
from mailhook.errors import ConfigError, MailhookError, Problem, TemporaryError
from mailhook.model import Json

# However long we are asked to stay away: a day later we look whether it still stands.
LONGEST_WAIT_SECONDS = 86_400
_SHOWN = 200
# As the vendor's documentation has it: {"code": 10404, "http_code": 404, "message": …}.
_NO_SUCH = 10404

_BUSY = {
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.TOO_EARLY,
    HTTPStatus.TOO_MANY_REQUESTS,
}
_REFUSED = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
_GONE = {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}


class Unanswered(TemporaryError):
    """No answer came, or only a part of one: network, DNS, time-outs."""


class Overloaded(TemporaryError):
    """The API answered that it cannot answer now (429, 5xx); `wait_seconds` is what it asks for."""


class BudgetSpent(TemporaryError):
    """As many requests were made as one run may make; the next run goes on."""


class OddAnswer(TemporaryError):
    """What came is not what was asked for, so that nothing was made of it."""


class KeyRefused(ConfigError):
    """The API does not accept the key, or not for this."""


@dataclass(frozen=True, slots=True)
class Gone:
    """There is no such thing (any more): HTTP 404, said by the API itself."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, read to its end; names of headers are lower-case."""

    host: str
    status: int
    headers: dict[str, str]
    body: bytes


def kind_of(error: MailhookError) -> str:
    """Under which kind an answer is counted that was not what was asked for."""
    kinds = {
        KeyRefused: "refused",
        Overloaded: "overloaded",
        Unanswered: "unanswered",
        OddAnswer: "odd",
    }
    return kinds.get(type(error), "other")


def meaning(answer: Answer, base: str, key: str) -> str | Gone:
    """The text of a 200, or `Gone`; bytes that are no UTF-8 are lone surrogates (PEP 383).

    Raises:
        KeyRefused: 401 or 403. `base` names the setting of the address.
        Overloaded: 429 or 5xx.
        OddAnswer: anything else.
    """
    status, host = answer.status, answer.host
    if status == HTTPStatus.OK:
        return answer.body.decode("utf-8-sig", errors="surrogateescape")
    if status in _REFUSED:
        raise _refused(answer, base, key)
    if status in _BUSY or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        what = "asks us to slow down" if status == HTTPStatus.TOO_MANY_REQUESTS else "is in trouble"
        raise Overloaded(f"{host} {what} (HTTP {status})", wait_seconds(answer))
    if status in _GONE and _is_the_vendors(_json(answer.body)):
        return Gone()
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        where = f"sends us elsewhere (HTTP {status}), where the key is not taken"
        raise OddAnswer(f"{host} {where}; check api.base.{base}")
    raise OddAnswer(f"{host} answers HTTP {status}{_said(answer, key)}; check api.base.{base}")


def wait_seconds(answer: Answer) -> float:
    """How long the API wants to be left alone (RFC 9110 section 10.2.3); 0 where it does not say.

    A date is measured by the API's own clock where it tells that, too.
    """
    told = answer.headers.get("retry-after", "").strip()
    if told.isascii() and told.isdigit():
        return min(int(told[:9]), LONGEST_WAIT_SECONDS)
    until, now = _date(told), _date(answer.headers.get("date", "")) or times.now()
    if until is None:
        return 0
    return min(max(0, (until - now).total_seconds()), LONGEST_WAIT_SECONDS)


def _date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else None


def _refused(answer: Answer, base: str, key: str) -> KeyRefused:
    if answer.status == HTTPStatus.UNAUTHORIZED:
        what, hint = "does not accept the key", "make a key in the vendor's dashboard, set it anew"
    else:
        what, hint = "does not allow this with the key", "give the key the right to read it"
    if not isinstance(_json(answer.body), dict):
        hint += "; this answer is no JSON, so a proxy between may have given it"
    message = f"{answer.host} {what} (HTTP {answer.status}){_said(answer, key)}"
    return KeyRefused([Problem("api.key", f"{message} [api.base.{base}]", hint)])


def _said(answer: Answer, key: str) -> str:
    """What the API says of it, without the key should it say that."""
    body = _json(answer.body)
    said = body.get("message") if isinstance(body, dict) else None
    if not isinstance(said, str) or not said.strip():
        return ""
    plain = "".join(one if one.isprintable() else " " for one in said.replace(key, "…"))
    return f": {plain.strip()[:_SHOWN]}"


def _is_the_vendors(body: Json) -> bool:
    """Whether a 404 is the API's own: what stands before it may say so of any address."""
    if not isinstance(body, dict):
        return False
    return body.get("code") == _NO_SUCH or body.get("http_code") == HTTPStatus.NOT_FOUND


def _json(body: bytes) -> Json:
    try:
        return strict_json.loads(body)
    except ValueError:
        return None
