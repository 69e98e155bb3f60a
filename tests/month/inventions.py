"""The events of a month: subjects of every product, each with some of what may happen to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from random import Random

from mailhook import catalog
from mailhook.catalog import EventInfo
from mailhook.testing import Happening, Inventor, Style
from mailhook.testing.letters import LAYOUTS
from mailhook.testing.wording import LANGUAGES
from month.books import Entry
from month.plan import DAY, Plan, moment

# For these the vendor's dashboard has no rule that writes mails, or no web hook.
UNMAILED, UNHOOKED = "signals", "truconnect"
# Repeats of one base key lie further apart than two windows (twice 180 s).
_GAP_SECONDS = 900


def invent(plan: Plan, random: Random) -> list[Entry]:
    """So many events over the days of the plan, in the order of their times."""
    inventor = Inventor(plan.seed)
    by_type: dict[str, list[EventInfo]] = {}
    for kind in inventor.kinds:
        by_type.setdefault(kind.type, []).append(kind)
    entries: list[Entry] = []
    while len(entries) < plan.events:
        kinds = by_type[random.choice(sorted(by_type))]
        entries += _life(plan, random, inventor, kinds)
    return sorted(entries[: plan.events], key=lambda one: one.event.at)


def _life(
    plan: Plan, random: Random, inventor: Inventor, kinds: list[EventInfo]
) -> Iterator[Entry]:
    """What happens to one subject: some actions in their order, those that may repeat twice."""
    chosen = random.sample(kinds, random.randint(1, min(4, len(kinds))))
    chosen += [kind for kind in chosen if kind.action.repeats and random.random() < 1 / 2]
    at, subject = random.uniform(0, plan.seconds), ""
    for kind in sorted(chosen, key=lambda one: one.action.rank):
        if at >= plan.seconds:
            return
        thin = _is_thin(plan, random, kind)
        event = inventor.event(moment(int(at)), kind.type, kind.action.name)
        event, subject = _of(event, kind, subject, thin=thin)
        yield Entry(event, subject, _style(random, kind), thin)
        at += _GAP_SECONDS + random.expovariate(1 / min(DAY, plan.seconds / 10))


def _of(event: Happening, kind: EventInfo, subject: str, *, thin: bool) -> tuple[Happening, str]:
    """The event, of that subject where there is one already; a thin one says no status."""
    names = [name for name in kind.id_fields if name in event.object]
    subject = subject or str(event.object[names[0]])
    told = {**event.object, **dict.fromkeys(names, subject)}
    if thin:
        told = {"check_id": subject}
    return replace(event, object=told), subject


def _is_thin(plan: Plan, random: Random, kind: EventInfo) -> bool:
    is_end = (kind.type, kind.action.name) == ("check", "finished")
    return is_end and random.random() < plan.shares["thin"]


def _style(random: Random, kind: EventInfo) -> Style | None:
    if catalog.load().types[kind.type].product == UNMAILED:
        return None
    return Style(
        random.choice(LAYOUTS),
        random.choice(LANGUAGES),
        with_time=random.random() < 0.7,
        with_id=random.random() < 0.3,
    )
