"""demo: the main job on a dozen mails, from the inbox to the three commands to go on with."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from threading import Lock

import click

from mailhook.cli import options, screen
from mailhook.errors import ConfigError, Problem
from mailhook.model import Delivery, Outcome
from mailhook.store.reader import Filters, Reader

MEANING = {
    Outcome.RECORDED: "a new event",
    Outcome.DUPLICATE: "the same event, told once more",
    Outcome.ALERT: "about the delivery of hooks",
    Outcome.IGNORED: "no hook",
    Outcome.QUARANTINED: "kept for a person: see below",
}


@click.command()
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@click.option("--web", is_flag=True, help="Show one event by mail and web hook as one row instead.")
@click.option("--api", is_flag=True, help="Show what mails miss found by the vendor's API instead.")
def demo(folder: Path | None, *, web: bool, api: bool) -> None:
    """Show the main job on an embedded inbox; no network, no settings needed.

    FOLDER is made, ./demo-1 by default, and left for you to look at.
    """
    if web and api:
        raise click.UsageError("--web and --api are two demos: one at a time")
    if web or api:
        from mailhook.cli import gap, roads
        from mailhook.demo import free_folder

        _need_pymap()
        (roads if web else gap).show(_made(folder or free_folder(Path())))
        return
    _demo(folder)


def _demo(folder: Path | None) -> None:
    from mailhook.demo import free_folder, staged
    from mailhook.trust import Trust
    from mailhook.worker.polling import poll

    _need_pymap()
    told: list[Outcome] = []
    mutex = Lock()
    with staged(_made(folder or free_folder(Path()))) as scene:
        settings = scene.settings
        screen.words(f"An inbox with {len(scene.names)} mails is served on this machine; polling …")
        with (
            options.store(settings, "demo") as store,
            screen.progress(len(scene.names), "mails") as bar,
        ):

            def report(_: Sequence[Delivery], outcomes: Sequence[Outcome]) -> None:
                with mutex:
                    told.extend(outcomes)
                    bar.advance(bar.task_ids[0], len(outcomes))

            result = poll(settings, store, Trust.of(settings.trust), report)
    for error in result.errors:
        raise error
    screen.heading("What became of each mail")
    screen.table(
        ("mail", "outcome", "which is"),
        (
            (name.removesuffix(".eml"), outcome, MEANING[outcome])
            for name, outcome in zip(scene.names, told, strict=True)
        ),
        cut=("mail",),
        folded=("which is",),
    )
    _show(scene.settings.store.path)
    explained = shlex.quote(str(scene.folder / "mails" / scene.names[0]))
    go_on(scene.folder, "query latest", "export --format webhook", f"explain {explained}")


def _show(store: Path) -> None:
    with Reader(store) as reader:
        screen.heading("Events of 3 August 2026: each once, whatever spelling told it")
        screen.table(
            ("time", "event", "subject", "told"),
            (
                (
                    screen.moment(row["occurred_at"])[-5:],
                    row["event"],
                    row["subject"],
                    f"{row['sightings']}×",
                )
                for row in reader.rows(_EVENTS)
            ),
            cut=("event",),
            gap=1,
        )
        screen.heading("Alerts")
        screen.table(
            ("kind", "endpoint", "detail"),
            ((row["kind"], row["endpoint"], _percentage(row)) for row in reader.alerts(Filters())),
            cut=("endpoint",),
        )
        screen.heading("Quarantine: kept with its bytes, for a person to look at")
        screen.table(
            ("id", "subject", "reason"),
            (
                (row["id"], row["subject"], row["reason"])
                for row in reader.deliveries(Filters(), attention=True)
            ),
            cut=("subject",),
            folded=("reason",),
        )


_EVENTS = """
SELECT e.occurred_at, e.event_type || '.' || e.event_action AS event,
       coalesce(e.subject_id, '') AS subject, c.sightings
FROM events e JOIN channels c ON c.event_id = e.id
WHERE e.event_type <> 'webhook' ORDER BY e.id
"""


def _percentage(row: dict[str, object]) -> str:
    detail = row["detail"]
    percentage = detail.get("failure_percentage") if isinstance(detail, dict) else None
    return f"{percentage:g} % failed" if percentage is not None else ""


def go_on(folder: Path, *commands: str) -> None:
    """Print the commands to go on with, to be pasted as they are."""
    command = f"{_own_name()} -c {shlex.quote(str(folder / 'config.yaml'))}"
    screen.heading("Go on with")
    for one in commands:
        click.echo(f"  {command} {one}")


def _own_name() -> str:
    """How this program was called, so that the lines can be pasted as they are."""
    called = Path(sys.argv[0])
    found = shutil.which(called.name)
    if found and Path(found).resolve() == called.resolve():
        return called.name
    return shlex.quote(os.path.relpath(called))


def _made(folder: Path) -> Path:
    if folder.exists():
        raise ConfigError([Problem("FOLDER", f"{folder} is there already", "name a new one")])
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        reason = (error.strerror or "system error").lower()
        raise ConfigError([Problem("FOLDER", f"{folder} cannot be made: {reason}")]) from error
    return folder


def _need_pymap() -> None:
    from importlib.util import find_spec

    if find_spec("pymap") is None:
        hint = 'pip install "mailhook[demo]"'
        raise ConfigError([Problem("demo", "needs pymap, which is not installed", hint)])
