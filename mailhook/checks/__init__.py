"""What is wrong, all at once, changing nothing: settings, secrets, mailboxes, API, store."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from mailhook import config, signing_keys
from mailhook.checks import addresses, web
from mailhook.config import (
    ApiSettings,
    MailboxSettings,
    NotifySettings,
    Settings,
    StoreSettings,
    TrustSettings,
)
from mailhook.errors import ConfigError, MailhookError, Problem, StoreUnready
from mailhook.sources.imap import Mailbox
from mailhook.store.file import is_read_only, read_only, refuse_unusable
from mailhook.trust import Trust

_AS_SERVICE = "check as the service's user; if it fails then too, mend owner and mode"


def problems(settings: Settings) -> list[Problem]:
    """All that would keep `poll` and `run` from their work."""
    with ThreadPoolExecutor(max(1, len(settings.mailboxes))) as threads:
        mailboxes = list(threads.map(_mailbox, settings.mailboxes))
    found = (problem for problems in mailboxes for problem in problems)
    local = (*at_home(settings), *web.without_key(settings), *addresses.problems(settings))
    return [*local, *_full(settings.store.path), *found, *_api(settings)]


def at_home(settings: Settings) -> list[Problem]:
    """What is wrong with secrets, keys, store and snapshot; no mail server is asked."""
    return _local(settings, config.secret_problems(settings))


def refuse_faults(settings: Settings, *, serves: bool = False) -> None:
    """What `poll` and `run` begin with: no server is asked, and no command run for its secret.

    `serves`: also what would keep web hooks out. Raises ConfigError with all that is wrong.
    """
    faults = _local(settings, config.secret_problems(settings, commands=False))
    if serves:
        faults += web.without_key(settings)
    if faults:
        raise ConfigError(faults)


def _local(settings: Settings, secrets: list[Problem]) -> list[Problem]:
    keys = [] if secrets else _keys(settings)
    return [*secrets, *keys, *_store(settings.store.path), *_snapshot(settings.store)]


def warnings(settings: Settings) -> list[Problem]:
    """What works, but should be seen to."""
    found = config.warnings(settings)
    if not (settings.mailboxes or settings.web):
        found.append(_no_road(settings))
    if settings.trust.require == "none":
        message = "none: anybody who knows the inbox's address can have events recorded"
        found.append(Problem("trust.require", message, "dmarc, once authserv_id is right"))
    others = (*_on_keys(settings.trust), *web.warnings(settings), *addresses.warnings(settings))
    return [*found, *others, *_not_known(settings), *_not_understood(settings.notify)]


def _no_road(settings: Settings) -> Problem:
    """That no mailbox is named, and no web hook is taken either."""
    if settings.api:
        message = (
            f"none is named, and no web: the API alone is asked, every {_minutes(settings.api)}"
        )
        return Problem("mailboxes", message, "well if that is soon enough")
    message = "none is named: `poll` and `run` have nothing to read"
    return Problem("mailboxes", message, "add one, or use `mailhook ingest` alone")


def _minutes(api: ApiSettings) -> str:
    return "minute" if api.reconcile_minutes == 1 else f"{api.reconcile_minutes:g} minutes"


def _on_keys(trust: TrustSettings) -> Iterator[Problem]:
    """Keys that were copied with more than themselves, or do not look like the vendor's."""
    for nth, secret in enumerate(trust.signing_keys):
        with suppress(ConfigError):  # `config.secret_problems` tells
            path, key = f"trust.signing_keys[{nth}]", secret.reveal()
            if key != key.strip():
                message = "there is a blank before or behind it, which counts as part of the key"
                yield Problem(path, message, "take it away: no hook fits")
            elif not signing_keys.unfit(key.encode()) and (reason := signing_keys.doubtful(key)):
                yield Problem(path, reason, "compare it with the vendor's dashboard")


def _not_known(settings: Settings) -> Iterator[Problem]:
    """Products in `expect` that the catalogue does not know; they may exist all the same."""
    if not settings.expect:
        return
    from difflib import get_close_matches

    from mailhook import catalog  # which `poll` does without until a mail comes

    known = sorted({one.product for one in catalog.load().types.values()} - {"webhook"})
    for product in settings.expect:
        if product not in known:
            near = get_close_matches(product.lower().replace(" ", "_")[:64], known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
            message = "no product of that name is known: until one is seen, it passes for silent"
            yield Problem(f"expect.{product}"[:80], message, hint)


def _keys(settings: Settings) -> list[Problem]:
    try:
        Trust.of(settings.trust)
    except ConfigError as error:
        return list(error.problems)
    return []


def _not_understood(targets: Sequence[NotifySettings]) -> Iterator[Problem]:
    """Targets of which Apprise can make nothing; sends nothing."""
    from mailhook import notify

    urls: dict[str, str] = {}
    for nth, target in enumerate(targets):
        with suppress(ConfigError):  # `config.secret_problems` tells
            urls[f"notify[{nth}].url"] = target.url.reveal()
    for path, is_understood in zip(urls, notify.understood(list(urls.values())), strict=True):
        if not is_understood:
            message = "Apprise can make nothing of this URL: no alarm would reach anybody"
            yield Problem(
                path,
                message,
                "such as mailto://… or jsons://… (a web hook): see Apprise's services",
            )


def _mailbox(settings: MailboxSettings) -> list[Problem]:
    mailbox = Mailbox(settings)
    try:
        mailbox.open()
        return mailbox.check()
    except ConfigError as error:
        # `config.secret_problems` has told of the secrets, by their keys.
        told_of = {str(secret) for _, secret in config.mailbox_secrets(settings)}
        return [problem for problem in error.problems if problem.path not in told_of]
    except MailhookError as error:
        told = str(error).removeprefix(f"mailbox {settings.name}: ")
        told = told.removesuffix("; will be tried again")
        hint = "check the address; if it is right, this may pass by itself"
        return [Problem(f"mailboxes[{settings.name}]", told, hint)]
    finally:
        mailbox.close()


def _api(settings: Settings) -> list[Problem]:
    """What keeps us from the list of hook events; asks for one page of it."""
    if settings.api is None:
        return []
    from mailhook.sources.api import Client, pages

    try:
        with Client(settings.api) as client:
            next(pages(client), None)
    except ConfigError as error:
        # `config.secret_problems` has told of the key, where it cannot be had.
        secret = str(settings.api.key)
        return [problem for problem in error.problems if problem.path != secret]
    except MailhookError as error:
        hint = "check api.base; if it is right, this may pass by itself"
        return [Problem("api", str(error), hint)]
    return []


def _store(path: Path) -> list[Problem]:
    try:
        return list(_unwritable(path)) or _unusable(path)
    except PermissionError:
        message = f"{path} cannot be reached: no permission"
        return [Problem("store.path", message, _AS_SERVICE)]


def _full(path: Path) -> Iterator[Problem]:
    """That the disk is full: it may pass, so no command ends for it before it has to write."""
    from mailhook.health import room  # which a start does without

    space = room.look(path)
    if space and room.is_full(space):
        message = f"the disk of the store is full: {room.left(space)}"
        yield Problem("store.path", message, room.FULL_TODO)


def _snapshot(settings: StoreSettings) -> list[Problem]:
    if settings.snapshot is None:
        return []
    from mailhook.store import copies

    return copies.problems(settings.path, settings.snapshot)


def _unwritable(path: Path) -> Iterator[Problem]:
    """Why no store could be written there; asks, and writes nothing."""
    folder = path.parent
    if not folder.is_dir():
        yield Problem("store.path", f"the folder {folder} does not exist", "create it")
    elif is_read_only(folder):
        yield read_only(path)
    elif not _may(folder, os.W_OK | os.X_OK):
        message = f"the folder {folder} cannot be written, where the store keeps files beside it"
        yield Problem("store.path", message, _AS_SERVICE)
    elif path.exists() and not _may(path, os.R_OK | os.W_OK):
        yield Problem("store.path", f"{path} cannot be read and written", _AS_SERVICE)


def _may(path: Path, mode: int) -> bool:
    return os.access(path, mode, effective_ids=True)


def _unusable(path: Path) -> list[Problem]:
    """What is wrong with the file; nothing if it only has to be begun, or brought up to date."""
    if not path.exists():
        return []
    try:
        refuse_unusable(path)
    except StoreUnready:
        return []  # `poll` and `run` open it for writing, which puts that right
    except ConfigError as error:
        return list(error.problems)
    except MailhookError as error:
        return [Problem("store.path", str(error))]
    return []
