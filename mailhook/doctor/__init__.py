"""The deeper look: what stands in recent mail, and whether server, disk and files can be relied on.

Nothing is changed, and nothing personal is told: of senders their domain, of mails no word.
"""

from mailhook.doctor.model import Group, Proposal, Remark, Report, Sender
from mailhook.doctor.overview import look

__all__ = ["Group", "Proposal", "Remark", "Report", "Sender", "look"]
