"""The API's key: whether it is accepted, what it may read, and how the reading of the list goes."""

from __future__ import annotations

from collections.abc import Iterator

from mailhook import catalog
from mailhook.catalog import Resource
from mailhook.config import ApiSettings
from mailhook.doctor.model import Remark, advice, ok, wrong
from mailhook.errors import ConfigError, MailhookError, in_one_line
from mailhook.sources.api import Client, Gone, KeyRefused, pages, resource

# No subject has this id: whoever may read such subjects is told that there is none.
_NOBODY = "mailhook-doctor"


def remarks(settings: ApiSettings) -> Iterator[Remark]:
    """A sentence on the list, and one on each kind of subject; half a dozen requests."""
    try:
        with Client(settings) as client:
            yield from _on_list(client)
            yield from _on_kinds(client)
    except ConfigError as error:
        if error.problems[0].path != str(settings.key):  # which `check` tells
            yield wrong("api", in_one_line(str(error)))
    except MailhookError as error:
        yield wrong("api", f"the API cannot be asked now: {error}")


def _on_list(client: Client) -> Iterator[Remark]:
    page = next(pages(client), None)
    listed = "some" if page and page.items else "none"
    yield ok("api", f"the key is accepted, and may read the list of hook events: it has {listed}")
    if page and not page.items:
        words = "the API lists no hook event of the last 60 days: is it the account with the hooks?"
        yield advice("api", words)


def _on_kinds(client: Client) -> Iterator[Remark]:
    refused, allowed = list[str](), list[str]()
    for kind in catalog.load().resources.values():
        if kind.subject_type:
            verdict = _may_read(client, kind)
            refused += [kind.name] if verdict is False else []
            allowed += [kind.name] if verdict else []
    if allowed:
        yield ok("api", f"the key may read {', '.join(allowed)}")
    if refused:
        words = f"the key may not read {', '.join(refused)}: what mails only mention of these"
        yield advice("api", f"{words} stays so; give it the right to read them")


def _may_read(client: Client, kind: Resource) -> bool | None:
    """None where it cannot be told."""
    try:
        found = resource(client, kind, _NOBODY, catalog.load())
    except KeyRefused:
        return False
    except MailhookError:
        return None
    return isinstance(found, Gone)
