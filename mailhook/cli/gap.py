"""demo --api: what no mail has told is found by the vendor's API, and what was left open is not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mailhook.cli import options, screen
from mailhook.cli.demo import go_on
from mailhook.demo.gap import Scene, staged
from mailhook.store.reader import Filters, Reader

if TYPE_CHECKING:
    from mailhook.reconcile import Report

_EVENTS = """
SELECT e.occurred_at, e.event_type || '.' || e.event_action AS event, e.status,
       c.email_at, c.api_at, d.state AS completed
FROM events e JOIN channels c ON c.event_id = e.id
LEFT JOIN completions d ON d.event_id = e.id
WHERE e.product <> 'webhook' ORDER BY e.occurred_at, e.id
"""


def show(folder: Path) -> None:
    """Poll an inbox that misses some events, ask the API, and print what that has found."""
    with staged(folder) as scene:
        mails = screen.count(scene.mails, "mail")
        screen.words(
            f"An inbox with {mails} and the vendor's API are served on this machine;"
            " polling, then asking …"
        )
        report = _healed(scene)
    screen.heading("What the API was asked, and what came of it")
    for line in _told(report):
        click.echo(line)
    _show(scene.settings.store.path)
    go_on(scene.folder, "alerts", "query missed", "export --format webhook")


def _healed(scene: Scene) -> Report:
    """One round over the inbox alone, then one run of reconcile."""
    from mailhook.reconcile import reconcile
    from mailhook.trust import Trust
    from mailhook.worker.polling import poll

    settings, trust = scene.settings, Trust.of(scene.settings.trust)
    with options.store(settings, "demo") as store:
        result = poll(settings.model_copy(update={"api": None}), store, trust)
        report = reconcile(settings, store, trust)
    for error in (*result.errors, *report.errors):
        raise error
    return report


def _told(report: Report) -> Iterator[str]:
    requests, listed = (
        screen.count(report.requests, "request"),
        screen.count(report.listed, "event"),
    )
    yield f"{requests}, {listed} listed"
    yield f"{report.known} known by mail, {report.new} missed: no mail had told of them"
    yield f"{screen.count(report.completed, 'event')} completed: a mail had only mentioned it"


def _show(store: Path) -> None:
    with Reader(store) as reader:
        screen.heading("Events of the last hours: each once, and none is missing")
        screen.table(
            ("time", "event", "status", "told by", "found by the API"),
            (
                (
                    screen.moment(row["occurred_at"])[-5:],
                    row["event"],
                    row["status"] or "",
                    "mail" if row["email_at"] else "nobody",
                    _found(row),
                )
                for row in reader.rows(_EVENTS)
            ),
            cut=("event",),
            gap=1,
        )
        screen.heading("The vendor's alert: deliveries fail. What became of the gap")
        for row in reader.alerts(Filters()):
            click.echo(screen.wrapped(screen.escaped(row["healing"] or row["state"]), ""))


def _found(row: dict[str, Any]) -> str:
    if row["completed"] == "done":
        return "completed by its subject"
    if not row["email_at"]:
        return "missed, recorded now"
    return "known" if row["api_at"] else ""
