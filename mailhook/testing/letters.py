"""The mails of a hook as bytes: an event in several layouts and three languages."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal, get_args

from mailhook.testing import wording
from mailhook.testing.envelope import FAREWELLS, GREETINGS, Envelope, written
from mailhook.testing.happening import Happening, sign
from mailhook.testing.wording import Language

Layout = Literal["labelled", "table", "json", "token"]
LAYOUTS: tuple[Layout, ...] = get_args(Layout)


@dataclass(frozen=True, slots=True)
class Style:
    """How an event's mail is written. JSON and token carry time and id in any case."""

    layout: Layout = "labelled"
    language: Language = "en"
    with_time: bool = True
    with_id: bool = False


def of_event(event: Happening, style: Style, envelope: Envelope, key: bytes) -> bytes:
    """The mail that tells of the event; `key` signs it where the layout is a token."""
    subject = wording.name(event, style.language)
    if style.layout == "json":
        return written(envelope, subject, json.dumps(event.told(), indent=2, ensure_ascii=False))
    if style.layout == "token":
        words = f"{GREETINGS[style.language]}\n\n{subject}\n"
        return written(envelope, subject, words, token=sign([event], key))
    pairs = _pairs(event, style)
    if style.layout == "table":
        return written(envelope, subject, page=_page(subject, pairs, style.language))
    return written(envelope, subject, _text(pairs, style.language))


def _pairs(event: Happening, style: Style) -> list[tuple[str, str]]:
    pairs = [(wording.meta("event", style.language), wording.name(event, style.language))]
    if style.with_id:
        pairs.append((wording.meta("id", style.language), event.id))
    pairs += wording.labelled(event, style.language)
    if style.with_time:
        pairs.append((wording.meta("timestamp", style.language), event.timestamp))
    return pairs


def _text(pairs: Sequence[tuple[str, str]], language: Language) -> str:
    lines = "\n".join(f"{label}: {value}" for label, value in pairs)
    return f"{GREETINGS[language]}\n\n{lines}\n\n{FAREWELLS[language]}\n"


def _page(subject: str, pairs: Sequence[tuple[str, str]], language: Language) -> str:
    rows = "\n".join(
        f"<tr><td>{escape(label)}</td><td><b>{escape(value)}</b></td></tr>"
        for label, value in pairs[1:]
    )
    return (
        f"<html><body><p>{GREETINGS[language]}</p>\n<h2>{escape(subject)}</h2>\n"
        f"<table>\n{rows}\n</table>\n<p>{FAREWELLS[language]}</p></body></html>\n"
    )
