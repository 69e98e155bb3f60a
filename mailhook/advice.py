"""What a person does about a quarantined delivery, by the code of its reason."""

from __future__ import annotations

_ADVICE = {
    "untrusted": "if it is genuine, set trust.authserv_id to the server that checks your mail"
    " and trust.senders to the domain it comes from, then `mailhook replay --quarantined`; if only"
    " you can tell, `mailhook quarantine release ID --why TEXT` records it at your word,"
    " unverified; if it is forged, leave it here, or `mailhook quarantine drop ID --why TEXT`",
    "unknown_key": "if it is genuine, the hook's signing key is not in trust.signing_keys, as after"
    " a rotation: put the new key first there, restart mailhook, then `mailhook replay"
    " --quarantined`; if it is forged, leave it here, or `mailhook quarantine drop ID --why TEXT`",
    "untagged": "if it is of one of your rules, write the word of trust.tag before each line of"
    " that rule's mail text; if not, leave it here",
    "unknown_notice": "read what it says; if it is a hook, its wording is"
    " new to mailhook: please report it with all values changed; a version that can read it"
    " brings it in by `mailhook replay --quarantined`; if it is none,"
    " `mailhook quarantine drop ID --why TEXT`",
    "dkim_dns_temporary": "nothing to do yet: the service asks the DNS again each hour for 3 days",
    "dkim_dns_failed": "see whether this machine can ask the DNS, then `mailhook replay"
    " --quarantined`; or `mailhook quarantine release ID --why TEXT`, if you know it is genuine",
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
