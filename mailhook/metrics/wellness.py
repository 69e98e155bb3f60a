"""`/healthz`: is the service itself well? Not: is the vendor, is the quarantine empty.

503 only for trouble of the writer, the mailboxes, or the store: what a probe is
to wake somebody for. An alert of the vendor's, a full quarantine or a disk that
fills up stand in `status` and in the metrics.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from http import HTTPStatus

from mailhook.health import sentences
from mailhook.metrics.figures import Figures
from mailhook.metrics.page import Page

_UNREAD = "the store cannot be read; `mailhook status` says why"


def page(figures: Figures, accept: str) -> Page:
    """`ok`, or the sentences of `status` without what a server said; JSON for who accepts it."""
    said = _troubles(figures)
    status = HTTPStatus.SERVICE_UNAVAILABLE if said else HTTPStatus.OK
    if "application/json" in accept:
        told = {"status": "unwell" if said else "ok", "troubles": said}
        return Page(status, "application/json", json.dumps(told).encode() + b"\n")
    return Page.of_text(status, "\n".join(said) or "ok")


def _troubles(figures: Figures) -> Sequence[str]:
    if figures.told is None:
        return [_UNREAD]
    found = sentences.advise(figures.told.service, figures.told.folders)
    return [one.brief or one.words for one in found]
