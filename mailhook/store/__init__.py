"""The store: one SQLite file, written by one process, read by anyone."""

from mailhook.store.file import StoreGoneError
from mailhook.store.ledger import Foreseen
from mailhook.store.reader import Filters, Reader
from mailhook.store.warned import Alarm, Letter
from mailhook.store.writer import Store, Trouble

__all__ = [
    "Alarm",
    "Filters",
    "Foreseen",
    "Letter",
    "Reader",
    "Store",
    "StoreGoneError",
    "Trouble",
]
