"""The vendor as a program: sends hooks by web and mail as Truora does, to test any receiver.

    with Vendor(url, key, Postbox("lmtp://127.0.0.1:24", "hooks@example.com")) as vendor:
        vendor.tell(vendor.invent("check", "finished"))
        vendor.finish()
        assert not vendor.lost

docs/testing.md tells the whole. As a program: `python -m mailhook.testing --help`.
"""

from __future__ import annotations

from mailhook.testing.alerting import Alert, of_alert
from mailhook.testing.clock import Clock, HandClock
from mailhook.testing.envelope import Envelope
from mailhook.testing.happening import Happening, sign
from mailhook.testing.inventing import Inventor
from mailhook.testing.letters import Style, of_event
from mailhook.testing.mailing import Postbox, Send
from mailhook.testing.posting import Answer
from mailhook.testing.record import Attempt, Letter, Posting
from mailhook.testing.terms import Terms
from mailhook.testing.vendor import Vendor

__all__ = [
    "Alert",
    "Answer",
    "Attempt",
    "Clock",
    "Envelope",
    "HandClock",
    "Happening",
    "Inventor",
    "Letter",
    "Postbox",
    "Posting",
    "Send",
    "Style",
    "Terms",
    "Vendor",
    "of_alert",
    "of_event",
    "sign",
]
