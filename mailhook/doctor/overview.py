"""Everything looked at once, mailboxes side by side, and said once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from mailhook import checks
from mailhook.config import Settings
from mailhook.doctor import clock, disk, keys, permissions, senders, servers
from mailhook.doctor.model import Remark, Report, advice, wrong
from mailhook.doctor.proposal import propose
from mailhook.doctor.visit import Progress, Visit, visit
from mailhook.errors import ConfigError, MailhookError, Problem
from mailhook.store import Reader
from mailhook.trust import Trust

_GROUPS = ("wrong", "advice", "ok")
# Said better, or again, by what looks closer.
_ELSEWHERE = ("trust.authserv_id", "trust.signing_keys")


def look(
    settings: Settings, now: datetime, *, config: Path | None = None, progress: Progress
) -> Report:
    """All that can be known of mailboxes, senders, clock, store, files, keys and API at `now`.

    Nothing changes: mailboxes are opened by EXAMINE and read by PEEK, the store read-only;
    a scratch folder beside the store is made and removed. `progress` is told of mails.
    """
    trust = _trust(settings)
    with ThreadPoolExecutor(max(1, len(settings.mailboxes))) as threads:
        tasks = [threads.submit(visit, one, trust, now, progress) for one in settings.mailboxes]
        visits = [task.result() for task in tasks]
    remarks = dict.fromkeys(
        (
            *_on_settings(settings),
            *(remark for seen in visits for remark in seen.remarks),
            *_on_senders(settings, visits),
            *_on_clock(settings, visits, now),
            *disk.remarks(settings.store.path),
            *permissions.remarks(settings, config),
            *keys.remarks(settings.trust),
            *_on_api(settings),
        )
    )
    found = [one for seen in visits for one in seen.senders]
    return Report(
        remarks=tuple(sorted(remarks, key=lambda remark: _GROUPS.index(remark.group))),
        senders=tuple(found),
        proposal=propose([seen.sights for seen in visits], settings.trust),
    )


def _trust(settings: Settings) -> Trust:
    with suppress(ConfigError):
        return Trust.of(settings.trust)
    return Trust(settings.trust)  # `keys` tells what is wrong with them


def _on_settings(settings: Settings) -> Iterator[Remark]:
    """What `check` says of this machine; of secrets that are open to others `permissions` tells."""
    for problem in checks.at_home(settings):
        is_of_key = problem.path.startswith("trust.signing_keys")
        if is_of_key and not problem.message.startswith("{"):
            continue  # it could be read, and `keys` says more of it
        yield wrong("settings", _sentence(problem))
    for problem in checks.warnings(settings):
        if not problem.path.startswith(_ELSEWHERE) and "other users" not in problem.message:
            yield advice("settings", _sentence(problem))


def _sentence(problem: Problem) -> str:
    hint = f": {problem.hint}" if problem.hint else ""
    return f"{problem.path}: {problem.message}{hint}"


def _on_senders(settings: Settings, visits: list[Visit]) -> Iterator[Remark]:
    for seen in visits:
        here = [one for one in seen.senders if (one.mailbox, one.folder) in seen.looked_at]
        yield from senders.remarks(seen.looked_at, here, settings.trust)
    for mailbox, seen in zip(settings.mailboxes, visits, strict=True):
        if seen.looked_at:
            yield from servers.remarks(mailbox.name, seen.sights, settings.trust)


def _on_api(settings: Settings) -> Iterator[Remark]:
    if settings.api:
        from mailhook.doctor import api

        yield from api.remarks(settings.api)


def _on_clock(settings: Settings, visits: list[Visit], now: datetime) -> Iterator[Remark]:
    if not settings.mailboxes:
        return
    arrivals = [sight.received_at for seen in visits for sight in seen.sights]
    watched = all(one.idle for one in settings.mailboxes)
    try:
        with Reader(settings.store.path) as store:
            yield from clock.remarks(arrivals, store, now, watched=watched)
    except MailhookError:  # there is none yet, or `check` has told of it
        yield from clock.remarks(arrivals, None, now, watched=watched)
