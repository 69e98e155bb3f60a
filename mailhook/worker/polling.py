"""One round over all mailboxes, each in a thread of its own, then an end."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from mailhook.config import Settings
from mailhook.errors import MailhookError
from mailhook.sources.imap import Mailbox
from mailhook.store import Store
from mailhook.trust import Trust
from mailhook.worker import gaps
from mailhook.worker.asking import Asking
from mailhook.worker.pulse import Pulse
from mailhook.worker.rounds import Post, Report, Round, visit
from mailhook.worker.turns import Turns


def poll(settings: Settings, store: Store, trust: Trust, report: Report | None = None) -> Round:
    """Sweep every folder of every mailbox once, with its queued actions; then ask what is due."""
    store.heed(settings)
    result, stop, pulse = Round(), threading.Event(), Pulse(store)
    posts = [Post(one, store, trust, pulse, report, stop) for one in settings.mailboxes]
    with ThreadPoolExecutor(max(1, len(posts))) as threads:
        try:
            for one in threads.map(_visit_all, posts):
                result.add(one)
        finally:
            stop.set()  # by ^C each mailbox ends with the batch it is at
    try:
        _see_to_gaps(settings, store, trust)
    except MailhookError as error:
        result.errors.append(error)  # the mails are in the store all the same
    return result


def _see_to_gaps(settings: Settings, store: Store, trust: Trust) -> None:
    """Ask the vendor's API where that is due; where there is none, say what is lost."""
    if settings.api:
        Asking(settings, store, trust, threading.Event(), Turns()).ring_if_due()
    else:
        gaps.settle(store)


def _visit_all(post: Post) -> Round:
    """Every folder of the mailbox; one in trouble does not keep the others waiting."""
    result = Round()
    mailbox = Mailbox(post.settings)
    folders = [folder.name for folder in post.settings.folders]
    try:
        for nth, folder in enumerate(folders):
            try:
                mailbox.open()
            except MailhookError as error:
                result.errors.append(error)
                post.pulse.failed([mailbox.source(name) for name in folders[nth:]], error)
                break
            result.add(visit(mailbox, folder, post))
            if post.stop.is_set():
                break
    finally:
        mailbox.close()
    return result
