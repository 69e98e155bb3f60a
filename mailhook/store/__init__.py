"""The store: one SQLite file, written by one process, read by anyone."""

from mailhook.store.file import StoreGoneError
from mailhook.store.heartbeats import Trouble
from mailhook.store.reader import Filters, Reader
from mailhook.store.writer import Store

__all__ = [
    "Filters",
    "Reader",
    "Store",
    "StoreGoneError",
    "Trouble",
]
