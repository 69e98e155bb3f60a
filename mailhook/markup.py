"""Text and HTML as a person sees them: lines, and the rows of tables. Owner of selectolax."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

Rows = tuple[tuple[str, ...], ...]

# A blockquote is what somebody else has said: no word of this mail.
_UNSEEN = frozenset(
    "script style head template noscript title svg object blockquote".split(),
)
_BLOCKS = frozenset(
    "address article aside body center dd div dl dt fieldset figure footer form"
    " h1 h2 h3 h4 h5 h6 header hr li main nav ol p section table tbody thead tfoot tr td"
    " th ul".split()
)
_CELLS = frozenset({"td", "th", "dt", "dd"})
_HIDING = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?![.\d]*[1-9])|mso-hide\s*:\s*all",
    re.IGNORECASE,
)
# Zero-width and direction marks: invisible to a person, another word to a program.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]"
)
# lexbor is quadratic in how deep elements nest and in the attributes of one, and opens each
# unclosed formatting element anew in every block: 26 kB of that cost it 23 s and 800 MB.
# A notification is far below these limits; a page above them is not looked at.
_TAGS_LIMIT = 5_000
_PARTS_LIMIT = 15_000
_PARTS = re.compile(r"[\s/\"']+")
_FORMATTING = re.compile(
    r"<(/?)(?:b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)(?=[\s/>])", re.IGNORECASE
)
_BLANKS = re.compile(r"[^\S\n]+")
_QUOTE_STARTS = re.compile(
    r"^(On .{4,200} wrote:|El .{4,200} escribió:|Em .{4,200} escreveu:"
    r"|-{2,} ?(Original Message|Mensaje original|Mensagem original|Forwarded message"
    r"|Mensaje reenviado|Mensagem encaminhada) ?-{2,}"
    r"|Begin forwarded message:|Inicio del mensaje reenviado:|Início da mensagem encaminhada:)\s*$",
    re.IGNORECASE,
)
# Outlook sets the quoted mail's own headers before it, and nothing else.
_FROM = re.compile(r"[*_]{0,2}(From|De|Da)[*_]{0,2}\s*:", re.IGNORECASE)
_SENT = re.compile(
    r"[*_]{0,2}(Sent|Date|Enviado( el| em)?|Enviada( em)?|Fecha|Data)[*_]{0,2}\s*:", re.IGNORECASE
)
_TO = re.compile(r"[*_]{0,2}(To|Para|Cc|Subject|Asunto|Assunto)[*_]{0,2}\s*:", re.IGNORECASE)
_QUOTES = re.compile(r"\b(gmail_quote|yahoo_quoted|protonmail_quote|moz-cite-prefix)\b")


@dataclass(frozen=True, slots=True)
class View:
    """What stands in a text: its lines, its table rows of two and more cells, its links.

    A row's cells are not repeated as lines where the row came from a table.
    """

    lines: tuple[str, ...]
    rows: Rows = ()
    links: tuple[str, ...] = ()
    text: str = ""


def plain(text: str) -> View:
    """A view of plain text; cells are parted by tabs or upright bars."""
    text = _INVISIBLE.sub("", text)
    lines = list(filter(str.strip, text.split("\n")))
    parted = (line for line in lines if "|" in line or "\t" in line)
    rows = (cells for line in parted if len(cells := _cells(line)) > 1)
    return View(tuple(" ".join(line.split()) for line in lines), tuple(rows), text=text)


def page(html: str) -> View:
    """A view of what a person sees of a page as the mail's own words.

    Nothing hidden, no scripts, no comments, no quotes and what follows their start.

    It is empty for a page of more than 5,000 tags or 15,000 words and attributes.
    """
    from selectolax.lexbor import LexborHTMLParser

    if html.count("<") > _TAGS_LIMIT or len(_PARTS.findall(html)) > _PARTS_LIMIT:
        return View(())
    root = LexborHTMLParser(_FORMATTING.sub(r"<\1span", html)).root
    if root is None:
        return View(())
    walk = _Walk()
    walk.over(root)
    text = unquoted("".join(walk.pieces))
    lines = (_BLANKS.sub(" ", line).strip() for line in text.split("\n"))
    return View(tuple(filter(None, lines)), tuple(walk.rows), tuple(walk.links), text)


def unquoted(text: str) -> str:
    """The mail's own words: without `>` lines and what follows "On … wrote:" and its like."""
    own: list[str] = []
    before: list[str] = []
    for line in _INVISIBLE.sub("", text).split("\n"):
        bare = line.strip()
        if start := _quote_start(bare, before):
            break
        if not _is_quoted(bare):
            own.append(line)
            before = [*before[-1:], bare] if bare else before
    else:
        return "\n".join(own)
    # The lines above that belong to the start of the quote, and blank ones between, go with it.
    while start > 1 and own:
        start -= bool(own.pop().strip())
    return "\n".join(own)


def _is_quoted(bare: str) -> bool:
    return bare.startswith(">") or (bare.startswith("|") and bare.count("|") == 1)


def _quote_start(bare: str, before: list[str]) -> int:
    """How many lines that are not blank, this one the last of them, start a quote; 0 if none do."""
    if not bare:
        return 0
    if _QUOTE_STARTS.match(bare):
        return 1
    if before and bare.endswith(":") and _QUOTE_STARTS.match(f"{before[-1]} {bare}"):
        return 2  # a mail program has wrapped "On … wrote:"
    lines = [*before[-2:], bare]
    headers = zip((_FROM, _SENT, _TO), lines, strict=False)
    return 3 * (len(lines) == 3 and all(name.match(line) for name, line in headers))  # noqa: PLR2004


def _cells(line: str) -> tuple[str, ...]:
    parts = line.strip().strip("|").split("|") if "|" in line else line.strip().split("\t")
    return tuple(" ".join(part.split()) for part in parts)


class _Walk:
    """One pass over a tree, without recursion: a mail may nest 20,000 tables."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.rows: list[tuple[str, ...]] = []
        self.links: list[str] = []
        self._open: list[tuple[str, int]] = []
        self._row: list[str] = []
        self._row_start = 0
        self._before: list[str] = []
        self._line_start = 0
        self._quoting = False

    def over(self, root: LexborNode) -> None:
        """Walk depth first; `None` on the stack closes the element opened last."""
        stack: list[LexborNode | None] = [root]
        while stack:
            node = stack.pop()
            if node is None:
                self._leave()
            elif self._quoting:
                continue
            elif node.tag == "-text":
                self._say(node)
            elif self._enter(node):
                stack.append(None)
                stack.extend(reversed(list(node.iter(include_text=True))))

    def _enter(self, node: LexborNode) -> bool:
        tag = node.tag or ""
        if tag in _UNSEEN or tag.startswith("-") or _hidden(node):
            return False
        if tag == "a" and (href := node.attributes.get("href")):
            self.links.append(href)
        if tag == "br" or tag in _BLOCKS:
            self._break()
        if tag in {"tr", "dl"}:
            self._row, self._row_start = [], len(self.pieces)
        self._open.append((tag, len(self.pieces)))
        return True

    def _leave(self) -> None:
        tag, start = self._open.pop()
        if tag in _CELLS and start >= self._row_start:
            self._cell(tag, start)
        if tag == "tr" and sum(map(bool, self._row)) > 1:
            self.rows.append(tuple(self._row))
        if tag == "tr":
            self._row = []
        if tag in _BLOCKS:
            self._break()

    def _break(self) -> None:
        """End the line; once one starts a quote, nothing of what follows is the mail's own."""
        for line in "".join(self.pieces[self._line_start :]).split("\n"):  # in a <pre> several
            bare = line.strip()
            self._quoting = self._quoting or bool(_quote_start(bare, self._before))
            self._before = [*self._before[-1:], bare] if bare else self._before
        self.pieces.append("\n")
        self._line_start = len(self.pieces)

    def _cell(self, tag: str, start: int) -> None:
        """Take the text of a cell; one that holds a table is layout and never comes here."""
        text = " ".join("".join(self.pieces[start:]).split())
        self._row_start = len(self.pieces)
        if tag == "dt":
            self._row = [text]
        elif tag == "dd" and self._row:
            self.rows.append((self._row[-1], text))
        elif tag != "dd":
            self._row.append(text)

    def _say(self, node: LexborNode) -> None:
        text = _INVISIBLE.sub("", node.text_content or "")
        inside_pre = any(tag == "pre" for tag, _ in self._open[-3:])
        self.pieces.append(text if inside_pre else re.sub(r"\s+", " ", text))


def _hidden(node: LexborNode) -> bool:
    attributes = node.attributes
    if not attributes:
        return False
    return (
        "hidden" in attributes
        or bool(_HIDING.search(attributes.get("style") or ""))
        or bool(_QUOTES.search(attributes.get("class") or ""))
    )
