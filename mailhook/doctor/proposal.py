"""The lines of `trust` that would have what is genuine believed, as far as the mails show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from mailhook.config import TrustSettings
from mailhook.doctor import servers
from mailhook.doctor.model import Proposal, count
from mailhook.doctor.sights import Sight, Stamp, Verdict, is_named
from mailhook.health.senders import is_listed, resembles

# Where anybody can have an address, a domain says nothing of who sends.
_PROVIDERS = frozenset(
    "gmail.com googlemail.com outlook.com hotmail.com live.com msn.com yahoo.com ymail.com"
    " icloud.com me.com mac.com aol.com gmx.net gmx.de gmx.com web.de mail.com mail.ru yandex.ru"
    " yandex.com proton.me protonmail.com protonmail.ch fastmail.com zoho.com zohomail.com qq.com"
    " 163.com hotmail.es outlook.es yahoo.es hotmail.com.br yahoo.com.br uol.com.br bol.com.br"
    " terra.com.br hotmail.com.mx yahoo.com.mx hotmail.co.uk yahoo.co.uk".split()
)
# Names that may stand in a list; of more, what they have in common.
_LISTED = 3


def propose(mailboxes: Sequence[Sequence[Sight]], trust: TrustSettings) -> Proposal | None:
    """What to set; None where the settings are right, or no mail shows how they should be."""
    sights = [sight for seen in mailboxes for sight in seen]
    hooks = [sight for sight in sights if sight.is_hook and not sight.is_forwarded]
    # Each mailbox may be another provider's.
    found = list(dict.fromkeys(name for seen in mailboxes for name in servers.topmost(seen)))
    new = [name for name in found if not is_named(name, trust.authserv_id)]
    unlisted = [domain for domain in _passing(hooks, found) if _may_be(domain, trust)]
    require = _require(hooks, found, trust)
    as_it_is = not new and require == trust.require
    all_proven = as_it_is and all(sight.is_proven for sight in hooks)
    if trust.require == "none" or not found or all_proven or (as_it_is and not unlisted):
        return None
    kept = [name for name in trust.authserv_id if any(is_named(one, [name]) for one in found)]
    providers = [domain for domain in unlisted if domain in _PROVIDERS]
    known = [domain for domain in unlisted if domain not in _PROVIDERS]
    lines = [
        "trust:",
        *_listed("authserv_id", [*kept, *_together(new)]),
        *_senders(trust, known, providers),
        f"  require: {require}",
    ]
    cautions = [_on_server(sights, found) if new else "", _on_domains(known, providers)]
    return Proposal(tuple(lines), tuple(filter(None, cautions)))


def _may_be(domain: str, trust: TrustSettings) -> bool:
    """Whether it is worth naming: neither there already nor a look-alike of what is."""
    return not is_listed(domain, trust.senders) and not resembles(domain, trust.senders)


def _passing(hooks: Sequence[Sight], found: Sequence[str]) -> list[str]:
    """The domains that one of these servers, on top, says hooks do come from."""
    return sorted(
        {
            sight.domain
            for sight in hooks
            if sight.domain and any(map(sight.is_pass, _first(sight.stamps, found)))
        }
    )


def _first(stamps: Sequence[Stamp], found: Sequence[str]) -> Iterator[Verdict]:
    for stamp in stamps[:1]:
        if stamp.server is not None and is_named(stamp.server, found):
            yield from (one for one in stamp.verdicts if one.method in {"dmarc", "dkim"})


def _require(hooks: Sequence[Sight], found: Sequence[str], trust: TrustSettings) -> str:
    """What the server proves hooks of senders that are listed by; else what is set."""
    passed = {
        verdict.method
        for sight in hooks
        if is_listed(sight.domain, trust.senders)
        for verdict in _first(sight.stamps, found)
        if sight.is_pass(verdict)
    }
    if not passed or trust.require in passed:
        return trust.require
    return "dmarc" if "dmarc" in passed else "dkim"


def _together(names: Sequence[str]) -> list[str]:
    """The names, many of one domain as one."""
    parents = Counter(map(servers.parent, names))
    many = {parent for parent, hosts in parents.items() if parent and hosts > _LISTED}
    together = {servers.parent(name): None for name in names if servers.parent(name) in many}
    alone = [name for name in names if servers.parent(name) not in many]
    return [*(f"*.{parent}" for parent in together), *alone]


def _senders(trust: TrustSettings, known: Sequence[str], providers: Sequence[str]) -> Iterator[str]:
    yield "  senders:"
    yield from (f"    - {sender}" for sender in trust.senders if "@" not in sender)
    if any("@" in sender for sender in trust.senders):
        yield "    # and the whole addresses that stand there now"
    yield from (f"    #- {domain}" for domain in known)
    yield from (f"    #- THE.ADDRESS@{domain}" for domain in providers)


def _listed(key: str, names: Iterable[str]) -> list[str]:
    quoted = [f'"{name}"' if name.startswith("*") else name for name in names]
    if len(quoted) == 1:
        return [f"  {key}: {quoted[0]}"]
    return [f"  {key}:", *(f"    - {name}" for name in quoted)]


def _on_server(sights: Sequence[Sight], found: Sequence[str]) -> str:
    on_top = sum(
        bool(sight.stamps)
        and sight.stamps[0].server is not None
        and is_named(sight.stamps[0].server, found)
        for sight in sights
    )
    return (
        f"authserv_id has to be what your own mail server writes; this stands on top of {on_top:,}"
        f" of {count(len(sights), 'mail')}. Where the server writes nothing a forger's name would"
        " stand there: compare it with a mail that you have sent to yourself"
    )


def _on_domains(known: Sequence[str], providers: Sequence[str]) -> str:
    if not known and not providers:
        return ""
    address = "; of a mail provider name the whole address, for anybody can have one there"
    return (
        "take a # away only where you know from the vendor, or from your own rules, that hooks"
        " come from there: whoever owns a domain named here can make events"
        f"{address if providers else ''}"
    )
