"""The lines of `trust` that would have what is genuine believed, as far as the mails show."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from mailhook.config import TrustSettings
from mailhook.doctor import servers
from mailhook.doctor.model import Proposal
from mailhook.doctor.sights import Sight, Stamp, Verdict, is_named
from mailhook.health.senders import is_listed

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


def propose(sights: Sequence[Sight], trust: TrustSettings) -> Proposal | None:
    """What to set; None where the settings are right, or no mail shows how they should be."""
    hooks = [sight for sight in sights if sight.is_hook and not sight.is_forwarded]
    if trust.require == "none" or not hooks or all(sight.is_proven for sight in hooks):
        return None
    found = servers.topmost(sights)
    is_known = bool(found) and all(is_named(name, trust.authserv_id) for name in found)
    names = list(trust.authserv_id) if is_known else _together(found)
    unlisted = [domain for domain in _passing(hooks, found) if not is_listed(domain, trust.senders)]
    providers = [domain for domain in unlisted if domain in _PROVIDERS]
    known = [domain for domain in unlisted if domain not in _PROVIDERS]
    require = _require(hooks, found, trust)
    if not names or (is_known and not unlisted and require == trust.require):
        return None
    lines = [
        "trust:",
        *_listed("authserv_id", names),
        *_senders(trust, known, providers),
        f"  require: {require}",
    ]
    return Proposal(tuple(lines), _caution(known, providers))


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
    parents = {servers.parent(name) for name in names}
    if len(names) > _LISTED and len(parents) == 1:
        return [f"*.{parents.pop()}"]
    return list(names)


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


def _caution(known: Sequence[str], providers: Sequence[str]) -> str:
    if not known and not providers:
        return ""
    return (
        "take the # away only where you know from the vendor, or from your own rules, that hooks"
        " come from there: whoever owns a domain named here can make events"
        + (
            "; of a mail provider name the whole address, for anybody can have one there"
            if providers
            else ""
        )
    )
