"""Who sends what looks like hooks, and whether that is believed: from sights to sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from mailhook.config import TrustSettings
from mailhook.doctor.model import Remark, Sender, advice, count, ok, wrong
from mailhook.doctor.sights import Sight
from mailhook.health.senders import KEY_TODO, is_listed, resembles

# Named one by one; a forger can use any number of domains.
_NAMED = 5


def told(mailbox: str, folder: str, sights: Sequence[Sight]) -> list[Sender]:
    """Those who send what looks like hooks, by domain, those with the most mails first."""
    hooks = [sight for sight in sights if sight.is_hook]
    by_domain = Counter(sight.domain for sight in hooks)
    return [
        Sender(
            mailbox=mailbox,
            folder=folder,
            domain=domain,
            mails=mails,
            proven=sum(one.is_proven for one in hooks if one.domain == domain),
            passing=sum(one.passes() for one in hooks if one.domain == domain),
            forwarded=sum(one.is_forwarded for one in hooks if one.domain == domain),
            unknown_key=_of_unknown_key([one for one in hooks if one.domain == domain]),
            said=dict(Counter(one.said() for one in hooks if one.domain == domain).most_common()),
        )
        for domain, mails in by_domain.most_common()
    ]


def remarks(
    looked_at: Mapping[tuple[str, str], int], senders: Sequence[Sender], trust: TrustSettings
) -> Iterator[Remark]:
    """A sentence for each domain of each folder, and one for each folder without hooks.

    `looked_at` counts the mails by mailbox and folder.
    """
    for (mailbox, folder), mails in looked_at.items():
        where = f"{mailbox}, {folder}"
        here = [one for one in senders if (one.mailbox, one.folder) == (mailbox, folder)]
        # A flood of others must not hide those that matter.
        here.sort(key=lambda one: not is_listed(one.domain, trust.senders))
        if not here:
            among = f"none of the last {count(mails, 'mail')}" if mails else "the folder is empty"
            todo = "run this again when the first hook has come"
            yield advice("senders", f"{where}: {among}{' looks like a hook' * bool(mails)}; {todo}")
        yield from (_on_sender(where, one, mails, trust) for one in here[:_NAMED])
        if rest := here[_NAMED:]:
            mails_of_rest = sum(one.mails for one in rest)
            words = (
                f"{where}: {count(len(rest), 'more domain')} sent {count(mails_of_rest, 'mail')}"
            )
            yield advice("senders", f"{words} that look like hooks; --json names them")


def _on_sender(where: str, sender: Sender, mails: int, trust: TrustSettings) -> Remark:
    looks = "looks like a hook and comes" if sender.mails == 1 else "look like hooks and come"
    name = sender.domain or "senders without exactly one plain address"
    words = (
        f"{where}: of the last {count(mails, 'mail')} {sender.mails:,} {looks} from {name};"
        f" topmost header: {_said(sender)}"
    )
    if sender.proven:
        return _on_proven(words, sender)
    if sender.forwarded == sender.mails:
        return advice("senders", f"{words}; only forwarded, so it proves nothing: send hooks here")
    if trust.require == "none":
        return advice("senders", f"{words}; not proven, and recorded as unverified all the same")
    if is_listed(sender.domain, trust.senders):
        todo = "`mailhook explain` one: they may be forged, or your mail server checks nothing"
        if sender.passing:
            todo = "set trust as is proposed or said here, then read them again"
        return wrong("senders", f"{words}; none is proven, so all wait in quarantine: {todo}")
    todo = "leave that so, unless you know that your hooks come from there"
    if resembles(sender.domain, trust.senders):
        todo = "its name only looks like one of these, so ask the vendor before you ever trust it"
    return advice("senders", f"{words}; not in trust.senders, so quarantined: {todo}")


def _of_unknown_key(hooks: Sequence[Sight]) -> int:
    """How many speak of a new key; those from before the last signed one are history."""
    last = max((one.received_at for one in hooks if one.is_signed), default=None)
    told = [one for one in hooks if one.is_signed is False and one.is_proven]
    return sum(last is None or one.received_at > last for one in told)


def _on_proven(words: str, sender: Sender) -> Remark:
    if mails := sender.unknown_key:
        of_key = f"{mails:,} with a token that no key in trust.signing_keys has signed"
        return wrong("senders", f"{words}; proven, but {of_key}: if it was rotated, {KEY_TODO}")
    if rest := sender.mails - sender.proven:
        return advice("senders", f"{words}; {rest:,} of them not proven: see the quarantine")
    return ok("senders", f"{words}; proven")


def _said(sender: Sender) -> str:
    told = list(sender.said.items())
    words = [said if len(told) == 1 else f"{said} ({mails:,})" for said, mails in told[:2]]
    return ", ".join(words) + (" and others" if len(told) > len(words) else "")
