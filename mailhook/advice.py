"""What a person does about a quarantined delivery, by the code of its reason."""

from __future__ import annotations

_ADVICE = {
    "untrusted": "if it is genuine, set trust.authserv_id to the server that checks your mail"
    " and trust.senders to the domain it comes from, then read it again: `mailhook quarantine"
    " show ID --raw > mail.eml`, `mailhook ingest mail.eml`; if it is not, leave it here",
    "dkim_dns_temporary": "nothing yet: it is examined again each round for three days; if many"
    " wait, look at this machine's DNS",
    "dkim_dns_failed": "DNS had no answer for three days; look at this machine's DNS, or take"
    " trust.require: dmarc if your mail server checks senders, then examine it again",
    "untagged": "if it is of one of your rules, write the word of trust.tag before each line of"
    " that rule's mail text; if not, leave it here",
    "unknown_notice": "read what it says; if it is a hook, its wording is"
    " new to mailhook: please report it with all values changed",
    "malformed_notice": "it contradicts itself; ask the sender, or look at the rule's mail text",
    "malformed_message": "it is no mail a program would send on purpose; look who sends it",
    "too_large": "if it is a hook, raise max_message_bytes of the mailbox, save the mail as a file"
    " and `mailhook ingest` it",
    "undeliverable": "open the folder with a mail program: the server cannot give this mail out",
    "bug": "this is our fault: please report the reason's words",
}


def on(reason: str | None) -> str:
    """The advice for a reason as stored, `code: sentence`; empty for a code without any."""
    return _ADVICE.get((reason or "").partition(":")[0], "")
