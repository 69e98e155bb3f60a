"""Mails about the delivery of hooks itself: failing, disabled, enabled again, changed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice

from mailhook.catalog import AlertWords, Catalog
from mailhook.markup import View
from mailhook.model import Json, Notice
from mailhook.readers.pairs import pairs
from mailhook.readers.reading import Reading

NAME = "alert"

_URL = re.compile(r"https?://[^\s<>\"'()\[\]|]{3,500}", re.IGNORECASE)
_VENDORS = re.compile(r"https?://([\w-]+\.)*truora\.com(?![\w.-])", re.IGNORECASE)
_PERCENT = re.compile(
    r"(\d{1,3}(?:[.,]\d{1,2})?)\s?(?:%|per ?cent\b|por ?cient?o\b)", re.IGNORECASE
)
_WINDOW = re.compile(r"(\d{1,4})\s*(minut|min\b|hour|hora)", re.IGNORECASE)
_NUMBER = re.compile(r"\d{1,4}(?:[.,]\d{1,2})?")
_SENTENCE = re.compile(r"(?<=[.!?])\s+")
_HOUR_MINUTES = 60
_SENTENCES = 60
_SENTENCE_LENGTH = 1000
# What names the hook stands in the subject or in the first words.
_OPENING = 3
# A line as long as this was broken by a mail program, and its sentence goes on in the next.
_WRAPPED = 50


def read(view: View, subject: str, catalog: Catalog) -> Reading | None:
    """The alert that a sentence states as a fact; None where none does."""
    words = catalog.alert_words()
    sentences = list(islice(_sentences(view, subject), _SENTENCES))
    if action := _stated(sentences, words):
        notice = Notice(NAME, "webhook", action, _content(view, sentences, words))
        return Reading((notice,), reader=NAME)
    return None


def _stated(sentences: Sequence[str], words: AlertWords) -> str | None:
    """What is stated first; that something changed only where nothing says what.

    A hook that is disabled got there by failing: both in one mail mean the former.
    """
    named = any(map(words.names_hook, sentences[:_OPENING]))
    found = list(filter(None, (words.stated(sentence, named=named) for sentence in sentences)))
    told = [action for action in found if action != "status_changed"] or found
    if "disabled" in told and told[0] == "delivery_failing":
        return "disabled"
    return told[0] if told else None


def _sentences(view: View, subject: str) -> Iterator[str]:
    for paragraph in (subject, *_paragraphs(view.text)):
        for sentence in _SENTENCE.split(paragraph):
            yield sentence[:_SENTENCE_LENGTH]


def _paragraphs(text: str) -> Iterator[str]:
    """The lines of a text, a wrapped one joined with what it goes on in."""
    parts: list[str] = []
    for line in text.split("\n"):
        words = " ".join(line.split())
        if parts and not (words and len(parts[-1]) >= _WRAPPED):
            yield " ".join(parts)
            parts = []
        if words:
            parts.append(words)
    yield " ".join(parts)


def _content(view: View, sentences: Sequence[str], words: AlertWords) -> dict[str, Json]:
    named = {words.label(label): value for label, value in reversed(list(pairs(view)))}
    content: dict[str, Json] = {}
    if endpoint := _endpoint([named.get("endpoint", ""), *sentences]):
        content["endpoint"] = endpoint
    if "hook_name" in named:
        content["hook_name"] = named["hook_name"]
    percent = _NUMBER.match(named.get("failure_percentage", ""))
    if number := percent or _fact(_PERCENT, sentences, words):
        content["failure_percentage"] = float(number[number.re.groups].replace(",", "."))
    if window := _fact(_WINDOW, [named.get("window_minutes", ""), *sentences], words):
        hours = window[2].lower().startswith("h")
        content["window_minutes"] = int(window[1]) * (_HOUR_MINUTES if hours else 1)
    return content


def _endpoint(texts: Sequence[str]) -> str | None:
    """The first address that is not the vendor's own: those lead to its dashboard.

    Only what a person sees counts: links are rewritten for each addressee, and
    creator's and owner's copies of one alert would name two endpoints.
    """
    urls = (url.rstrip(".,;:!?*_`") for text in texts for url in _URL.findall(text))
    return next((url for url in urls if not _VENDORS.match(url)), None)


def _fact(
    pattern: re.Pattern[str], sentences: Sequence[str], words: AlertWords
) -> re.Match[str] | None:
    """The first find that no condition precedes: "if over 80 % fail" tells no percentage.

    A condition before the first find of a sentence is before its others too.
    """
    found = ((sentence, pattern.search(sentence)) for sentence in sentences)
    facts = (match for text, match in found if match and not words.supposed(text[: match.start()]))
    return next(facts, None)
