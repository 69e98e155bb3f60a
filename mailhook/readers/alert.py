"""Mails about the delivery of hooks itself: failing, disabled, enabled again, changed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from urllib.parse import parse_qsl, urlsplit

from mailhook.catalog import AlertWords, Catalog
from mailhook.markup import View
from mailhook.model import Json, Notice
from mailhook.readers.reading import Reading
from mailhook.readers.saying import Said
from mailhook.readers.sentences import sentences

NAME = "alert"

_URL = re.compile(r"https?://[^\s<>\"'()\[\]|]{3,500}", re.IGNORECASE)
_VENDORS = re.compile(r"https?://([\w-]+\.)*truora\.com(?![\w.-])", re.IGNORECASE)
_PERCENT = re.compile(
    r"(\d{1,3}(?:[.,]\d{1,2})?)\s?(?:%|per ?cent\b|por ?cient?o\b)", re.IGNORECASE
)
_WINDOW = re.compile(r"(\d{1,4})\s*(minut|min\b|hour|hora)", re.IGNORECASE)
_NUMBER = re.compile(r"\d{1,4}(?:[.,]\d{1,2})?")
_LIMIT = re.compile(
    r"(?:more than|over|above|exceed\w*|at least|limit|threshold|m[áa]s del?|supera\w*|excedi?\w*"
    r"|por encima del?|mayor al?|umbral|mais de|acima de|ultrapass\w*|limite)[^\d%]{0,12}$",
    re.IGNORECASE,
)
_HOUR_MINUTES = 60
_BESIDE = 40
# What names the hook stands in the subject or in the first words.
_OPENING = 3
# The name of a hook as a sentence tells it, `your webhook "Onboarding"`.
_QUOTED = re.compile(r"""["“«'‘*_]{1,2}(?P<name>[^"“”«»'‘’*_\n]{2,60})["”»'’*_]{1,2}""")


def read(view: View, items: Sequence[Said], subject: str, catalog: Catalog) -> Reading | None:
    """The alert that a sentence states as a fact; None where none does."""
    words = catalog.alert_words()
    said = [subject, *sentences(view)]
    action = _stated(said, words)
    if action is None:
        return None
    content = _content(view, items, said, words)
    return Reading((Notice(NAME, "webhook", action, content),), reader=NAME)


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


def _content(
    view: View, items: Sequence[Said], said: Sequence[str], words: AlertWords
) -> dict[str, Json]:
    named = {words.label(one.label): one.value for one in reversed(items) if one.label}
    content: dict[str, Json] = {}
    if endpoint := _endpoint([named.get("endpoint", ""), *said]) or _linked(view, words):
        content["endpoint"] = endpoint
    if name := named.get("hook_name") or _hook_name(said, words):
        content["hook_name"] = name
    percentage = _percentage(said, named.get("failure_percentage", ""), words)
    if percentage is not None:
        content["failure_percentage"] = percentage
    if window := next(_facts(_WINDOW, [named.get("window_minutes", ""), *said], words), None):
        hours = window[2].lower().startswith("h")
        content["window_minutes"] = int(window[1]) * (_HOUR_MINUTES if hours else 1)
    return content


def _endpoint(texts: Sequence[str]) -> str | None:
    """The first address that is not the vendor's own: those lead to its dashboard."""
    urls = (url.rstrip(".,;:!?*_`") for text in texts for url in _URL.findall(text))
    return next((url for url in urls if not _VENDORS.match(url)), None)


def _linked(view: View, words: AlertWords) -> str | None:
    """The address that a link on a word for a hook leads to.

    What a person sees counts first: links are rewritten for each addressee, and
    creator's and owner's copies of one alert would name two endpoints. Of a link
    that counts clicks, the address in its query is meant.
    """
    hrefs = (link.href for link in view.links if words.names_hook(link.words))
    return _endpoint([inner for href in hrefs for inner in (*_inner(href), href)])


def _inner(href: str) -> Iterator[str]:
    return (value for _, value in parse_qsl(urlsplit(href).query) if _URL.match(value))


def _hook_name(said: Sequence[str], words: AlertWords) -> str | None:
    """What stands in quotation marks beside the word for a hook."""
    told, colon, rest = said[0].partition(": ")
    if colon and words.stated(told, named=True) and not _URL.search(rest):
        return rest.strip()
    for sentence in said:
        for quoted in _QUOTED.finditer(sentence):
            before = sentence[max(0, quoted.start() - _BESIDE) : quoted.start()]
            if words.names_hook(before) and not _URL.match(quoted["name"]):
                return quoted["name"].strip()
    return None


def _percentage(said: Sequence[str], labelled: str, words: AlertWords) -> float | None:
    """The share that failed; "more than 80 %" is the vendor's limit where another is told."""
    own = _PERCENT.search(labelled) or _NUMBER.fullmatch(labelled)
    if own:
        return float(own[own.re.groups].replace(",", "."))
    facts = list(_facts(_PERCENT, said, words))
    measured = [fact for fact in facts if not _LIMIT.search(fact.string[: fact.start()])]
    found = next(iter(measured or facts), None)
    return float(found[1].replace(",", ".")) if found else None


def _facts(
    pattern: re.Pattern[str], sentences: Sequence[str], words: AlertWords
) -> Iterator[re.Match[str]]:
    """What no condition precedes: "if over 80 % fail" tells no percentage."""
    found = (match for sentence in sentences for match in pattern.finditer(sentence))
    return (match for match in found if not words.supposed(match.string[: match.start()]))
