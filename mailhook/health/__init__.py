"""Is all well, and if not, what is to be done? Read from the store; asks no server.

A mailbox is alive when a round trip with its server was completed lately, not
when a process is up. The service is alive when its writer has committed lately.
"""

from mailhook.health.model import Advice, Asked, Folder, Health, Room, Service
from mailhook.health.overview import folders, is_unsettled, look
from mailhook.health.room import in_words

__all__ = [
    "Advice",
    "Asked",
    "Folder",
    "Health",
    "Room",
    "Service",
    "folders",
    "in_words",
    "is_unsettled",
    "look",
]
