"""The store: one SQLite file, written by one process, read by anyone."""

from mailhook.store.again import Change, Log
from mailhook.store.file import StoreGoneError
from mailhook.store.kept import Kept, Selection
from mailhook.store.ledger import Foreseen
from mailhook.store.reader import Filters, Reader
from mailhook.store.warned import Alarm, Letter
from mailhook.store.writer import Store, Trouble

__all__ = [
    "Alarm",
    "Change",
    "Filters",
    "Foreseen",
    "Kept",
    "Letter",
    "Log",
    "Reader",
    "Selection",
    "Store",
    "StoreGoneError",
    "Trouble",
]
