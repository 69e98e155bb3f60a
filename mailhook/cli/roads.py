"""demo --web: one event told by mail and by web hook is one row, and a forged one is refused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from mailhook.cli import options, screen
from mailhook.cli.demo import MEANING, go_on
from mailhook.demo.roads import STORY, Scene, Sent, staged, tell
from mailhook.errors import TemporaryError
from mailhook.model import Delivery, Outcome
from mailhook.store.reader import Reader

_TAKEN = "committed before the answer"
_REFUSED = "not signed by the vendor: no row"

_EVENTS = """
SELECT e.occurred_at, e.event_type || '.' || e.event_action AS event,
       coalesce(e.subject_id, '') AS subject,
       CASE WHEN c.email_at IS NULL THEN 'web' WHEN c.web_at IS NULL THEN 'mail'
            ELSE 'mail + web' END AS told_by
FROM events e JOIN channels c ON c.event_id = e.id ORDER BY e.occurred_at, e.id
"""
_CHANNELS = 'query "SELECT key, email_at, web_at FROM channels"'


def show(folder: Path) -> None:
    """Tell some events by both roads into the new folder, and print what became of each."""
    with staged(folder) as scene:
        screen.words(
            "An inbox and an endpoint are served on this machine;"
            f" the vendor tells of {len(STORY)} events …"
        )
        sent, outcomes = _received(scene)
    screen.heading("What became of each mail and each web hook")
    screen.table(
        ("event", "by", "became", "which is"),
        _lines(sent, outcomes),
        cut=("event",),
        folded=("which is",),
    )
    _show_events(scene.settings.store.path)
    go_on(scene.folder, _CHANNELS, "query latest", "export --format webhook")


def _received(scene: Scene) -> tuple[list[Sent], list[Outcome]]:
    """What was sent, and the outcome of each mail of it in order."""
    from mailhook.trust import Trust
    from mailhook.worker.minutes import Minutes
    from mailhook.worker.polling import poll
    from mailhook.worker.web import Web

    settings, trust = scene.settings, Trust.of(scene.settings.trust)
    outcomes: list[Outcome] = []

    def report(_: Sequence[Delivery], became: Sequence[Outcome]) -> None:
        outcomes.extend(became)

    with options.store(settings, "demo") as store:
        minutes = Minutes(store, settings.guard)
        with closing(Web(settings, store, trust, minutes)):
            try:
                sent = tell(scene)
            except OSError as error:
                raise TemporaryError(f"the inbox takes no mail: {error}") from error
        result = poll(settings, store, trust, report)
    if result.errors:
        raise result.errors[0]
    return sent, outcomes


def _lines(
    sent: Sequence[Sent], outcomes: Sequence[Outcome]
) -> Iterator[tuple[str, str, object, str]]:
    became = iter(outcomes)
    for one in sent:
        if one.answer:
            meaning = _TAKEN if one.answer.ok else _REFUSED
            yield one.event, "web", one.answer.status or one.answer.words, meaning
        else:
            outcome = next(became)
            yield one.event, "mail", outcome, MEANING[outcome]


def _show_events(store: Path) -> None:
    with Reader(store) as reader:
        screen.heading("Events of 3 August 2026: each once, whatever road told it")
        screen.table(
            ("time", "event", "subject", "told by"),
            (
                (
                    screen.moment(row["occurred_at"])[-5:],
                    row["event"],
                    row["subject"],
                    row["told_by"],
                )
                for row in reader.rows(_EVENTS)
            ),
            cut=("event",),
            gap=1,
        )
