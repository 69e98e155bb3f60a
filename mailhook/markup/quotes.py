"""What the mail itself says, and what it quotes or passes on.

Mail programs set quotes apart in few ways: `>` before each line, a line such as
"On … wrote:" or "-----Original Message-----", or the other mail's own headers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from mailhook.markup.view import Line, Link, View, plain

_ANSWERED = re.compile(
    r"^(On .{4,200} wrote:|El .{4,200} escribió:|Em .{4,200} escreveu:"
    r"|-{2,} ?(Original Message|Mensaje original|Mensagem original) ?-{2,})\s*$",
    re.IGNORECASE,
)
_PASSED_ON = re.compile(
    r"^(-{2,} ?(Forwarded message|Forwarded by .{1,200}|Mensaje reenviado"
    r"|Mensagem encaminhada) ?-{2,}"
    r"|Begin forwarded message:|Inicio del mensaje reenviado:"
    r"|Início da mensagem encaminhada:|Início da mensagem reencaminhada:)\s*$",
    re.IGNORECASE,
)
# Outlook sets the quoted mail's own headers before it, and nothing else.
_FROM = re.compile(r"[*_]{0,2}(From|De|Da)[*_]{0,2}\s*:", re.IGNORECASE)
_SENT = re.compile(
    r"[*_]{0,2}(Sent|Date|Enviado( el| em)?|Enviada( em)?|Fecha|Data)[*_]{0,2}\s*:", re.IGNORECASE
)
_TO = re.compile(r"[*_]{0,2}(To|Para|Cc|Subject|Asunto|Assunto)[*_]{0,2}\s*:", re.IGNORECASE)
_HEADER = re.compile(
    r"[*_]{0,2}(From|De|Da|Sent|Date|Enviad[oa]( el| em)?|Fecha|Data|To|Para|Cc|Reply-To"
    r"|Responder a|Responder para|(?P<subject>Subject|Asunto|Assunto))[*_]{0,2}\s*:"
    r"[*_]{0,2}\s*(?P<value>.*)",
    re.IGNORECASE,
)
_HEADERS = 12
# So long a quote is no notice that somebody passes on.
_OTHERS_LIMIT = 20_000
# What the lines begin with that start a quote, or end the headers that do.
_INITIALS = frozenset("-OEBITPCSA*_oebitpcsa")
_MARK = re.compile(r"^\s*(?:[>|] ?)+")


@dataclass(frozen=True, slots=True)
class Parts:
    """A view in two: the mail's own words, and the other mail's that it holds.

    `subject` is the other mail's where the quote says it. `passed_on` is true
    where the mail program says that it forwards, not that it answers.
    """

    own: View
    other: View
    subject: str = ""
    passed_on: bool = False


def split(view: View) -> Parts:
    """The mail's own words, and what follows or is marked as the start of a quote."""
    start = _start(view.lines)
    own = [line for line in view.lines[:start] if not _is_quoted(line)]
    if len(own) == len(view.lines):
        return Parts(view, View())
    mine = replace(view, lines=tuple(own), links=_own_links(view, start))
    others = view.lines[start:] or [line for line in view.lines if _is_quoted(line)]
    if len(others) > _OTHERS_LIMIT:
        return Parts(mine, View())
    return _told_by_another(mine, _unquoted(others, view))


def _own_links(view: View, start: int) -> tuple[Link, ...]:
    lines = view.lines
    return tuple(link for link in view.links if link.at < start and not _is_quoted(lines[link.at]))


def _start(lines: Sequence[Line]) -> int:
    """Where the first line of a quote stands; behind the last where there is none."""
    second = first = -1
    for nth, line in enumerate(lines):
        text = line.text
        if text[0] in _INITIALS or text[-1] == ":":
            above = [lines[at].text if at >= 0 else "" for at in (second, first)]
            if length := _length(text, *above):
                return (second, first, nth)[-length]
        if text[0] not in ">|" and not line.quoted:
            second, first = first, nth
    return len(lines)


def _length(text: str, second: str = "", first: str = "") -> int:
    """How many lines start a quote, this one their last; `first` above it, `second` above that."""
    if _ANSWERED.match(text) or _PASSED_ON.match(text):
        return 1
    if first and text[-1] == ":" and _ANSWERED.match(f"{first} {text}"):
        return 2  # a mail program has wrapped "On … wrote:"
    return 3 * bool(second and _TO.match(text) and _SENT.match(first) and _FROM.match(second))


def _is_quoted(line: Line) -> bool:
    mark = line.text[0]
    return line.quoted or mark == ">" or (mark == "|" and line.text.count("|") == 1)


def _unquoted(lines: Sequence[Line], view: View) -> View:
    """The lines without the marks before them, where a mail program has set such."""
    if not any(line.text[0] in ">|" for line in lines):
        return View(tuple(line._replace(quoted=False) for line in lines), view.links, view.wrapped)
    bare = plain("\n".join(_MARK.sub("", line.raw) for line in lines))
    return replace(bare, links=view.links)


def _told_by_another(own: View, other: View) -> Parts:
    """The other mail without its headers: `Date:` there is not an event's."""
    lines = list(other.lines)
    passed_on, subject = False, ""
    while lines and _length(lines[0].text):
        passed_on |= bool(_PASSED_ON.match(lines.pop(0).text))
    for _ in range(_HEADERS):
        header = _HEADER.match(lines[0].text) if lines else None
        if header is None:
            break
        subject = header["value"] if header["subject"] else subject
        lines.pop(0)
    return Parts(own, replace(other, lines=tuple(lines)), subject.strip(), passed_on)
