"""The list of hook events, page by page, and what each item of it is as a delivery."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote, urljoin, urlsplit

from mailhook import strict_json, times
from mailhook.config import ApiSettings
from mailhook.errors import ConfigError, Problem
from mailhook.model import Delivery, Json, Object
from mailhook.sources.api import slices
from mailhook.sources.api.answers import Gone, OddAnswer
from mailhook.sources.api.client import Client

_BASE = "account"
_LIST = "/v1/hooks/events"
# So many pages without an event one after the other are no list any more.
_EMPTY_PAGES = 100
_DIGEST_LETTERS = 16


@dataclass(frozen=True, slots=True)
class Item:
    """One listed event: its bytes, and its members, none where it is no strict JSON object.

    `location` names this state of it: an event that is listed again with another
    `update_date` or another content is another arrival of the same event.
    """

    raw: bytes
    members: Object
    location: str

    @property
    def state(self) -> str | None:
        """What its location begins with, whatever the content; None without name and date."""
        if self.text("idempotency_key") and self.text("update_date"):
            return self.location[:-_DIGEST_LETTERS]
        return None

    def text(self, name: str) -> str | None:
        """A member that is a text and not blank."""
        value = self.members.get(name)
        return value.strip() or None if isinstance(value, str) else None

    def moment(self, name: str) -> datetime | None:
        """A member that is a time."""
        return times.parse(self.text(name) or "")

    def delivery(self, received_at: datetime) -> Delivery:
        """The item as it arrived."""
        return Delivery("api", self.location, received_at, self.raw)


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the list; `next` is the path and query of the page after it, None at the end."""

    items: tuple[Item, ...]
    next: str | None


def source(client: Client) -> str:
    """The address of the list."""
    wire = client.wire(_BASE)
    return f"{wire.origin}{wire.prefix}{_LIST}"


def source_of(settings: ApiSettings) -> str:
    """The address of the list, also where there is no key to ask with."""
    parts = urlsplit(settings.base.account)
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}{_LIST}"


def first(client: Client) -> str:
    """The path of the first page."""
    return f"{client.wire(_BASE).prefix}{_LIST}"


def pages(client: Client, start: str | None = None) -> Iterator[Page]:
    """The pages from the first on, or from the `next` of one that was read before.

    One page is held at a time. Raises OddAnswer where the list leads elsewhere or in a
    circle; what came before that is the list's all the same. ConfigError: there is none.
    """
    target: str | None = start or first(client)
    seen, told, empty = set[str](), set[bytes](), 0
    while target:
        if target in seen:
            raise OddAnswer(f"{_host(client)}: its list of events leads in a circle")
        seen.add(target)
        page = _page(client, target)
        empty = 0 if page.items else empty + 1
        _refuse_repeats(client, page, told, empty)
        yield page
        target = page.next


def event(client: Client, idempotency_key: str) -> Item | Gone:
    """One event by its key. Raises OddAnswer where another one comes."""
    text = client.get(_BASE, f"{first(client)}/{step(idempotency_key)}")
    if isinstance(text, Gone):
        return text
    item = _item(client, text)
    if item.text("idempotency_key") != idempotency_key:
        raise OddAnswer(f"{_host(client)}: it answers with another event than was asked for")
    return item


def step(name: str) -> str:
    """The name as one step of a path, whatever is in it. Raises OddAnswer where it cannot be."""
    if name.strip(".") == "":
        raise OddAnswer("an id of dots alone cannot be asked for")
    return quote(name, safe="")


def _page(client: Client, target: str) -> Page:
    text = client.get(_BASE, target)
    if isinstance(text, Gone) and (other := _beside(client, target)):
        text = client.get(_BASE, other)
    if isinstance(text, Gone):
        if target != first(client):
            raise OddAnswer(f"{_host(client)}: the next page of its list is gone")
        message = f"{source(client)}: there is no list of hook events (HTTP 404)"
        raise ConfigError([Problem(f"api.base.{_BASE}", message, "the vendor's is the default")])
    return _read(client, text, target)


def _beside(client: Client, target: str) -> str | None:
    """The list's own path with the query of the target.

    QUIRK: the vendor's sample names the list `/v1/events`, where it does not lie.
    """
    path, _, query = target.partition("?")
    return f"{first(client)}?{query}" if query and path != first(client) else None


def _read(client: Client, text: str, target: str) -> Page:
    items, link = _strictly(client, text) or _leniently(client, text)
    return Page(items, _resolved(client, target, link))


def _strictly(client: Client, text: str) -> tuple[tuple[Item, ...], Json] | None:
    try:
        body = strict_json.loads(text)
    except ValueError:
        return None
    if not isinstance(body, dict) or not isinstance(body.get("events", ""), list | None):
        raise _no_list(client)
    return tuple(_made(client, one) for one in body["events"] or ()), body.get("next")  # type: ignore[union-attr] # a list


def _leniently(client: Client, text: str) -> tuple[tuple[Item, ...], Json]:
    """Of a page that is not strict JSON each event by itself, so that only a bad one is held."""
    try:
        body = slices.members(text.strip())
        link = strict_json.loads(body.get("next", "null"))
        return tuple(_item(client, one) for one in slices.elements(body.get("events", ""))), link
    except ValueError:
        raise _no_list(client) from None


def _no_list(client: Client) -> OddAnswer:
    what = "its answer is no list of events; a proxy's page?"
    return OddAnswer(f"{_host(client)}: {what} check api.base.{_BASE}")


def _item(client: Client, text: str) -> Item:
    """An item by its text; what is not strict keeps its text as its bytes."""
    try:
        return _made(client, strict_json.loads(text))
    except ValueError:
        raw = text.encode(errors="surrogateescape")
        return Item(raw, {}, _location(client, raw, {}))


def _made(client: Client, value: Json) -> Item:
    raw = canonical(value)
    members = value if isinstance(value, dict) else {}
    return Item(raw, members, _location(client, raw, members))


def canonical(value: Json) -> bytes:
    """The value as bytes, the same ones however its members were ordered."""
    return _ENCODE(value).encode()


_ENCODE = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode


def _location(client: Client, raw: bytes, members: Object) -> str:
    digest = hashlib.sha256(raw).hexdigest()[:_DIGEST_LETTERS]
    key, updated = members.get("idempotency_key"), members.get("update_date")
    path = f"/{quote(key.strip(), safe='')}" if isinstance(key, str) and key.strip() else ""
    state = f"{quote(updated.strip(), safe=':')};" if isinstance(updated, str) else ""
    return f"{source(client)}{path}#{state}{digest}"


def _resolved(client: Client, target: str, link: Json) -> str | None:
    """The path and query that a `next` means. Raises OddAnswer where it leads elsewhere."""
    if not link or str(link).partition("#")[0].strip() == "":
        return None
    wire = client.wire(_BASE)
    try:
        parts = urlsplit(urljoin(f"{wire.origin}{target}", str(link)))
        port = parts.port or {"https": 443, "http": 80}.get(parts.scheme)
    except ValueError:
        raise OddAnswer(f"{wire.host}: its next page has no address that can be read") from None
    own = ("https" if wire.is_tls else "http", wire.host, wire.port)
    if (parts.scheme, parts.hostname, port) != own or "@" in parts.netloc:
        raise OddAnswer(f"{wire.host}: its next page lies elsewhere, where the key is not taken")
    return f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"


def _refuse_repeats(client: Client, page: Page, told: set[bytes], empty: int) -> None:
    """A list that tells the same page under ever new addresses has no end."""
    if empty > _EMPTY_PAGES:
        raise OddAnswer(f"{_host(client)}: its list of events goes on without events")
    if page.items:
        digest = hashlib.sha256("".join(one.location for one in page.items).encode()).digest()
        if digest in told:
            raise OddAnswer(f"{_host(client)}: its list of events tells the same page again")
        told.add(digest)


def _host(client: Client) -> str:
    return client.wire(_BASE).host
