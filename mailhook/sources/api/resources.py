"""A subject as the API tells of it now. Where it lies is the catalogue's to say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from mailhook import strict_json, times
from mailhook.catalog import Catalog, Resource
from mailhook.model import Json, Object
from mailhook.sources.api.answers import Gone, OddAnswer
from mailhook.sources.api.client import Client
from mailhook.sources.api.listing import step


@dataclass(frozen=True, slots=True)
class Fetched:
    """A resource: what it is, where it lay, what it says, and its own time of the last change.

    `status` is normalised, `raw_status` as the vendor writes it; None where there is none.
    """

    resource: Resource
    url: str
    content: Object
    status: str | None
    raw_status: str | None
    updated_at: datetime | None


def resource(client: Client, kind: Resource, subject_id: str, words: Catalog) -> Fetched | Gone:
    """The resource of that id. Raises OddAnswer where that is not what comes."""
    wire, target = client.wire(kind.base), _target(client, kind, subject_id)
    text = client.get(kind.base, target)
    if isinstance(text, Gone):
        return text
    content = _content(text, kind, wire.host)
    told = next((content[name] for name in kind.id_fields if content.get(name)), None)
    if str(told or "") != subject_id:
        what = "another subject" if told else "what does not say which subject it is"
        raise OddAnswer(f"{wire.host}: asked for {kind.name} {subject_id}, it answers with {what}")
    raw_status = _text(content, *kind.status_fields)
    return Fetched(
        kind,
        f"{wire.origin}{target}",
        content,
        words.normal_status(raw_status) if raw_status else None,
        raw_status,
        times.parse(_text(content, "update_date") or ""),
    )


def address(client: Client, kind: Resource, subject_id: str) -> str:
    """Where the resource of that id lies."""
    return f"{client.wire(kind.base).origin}{_target(client, kind, subject_id)}"


def _target(client: Client, kind: Resource, subject_id: str) -> str:
    return f"{client.wire(kind.base).prefix}{kind.path.replace('{id}', step(subject_id))}"


def _content(text: str, kind: Resource, host: str) -> dict[str, Json]:
    try:
        body = strict_json.loads(text)
    except ValueError as error:
        raise OddAnswer(f"{host}: its answer is no strict JSON: {error}") from None
    inner = body.get(kind.within) if isinstance(body, dict) and kind.within else None
    content = inner if isinstance(inner, dict) else body
    if not isinstance(content, dict):
        raise OddAnswer(f"{host}: its answer is no JSON object")
    return content


def _text(content: Object, *names: str) -> str | None:
    """The first of the members that is a text and not blank."""
    found = (content.get(name) for name in names)
    return next((one.strip() for one in found if isinstance(one, str) and one.strip()), None)
