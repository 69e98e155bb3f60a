"""One mailbox looked at over one connection, which changes nothing in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from mailhook.config import MailboxSettings
from mailhook.doctor import line, senders
from mailhook.doctor.model import Remark, Sender, advice, count, wrong
from mailhook.doctor.sights import Sight, look
from mailhook.errors import ConfigError, FolderMissing, LoginRefused, MailhookError, Refused
from mailhook.health.senders import is_listed
from mailhook.sources.imap import Mailbox
from mailhook.trust import Trust

# Of each folder so many of the last mails are looked at.
MAILS = 200

Progress = Callable[[int], None]


@dataclass
class Visit:
    """What was seen. `sights` are of the folders that are read, in no order of theirs."""

    remarks: list[Remark] = field(default_factory=list)
    sights: list[Sight] = field(default_factory=list)
    looked_at: dict[tuple[str, str], int] = field(default_factory=dict)
    senders: list[Sender] = field(default_factory=list)


def visit(settings: MailboxSettings, trust: Trust, now: datetime, progress: Progress) -> Visit:
    """Look at one mailbox; what keeps us from it becomes a remark, nothing is raised."""
    seen = Visit()
    mailbox = Mailbox(settings)
    try:
        mailbox.open()
        _folders(mailbox, trust, seen, progress)
        seen.remarks += line.remarks(settings, mailbox.line(), now)
        _target(mailbox, seen)
        _junk(mailbox, trust, seen, progress)
    except MailhookError as error:
        # Its words may hold the login name and what the server said: `check` tells them.
        seen.remarks.append(wrong("mailbox", f"{settings.name}: {_failure(error)}"))
    finally:
        mailbox.close()
    return seen


def _failure(error: MailhookError) -> str:
    match error:
        case LoginRefused():
            what = "the server refuses the login"
        case ConfigError():
            keys = {problem.path.rpartition(".")[2] for problem in error.problems}
            what = f"it cannot be opened as it is set ({', '.join(sorted(keys))})"
            if any(path.startswith("{") for path in keys):
                what = "its secret cannot be read"
        case _:
            what = "the server could not be reached, or broke off"
    return f"{what}, so no mail is read: `mailhook check` says why"


def _folders(mailbox: Mailbox, trust: Trust, seen: Visit, progress: Progress) -> None:
    name = mailbox.settings.name
    for wanted in mailbox.settings.folders:
        try:
            sights = _sights(mailbox, wanted.name, trust, progress)
        except FolderMissing:
            words = f"{name}, {wanted.name}: there is no such folder, so it is not read:"
            seen.remarks.append(wrong("mailbox", f"{words} `mailhook check` names near ones"))
            continue
        seen.sights += sights
        seen.looked_at[name, wanted.name] = len(sights)
        seen.senders += senders.told(name, wanted.name, sights)


def _sights(mailbox: Mailbox, folder: str, trust: Trust, progress: Progress) -> list[Sight]:
    sights = []
    for delivery in mailbox.newest(folder, MAILS):
        sights.append(look(delivery, trust))
        progress(1)
    return sights


def _target(mailbox: Mailbox, seen: Visit) -> None:
    after = mailbox.settings.after
    if after.target and mailbox.real_name(after.target) is None:
        words = f"{mailbox.settings.name}: the folder of `after: {{move: {after.target}}}` is not"
        todo = "there, so no mail can be moved: make it with a mail program"
        seen.remarks.append(wrong("mailbox", f"{words} {todo}"))


def _junk(mailbox: Mailbox, trust: Trust, seen: Visit, progress: Progress) -> None:
    name = mailbox.settings.name
    read = {mailbox.real_name(one.name) for one in mailbox.settings.folders}
    for folder in mailbox.junk():
        if folder in read:
            continue
        try:
            sights = _sights(mailbox, folder, trust, progress)
        except (FolderMissing, Refused):  # it may be shown to us and yet not be ours to read
            continue
        found = senders.told(name, folder, sights)
        seen.senders += found
        if hooks := sum(one.mails for one in found):
            seen.remarks.append(_in_junk(mailbox.settings, folder, hooks, found, trust))


def _in_junk(
    settings: MailboxSettings, folder: str, hooks: int, found: list[Sender], trust: Trust
) -> Remark:
    looks = "looks like a hook" if hooks == 1 else "look like hooks"
    words = f"{settings.name}, {folder}: {count(hooks, 'mail')} {looks}, and nobody reads them"
    is_genuine = any(
        one.proven or (one.passing and is_listed(one.domain, trust.settings.senders))
        for one in found
    )
    folders = ", ".join([*(one.name for one in settings.folders), folder])
    todo = (
        f"there: set `folders: [{folders}]`, and have the provider never take mails of these"
        " senders for junk"
    )
    if is_genuine:
        return wrong("junk", f"{words} {todo}")
    who = "there; nothing proves them, so leave them where they are unless"
    return advice("junk", f"{words} {who} you know better")
