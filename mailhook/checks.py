"""What is wrong, all at once, without changing anything: settings, secrets, mailboxes, store."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from mailhook import config
from mailhook.config import MailboxSettings, Settings
from mailhook.errors import ConfigError, MailhookError, Problem
from mailhook.sources.imap import Mailbox
from mailhook.store.reader import Reader


def problems(settings: Settings) -> list[Problem]:
    """All that would keep `poll` and `run` from their work."""
    with ThreadPoolExecutor(max(1, len(settings.mailboxes))) as threads:
        mailboxes = list(threads.map(_mailbox, settings.mailboxes))
    return [
        *config.secret_problems(settings),
        *(problem for found in mailboxes for problem in found),
        *_store(settings.store.path),
    ]


def warnings(settings: Settings) -> list[Problem]:
    """What works, but should be seen to."""
    found = config.warnings(settings)
    if settings.trust.require == "none":
        message = "none: anybody who knows the inbox's address can have events recorded"
        found.append(Problem("trust.require", message, "dmarc, once authserv_id is right"))
    return found


def _mailbox(settings: MailboxSettings) -> list[Problem]:
    mailbox = Mailbox(settings)
    try:
        mailbox.open()
        return mailbox.check()
    except ConfigError as error:
        return list(error.problems)
    except MailhookError as error:
        return [Problem(f"mailboxes[{settings.name}]", str(error))]
    finally:
        mailbox.close()


def _store(path: Path) -> list[Problem]:
    if not path.exists():
        if path.parent.is_dir():
            return []
        return [Problem("store.path", f"the folder {path.parent} does not exist", "create it")]
    try:
        with Reader(path):
            return []
    except ConfigError as error:
        return list(error.problems)
    except MailhookError as error:
        return [Problem("store.path", str(error))]
