"""What was read in the mails of strangers, held against what they say a person reads there.

A mail's `.json` names its events in the vendor's words; see fixtures/README.md.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mailhook import catalog, times
from mailhook.catalog import fold
from mailhook.config import TrustSettings
from mailhook.model import Delivery, Event, Finding
from mailhook.pipeline import Trust, examine

FIXTURES = Path(__file__).parents[1] / "fixtures"
BLIND = FIXTURES / "blind"
WORDS = catalog.load()

_TRUST = Trust(TrustSettings(authserv_id=("mx.example.com",)), ())
_LEGACY: dict[str, Any] = json.loads((FIXTURES / "catalog/legacy.json").read_text())
_RULES: dict[str, Any] = json.loads((FIXTURES / "catalog/rule-events.json").read_text())
_VARIABLES: dict[str, Any] = {
    label.lower(): name
    for label, (name, _) in json.loads((FIXTURES / "catalog/variables.json").read_text()).items()
}


@dataclass(slots=True)
class Score:
    """Counts over a hundred mails, and a line for each that differs.

    `read` are events with the right type, action and subject, `exact` those of them with
    the right time and fields too; `invented` are events that no person would read.
    """

    events: int = 0
    read: int = 0
    exact: int = 0
    alerts: int = 0
    alerts_read: int = 0
    invented: int = 0
    ignored: int = 0
    mails: int = 0
    differences: list[str] = field(default_factory=list)


def judge(hundred: str) -> Score:
    """The score of one folder of mails."""
    score = Score()
    for path in sorted((BLIND / hundred).glob("*.eml")):
        expected = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        raw = path.read_bytes()
        finding = examine(Delivery("file", f"file:{path.stem}", times.now(), raw), _TRUST)
        score.mails += 1
        for difference in _held(score, expected, finding):
            score.differences.append(f"{path.stem}: {difference}")
    return score


def _held(score: Score, expected: Mapping[str, Any], finding: Finding) -> Iterator[str]:
    events = list(finding.events)
    if expected["outcome"] != "ignored" and finding.verdict == "ignored":
        score.ignored += 1
        yield "a hook is ignored"
    if expected["outcome"] == "recorded":
        for one in expected["events"]:
            yield from _event(score, one, events)
    elif expected["outcome"] == "alert":
        yield from _alert(score, expected["alert"], events)
    score.invented += len(events)
    yield from (f"invented {event.base_key}" for event in events)


def _event(score: Score, expected: Mapping[str, Any], events: list[Event]) -> Iterator[str]:
    """Take the event that is meant out of those that were read."""
    score.events += 1
    found = next((event for event in events if _is_meant(event, expected)), None)
    if found is None:
        yield f"missed {expected['event']} of {expected['subject_id']}"
        return
    events.remove(found)
    score.read += 1
    wrong = list(_wrong(found, expected))
    score.exact += not wrong
    yield from wrong


def _alert(score: Score, expected: Mapping[str, Any], events: list[Event]) -> Iterator[str]:
    score.alerts += 1
    found = [event for event in events if event.event_type == "webhook"]
    if found and found[0].event_action == expected["kind"]:
        score.alerts_read += 1
        events.remove(found[0])
    else:
        yield f"missed alert {expected['kind']}"


def _is_meant(event: Event, expected: Mapping[str, Any]) -> bool:
    wanted = _named(expected["event"])
    if wanted and (event.event_type, event.event_action) != wanted:
        return False
    subject = expected.get("subject_id")
    if not subject:
        return True
    # A signal's subject is unknown: strangers take the account's or the process's id for it.
    own = event.subject_id or next((v for v in event.object.values() if v == subject), None)
    return str(own).lower() == str(subject).lower()


def _named(name: str) -> tuple[str, str] | None:
    """Type and action by the name of a rule event, or `Product / event`; None: unknown to all."""
    if name in _RULES:
        return _RULES[name]["type"], _RULES[name]["action"]
    product, _, word = (part.strip() for part in name.partition("/"))
    for label, entry in _LEGACY.items():
        if _bare(label) == _bare(product):
            return entry["type"], WORDS.normal_action(word, entry["type"])
    return None


def _wrong(event: Event, expected: Mapping[str, Any]) -> Iterator[str]:
    time = expected.get("time")
    told = event.occurred_at if event.time_source == "vendor" else None
    if (times.parse(time) if time else None) != told:
        yield f"time {time} is {told}"
    ids = WORDS.types[event.event_type].id_fields if event.event_type in WORDS.types else ()
    for label, value in (expected.get("fields") or {}).items():
        if label.startswith("?") or isinstance(value, dict | list):
            continue  # of a label that nobody knows only the stranger's guess at its name is there
        name = _wire(label, event)
        got = _member(event.object, name)
        if not _same(value, got) and not (name in ids and event.subject_id == value):
            yield f"{label} is {got!r}, not {value!r}"


def _wire(label: str, event: Event) -> str:
    own = _VARIABLES.get(f"{event.event_type}: {label}".lower())
    return own or _VARIABLES.get(label.lower()) or label


def _member(content: Mapping[str, Any], name: str) -> Any:
    inner = [value for value in content.values() if isinstance(value, dict)]
    known = WORDS.field(name)
    found = (one[key] for one in (content, *inner) for key in (name, known) if key in one)
    return next(found, None)


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, int | float) and isinstance(other, int | float):
        return float(one) == float(other)
    moments = times.parse(str(one)), times.parse(str(other))
    if all(moments):
        return moments[0] == moments[1]
    # The strangers had no code for the vendor's ALL.
    return _bare(one) == _bare(other) or (other == "ALL" and _bare(one) == "international")


def _bare(value: object) -> str:
    return re.sub(r"[\W_]+", "", fold(str(value)))
