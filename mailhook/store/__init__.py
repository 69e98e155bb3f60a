"""The store: one SQLite file, written by one process, read by anyone."""

from mailhook.store.file import StoreGoneError
from mailhook.store.reader import Filters, Reader
from mailhook.store.writer import Store, Trouble

__all__ = [
    "Filters",
    "Reader",
    "Store",
    "StoreGoneError",
    "Trouble",
]
