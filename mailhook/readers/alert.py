"""Mails about the delivery of hooks itself: failing, disabled, enabled again, changed."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mailhook.catalog import Catalog
from mailhook.markup import View
from mailhook.model import Json, Notice
from mailhook.readers.reading import Reading

NAME = "alert"

_URL = re.compile(r"https?://[^\s<>\"'()\[\]]{3,500}")
_PERCENT = re.compile(r"(\d{1,3}(?:[.,]\d{1,2})?)\s?%")
_WINDOW = re.compile(r"(\d{1,4})\s*(minute|minuto|min\b|hour|hora)", re.IGNORECASE)
_LABELLED = re.compile(r"^\s*([^:]{2,40}):\s+(\S.*)$")
_SENTENCE = re.compile(r"(?<=[.!?])\s+")
_HOUR_MINUTES = 60
_SENTENCES = 60


def read(view: View, subject: str, catalog: Catalog) -> Reading | None:
    """The alert that a sentence states as a fact; None where none does."""
    words = catalog.alert_words()
    told = list(_sentences(view, subject))
    named = any(words.hooks.intersection(sentence.lower().split()) for sentence in told[:3])
    for sentence in told:
        if action := words.stated(sentence, named=named):
            content = _content(view, catalog)
            return Reading((Notice(NAME, "webhook", action, content),), reader=NAME)
    return None


def _sentences(view: View, subject: str) -> Iterator[str]:
    count = 0
    for line in (subject, *view.lines):
        for sentence in _SENTENCE.split(line):
            yield sentence
            count += 1
            if count > _SENTENCES:
                return


def _content(view: View, catalog: Catalog) -> dict[str, Json]:
    text = "\n".join(view.lines)
    content: dict[str, Json] = {}
    for line in view.lines:
        matched = _LABELLED.match(line)
        name = catalog.alert_words().label(matched[1]) if matched else None
        if matched and name in {"endpoint", "hook_name"}:
            content[name] = matched[2].strip()
    if "endpoint" not in content and (url := _endpoint(view, text)):
        content["endpoint"] = url
    if percent := _PERCENT.search(text):
        content["failure_percentage"] = float(percent[1].replace(",", "."))
    if window := _WINDOW.search(text):
        hours = window[2].lower().startswith("h")
        content["window_minutes"] = int(window[1]) * (_HOUR_MINUTES if hours else 1)
    return content


def _endpoint(view: View, text: str) -> str | None:
    """The first address that is not the vendor's own: its links lead to its dashboard."""
    urls = [found.rstrip(".,;") for found in _URL.findall(text)] + list(view.links)
    others = (url for url in urls if not re.match(r"https?://([\w.-]+\.)?truora\.com(/|$)", url))
    return next(others, None)
