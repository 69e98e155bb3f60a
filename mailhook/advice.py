"""What a person does about a quarantined delivery, by the code of its reason and its road."""

from __future__ import annotations

from collections.abc import Mapping

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


# Where it is another than for a mail.
_BY_CHANNEL: Mapping[tuple[str, str], str] = {
    ("web", "malformed_notice"): "your key has signed it, so it is the vendor's: report it to the"
    " vendor's support; a version of mailhook that can read it brings it in by `mailhook replay"
    " --quarantined`; else `mailhook quarantine drop ID --why TEXT`",
    ("api", "malformed_notice"): "the vendor lists it so: name its HIK… to the vendor's support;"
    " once it is listed otherwise, the next `mailhook reconcile` takes it; else"
    " `mailhook quarantine drop ID --why TEXT`",
}


def on(reason: str | None, channel: str) -> str:
    """The advice for a reason as stored, `code: sentence`; empty for a code without any."""
    code = (reason or "").partition(":")[0]
    return _BY_CHANNEL.get((channel, code)) or _ADVICE.get(code, "")
