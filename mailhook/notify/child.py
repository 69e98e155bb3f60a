"""The process that sends: postings come in as JSON, an answer a line goes out.

An answer is the posting's number, a blank, and what went wrong, if anything.
Apprise tells that only in its log, which may quote a URL: what is passed on
are sentences of ours.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
import threading

import apprise

_ANSWERED = re.compile(r"\berror=(\d{3})\b")
_UNREACHED = re.compile(r"connection error|socket|timed? ?out", re.IGNORECASE)


class _Ear(logging.Handler):
    """Hears what Apprise logs, each thread's lines apart."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.heard: dict[int | None, list[str]] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the line."""
        self.heard.setdefault(record.thread, []).append(record.getMessage())


def main() -> None:
    """Send all postings of stdin, each in a thread, and answer as each one ends."""
    postings = json.load(sys.stdin)
    answers = os.dup(sys.stdout.fileno())
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what plug-ins print
    ear = _Ear()
    logging.getLogger().addHandler(ear)
    targets = [_target(posting["url"]) for posting in postings]  # loading is not made for threads
    threads = [
        threading.Thread(target=_post, args=(nth, target, postings[nth], ear, answers))
        for nth, target in enumerate(targets)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _post(
    nth: int,
    target: apprise.NotifyBase | None,
    posting: dict[str, str],
    ear: _Ear,
    answers: int,
) -> None:
    why = "Apprise does not understand its URL"
    if target:
        why = _sent(target, posting, ear) if posting["body"] else ""
    os.write(answers, f"{nth} {why}\n".encode())


def _target(url: str) -> apprise.NotifyBase | None:
    # Nothing is kept on disk, and what follows a backslash stays as it is.
    asset = apprise.AppriseAsset(
        app_id="mailhook",
        app_desc="mailhook",
        storage_mode=apprise.PersistentStoreMode.MEMORY,
        interpret_escapes=False,
    )
    return apprise.Apprise.instantiate(url, asset=asset, suppress_exceptions=True)


def _sent(target: apprise.NotifyBase, posting: dict[str, str], ear: _Ear) -> str:
    """Nothing if it was delivered, else why not."""
    if target.notify(
        title=posting["title"],
        body=posting["body"],
        notify_type=apprise.NotifyType.WARNING,
        body_format=apprise.NotifyFormat.TEXT,
    ):
        return ""
    heard = " ".join(ear.heard.get(threading.get_ident(), ()))
    if answered := _ANSWERED.search(heard):
        return f"its server answers {answered[1]}"
    if _UNREACHED.search(heard):
        return "its server cannot be reached, or does not answer"
    return "it was not accepted"


if __name__ == "__main__":
    main()
