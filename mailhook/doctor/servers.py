"""Whose Authentication-Results stand in the mails, and whether those of ours can be relied on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from mailhook.config import TrustSettings
from mailhook.doctor.model import Remark, advice, count, ok, wrong
from mailhook.doctor.sights import Sight, Stamp, ours

# What stands on top of so many of the mails that have any such header is our server's.
_SHARE = 0.8
_NAMED = 3


def topmost(sights: Sequence[Sight]) -> list[str]:
    """The servers that seem to be ours, most mails first: `unnamed` for those without a name.

    Empty where the names are too many, or unreadable, to be one provider's.
    """
    tops = Counter(sight.stamps[0].server for sight in sights if sight.stamps)
    total = tops.total()
    hosts = {name: mails for name, mails in tops.items() if name is not None}
    for group in _groups(hosts):
        if sum(hosts[name] for name in group) >= _SHARE * total:
            names = sorted(group, key=lambda name: (-hosts[name], name))
            return [name or "unnamed" for name in names]
    return []


def _groups(hosts: dict[str, int]) -> Iterator[list[str]]:
    """Each name alone, then those of one domain together."""
    yield from ([name] for name in sorted(hosts, key=lambda name: -hosts[name]))
    yield from (
        [name for name in hosts if parent(name) == domain]
        for domain in sorted({parent(name) for name in hosts})
        if domain
    )


def parent(name: str) -> str:
    """The domain whose hosts may be taken together; empty where that might be a whole country's."""
    labels = name.split(".")[1:]
    short = 3
    is_registry = len(labels) < 2 or (len(labels) == 2 and len(labels[0]) <= short)  # noqa: PLR2004 - co.uk
    return "" if is_registry else ".".join(labels)


def remarks(mailbox: str, sights: Sequence[Sight], trust: TrustSettings) -> Iterator[Remark]:
    """What is to be said of `trust.authserv_id`, as far as the mails of one mailbox show."""
    stamped = [sight for sight in sights if sight.stamps]
    if not trust.authserv_id:
        if trust.require != "none":
            yield wrong(
                "senders",
                "trust.authserv_id is not set, so no header proves anything and all hooks wait in"
                f" quarantine: {_todo(stamped)}",
            )
    elif sights:
        yield from _on_ours(mailbox, sights, stamped, trust)


def _todo(stamped: Sequence[Sight]) -> str:
    if topmost(stamped):
        return "set it as proposed below"
    if stamped:
        return "look which server writes the topmost Authentication-Results of your mails"
    return "look at the Authentication-Results of a mail, once one is there"


def _on_ours(
    mailbox: str, sights: Sequence[Sight], stamped: Sequence[Sight], trust: TrustSettings
) -> Iterator[Remark]:
    names = ", ".join(trust.authserv_id)
    marked = [found for sight in sights if (found := ours(sight, trust.authserv_id))]
    if not marked:
        yield wrong(
            "senders",
            f"{mailbox}: trust.authserv_id {names} occurs in none of"
            f" {count(len(sights), 'mail')}, so nothing is proven; {_instead(stamped)}",
        )
        return
    yield ok(
        "senders", f"{mailbox}: {names} has checked {len(marked):,} of {count(len(sights), 'mail')}"
    )
    if trust.require != "none":
        yield from _on_second(marked, trust.require, f"{mailbox}: {names}")
    yield from _on_survivors(mailbox, sights, trust)
    yield _how_to_test(trust.authserv_id[0])


def _instead(stamped: Sequence[Sight]) -> str:
    if not stamped:
        return (
            "no mail has an Authentication-Results header: ask whoever runs the mail server"
            " to have it check mails and say so"
        )
    tops = topmost(stamped)[:_NAMED]
    found = f"the topmost header is of {', '.join(tops)}" if tops else "the servers named vary"
    return f"{found}: set the name your own server writes"


def _on_second(marked: Sequence[list[Stamp]], method: str, who: str) -> Iterator[Remark]:
    second = sum(
        not first.of(method) and any(one.of(method) for one in rest) for first, *rest in marked
    )
    if second:
        yield wrong(
            "senders",
            f"{who} says {method} in {count(second, 'mail')} only in a second header, which does"
            " not count, for anybody may have written what stands below the first: have the"
            f" server write one header, or {method} into the first",
        )


def _on_survivors(mailbox: str, sights: Sequence[Sight], trust: TrustSettings) -> Iterator[Remark]:
    survived = sum(_has_survivor(sight, ours(sight, trust.authserv_id)) for sight in sights)
    if survived:
        yield wrong(
            "senders",
            f"{mailbox}: {count(survived, 'mail')} came with an Authentication-Results of"
            f" {', '.join(trust.authserv_id)} that seems not to be its own (a method told of twice,"
            " or dmarc=pass for another domain than From's): the server does not strip forged"
            " ones, so a forged hook could look proven; have it remove every such header that"
            " comes from outside (RFC 8601 section 5)",
        )


def _has_survivor(sight: Sight, found: Sequence[Stamp]) -> bool:
    """Whether one of the stamps says what our server has said otherwise, or could not say."""
    passes = [one for stamp in found for one in stamp.of("dmarc") if one.result == "pass"]
    if sight.domain and not all(map(sight.is_pass, passes)):
        return True
    # Filters of one server may write a header each, but they do not judge the same thing.
    return any(
        found[0].of(method) and set(stamp.of(method)) - set(found[0].of(method))
        for stamp in found[1:]
        for method in ("dmarc", "dkim")
    )


def _how_to_test(name: str) -> Remark:
    # Any name below a wildcard is believed; of an unnamed server a header without a name.
    who = "" if name == "unnamed" else f"{name.replace('*.', 'forged.')}; "
    return advice(
        "senders",
        "whether the mail server strips forged headers only a test can tell: from outside, send a"
        f" mail to this mailbox with the header `Authentication-Results: {who}dmarc=pass"
        " header.from=truora.com`; when it has come, that header must be gone from it, or anybody"
        " could forge a hook; run this again, too",
    )
