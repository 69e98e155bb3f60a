"""The vendor's API: asked politely, with bounds, and never led elsewhere with the key.

Owner of stamina and, beside `oauth`, of urllib3. What is done with the answers is not
known here.
"""

from __future__ import annotations

from mailhook.sources.api.answers import (
    LONGEST_WAIT_SECONDS,
    BudgetSpent,
    Gone,
    KeyRefused,
    OddAnswer,
    Overloaded,
    Unanswered,
)
from mailhook.sources.api.client import Client
from mailhook.sources.api.listing import (
    Item,
    Page,
    canonical,
    event,
    first,
    pages,
    source,
    source_of,
)
from mailhook.sources.api.pace import Pacer
from mailhook.sources.api.resources import Fetched, address, resource

__all__ = [
    "LONGEST_WAIT_SECONDS",
    "BudgetSpent",
    "Client",
    "Fetched",
    "Gone",
    "Item",
    "KeyRefused",
    "OddAnswer",
    "Overloaded",
    "Pacer",
    "Page",
    "Unanswered",
    "address",
    "canonical",
    "event",
    "first",
    "pages",
    "resource",
    "source",
    "source_of",
]
