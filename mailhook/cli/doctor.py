"""doctor: the deeper look, as sentences, and the lines to set."""

from __future__ import annotations

import sys
import threading
from dataclasses import asdict

import click

from mailhook import config, times
from mailhook.cli import screen
from mailhook.cli.options import as_json
from mailhook.doctor import Proposal, Report, look


@click.command()
@as_json
@click.pass_context
def doctor(ctx: click.Context, *, as_json: bool) -> None:
    """Look deeper: senders in recent mail, server, clock, disk, files, keys.

    Changes nothing, neither in the mailboxes nor in the store, and tells of no mail more
    than its sender's domain. Exits 1 where something is wrong.
    """
    path = config.find(ctx.obj)
    settings = config.load(path)
    counting, mutex = screen.Counting("mails"), threading.Lock()

    def count(mails: int) -> None:
        with mutex:
            counting.add(mails)

    report = look(settings, times.now(), config=path, progress=count)
    counting.stop()
    if as_json:
        screen.document({"is_well": report.is_well, **asdict(report)})
    else:
        _show(report)
    sys.exit(0 if report.is_well else 1)


def _show(report: Report) -> None:
    click.secho("nothing is wrong" if report.is_well else "something is wrong", bold=True)
    for group in ("wrong", "advice", "ok"):
        words = [remark.words for remark in report.remarks if remark.group == group]
        if words:
            screen.heading(group)
        for sentence in words:
            click.echo(f"- {screen.wrapped(screen.escaped(sentence), '  ')}")
    if report.proposal:
        _propose(report.proposal)


def _propose(proposal: Proposal) -> None:
    screen.heading("proposed for the settings, from what the mails show")
    for line in proposal.lines:
        click.echo(screen.escaped(line))
    click.echo()
    for caution in proposal.cautions:
        click.echo(f"- {screen.wrapped(screen.escaped(caution), '  ')}")
