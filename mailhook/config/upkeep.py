"""What the operator should look at though the settings are valid."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from dataclasses import replace

from mailhook.config.secret import Secret
from mailhook.config.sections import MailboxSettings, Settings
from mailhook.errors import ConfigError, Problem

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def warnings(settings: Settings) -> list[Problem]:
    """What is allowed but unwise: secret files others can read, mail that nothing can prove."""
    return [*_readable_secrets(settings), *_unprovable_mail(settings)]


def secret_problems(settings: Settings, *, commands: bool = True) -> list[Problem]:
    """Why secrets cannot be read now, each with its key's path; runs `commands`, or passes over."""
    problems: list[Problem] = []
    for path, secret in secrets(settings):
        if secret.command and not commands:
            continue
        try:
            secret.reveal()
        except ConfigError as error:
            problems += [
                replace(problem, path=path, message=f"{problem.path} {problem.message}")
                for problem in error.problems
            ]
    return problems


def mailbox_secrets(mailbox: MailboxSettings) -> Iterator[tuple[str, Secret]]:
    """Each secret the mailbox needs to log in, with its key's path."""
    oauth2, at = mailbox.oauth2, f"mailboxes[{mailbox.name}]"
    if mailbox.password:
        yield f"{at}.password", mailbox.password
    if oauth2 and oauth2.client_secret:
        yield f"{at}.oauth2.client_secret", oauth2.client_secret
    if oauth2 and oauth2.key:
        yield f"{at}.oauth2.key", oauth2.key


def secrets(settings: Settings) -> Iterator[tuple[str, Secret]]:
    """Every secret that is named, with its key's path."""
    for mailbox in settings.mailboxes:
        yield from mailbox_secrets(mailbox)
    for nth, key in enumerate(settings.trust.signing_keys):
        yield f"trust.signing_keys[{nth}]", key
    if settings.trust.tag:
        yield "trust.tag", settings.trust.tag
    if settings.api:
        yield "api.key", settings.api.key
    for nth, target in enumerate(settings.notify):
        yield f"notify[{nth}].url", target.url


def _readable_secrets(settings: Settings) -> Iterator[Problem]:
    for path, secret in secrets(settings):
        if not secret.file:
            continue
        try:
            mode = stat.S_IMODE(secret.file.stat().st_mode)
        except OSError:
            continue  # `secret_problems` tells
        if mode & _OTHERS:
            message = f"{secret.file} can be read or changed by other users (mode {mode:04o})"
            yield Problem(path, message, f"chmod 600 {secret.file}")


def _unprovable_mail(settings: Settings) -> Iterator[Problem]:
    trust = settings.trust
    if settings.mailboxes and not trust.authserv_id and trust.require == "dmarc":
        message = "is not set: no mail is proven by its header, so hooks will be quarantined"
        hint = "the name your mail server writes first in Authentication-Results"
        yield Problem("trust.authserv_id", message, hint)
