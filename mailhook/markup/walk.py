"""A page as the lines a person sees of it. Owner of selectolax."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from mailhook.markup import hiding
from mailhook.markup.hiding import Ground
from mailhook.markup.view import Line, Link, View, visible

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

_UNSEEN = frozenset(
    "script style head template noscript title svg object select option datalist".split()
)
_BLOCKS = frozenset(
    "address article aside blockquote body center dd div dl dt fieldset figure footer form"
    " h1 h2 h3 h4 h5 h6 header hr li main nav ol p pre section table tbody thead tfoot tr td"
    " th ul".split()
)
# What parts groups of lines; paragraphs do not: editors make one of every line.
_EDGES = frozenset("h1 h2 h3 h4 h5 h6 hr table ul ol dl blockquote".split())
_CELLS = frozenset({"td", "th", "dt", "dd"})
# lexbor is quadratic in how deep elements nest and in the attributes of one, and opens each
# unclosed formatting element anew in every block: 26 kB of that cost it 23 s and 800 MB.
# A notification is far below these limits; a page above them is not looked at.
_TAGS_LIMIT = 5_000
_PARTS_LIMIT = 15_000
_PARTS = re.compile(r"[\s/\"']+")
_FORMATTING = re.compile(
    r"<(/?)(b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)(?=[\s/>])", re.IGNORECASE
)
_BLANKS = re.compile(r"\s+")
_QUOTES = re.compile(r"\b(gmail_quote|yahoo_quoted|protonmail_quote|moz-cite-prefix)\b")


def page(html: str) -> View:
    """A view of what a person sees of a page: nothing hidden, no scripts, no comments.

    It is empty for a page of more than 5,000 tags or 15,000 words and attributes.
    """
    from selectolax.lexbor import LexborHTMLParser

    if html.count("<") > _TAGS_LIMIT or _has_many_parts(html):
        return View()
    tree = LexborHTMLParser(_FORMATTING.sub(_plainly, html))
    if tree.root is None:
        return View()
    sheets = [node.text() for node in tree.css("style")] if "<style" in html.lower() else []
    walk = _Walk(hiding.styles("\n".join(sheets)))
    walk.over(tree.root)
    return View(tuple(walk.lines), tuple(walk.links))


def _has_many_parts(html: str) -> bool:
    # A part has a letter and what parts it from the next.
    return len(html) > 2 * _PARTS_LIMIT and len(_PARTS.findall(html)) > _PARTS_LIMIT


def _plainly(found: re.Match[str]) -> str:
    """An element that the parser does not open anew, which a sheet still knows by its name."""
    return f"<{found[1]}mailhook-{found[2].lower()}"


class _Open(NamedTuple):
    """An element that is being walked: where it starts, and what holds inside it.

    `start` is the number of its first line, `piece` of its first piece in that line.
    """

    tag: str
    start: int
    piece: int
    ground: Ground
    quoted: bool
    pre: bool
    link: str | None


class _Row:
    """A table's row, or a list of definitions, while its cells are read."""

    __slots__ = ("cells", "layout", "start")

    def __init__(self, start: int) -> None:
        self.start = start
        self.cells: list[str] = []
        self.layout = False


class _Walk:
    """One pass over a tree, without recursion: a mail may nest 20,000 tables."""

    def __init__(self, styles: Mapping[str, str]) -> None:
        self.lines: list[Line] = []
        self.links: list[Link] = []
        self._styles = styles
        self._buffer: list[str] = []
        self._gap = False
        self._open = [_Open("", 0, 0, Ground(), quoted=False, pre=False, link=None)]
        self._rows: list[_Row] = []

    def over(self, root: LexborNode) -> None:
        """Walk depth first; `None` on the stack closes the element opened last."""
        stack: list[LexborNode | None] = [root]
        while stack:
            node = stack.pop()
            if node is None:
                self._leave()
            elif node.tag == "-text":
                self._say(node.text_content or "")
            elif self._enter(node):
                stack.append(None)
                stack.extend(reversed(list(node.iter(include_text=True))))
        self._break()

    def _enter(self, node: LexborNode) -> bool:
        tag = (node.tag or "").removeprefix("mailhook-")
        if tag in _UNSEEN or tag.startswith("-"):
            return False
        attributes = node.attributes
        declared = hiding.declared(self._style(tag, attributes))
        if declared.hides or "hidden" in attributes:
            return False
        if tag == "details" and "open" not in attributes:
            return False
        if tag == "br" or tag in _BLOCKS:
            self._break()
        self._gap |= tag in _EDGES
        if tag in {"tr", "dl"}:
            self._rows.append(_Row(len(self.lines)))
        around = self._open[-1]
        self._open.append(
            _Open(
                tag,
                len(self.lines),
                len(self._buffer),
                around.ground.inside(declared, attributes)
                if attributes or declared.ink or declared.paper
                else around.ground,
                around.quoted or _is_quote(tag, attributes),
                around.pre or tag == "pre",
                attributes.get("href") if tag == "a" else None,
            )
        )
        return True

    def _style(self, tag: str, attributes: Mapping[str, str | None]) -> str:
        """What the sheet and the element itself declare, the latter last."""
        own = attributes.get("style") or ""
        if not self._styles:
            return own
        names = [tag, *(f".{name}".lower() for name in (attributes.get("class") or "").split())]
        names.append(f"#{attributes.get('id')}".lower())
        return ";".join([*(self._styles[name] for name in names if name in self._styles), own])

    def _leave(self) -> None:
        left = self._open[-1]
        if left.link:
            words = [self._since(left.start), *self._buffer[left.piece :]]
            self.links.append(Link(left.link, " ".join("".join(words).split()), left.start))
        if left.tag in _BLOCKS:
            self._break()
        self._open.pop()
        if left.tag in _CELLS and self._rows:
            self._cell(left)
        if left.tag in {"tr", "dl"} and self._rows:
            self._row(left)
        self._gap |= left.tag in _EDGES

    def _cell(self, cell: _Open) -> None:
        row = self._rows[-1]
        lines = self.lines[cell.start :]
        if cell.tag in {"dt", "dd"}:
            self._definition(cell, row)
            return
        row.layout |= not row.cells and len(lines) > 1
        row.cells.append(" ".join([line.text for line in lines]))

    def _definition(self, cell: _Open, row: _Row) -> None:
        """A `dd` makes a row of its own with the `dt` before it."""
        text = self._since(cell.start)
        if cell.tag == "dt":
            row.cells, row.start = [text], cell.start
        elif row.cells and text:
            self._fold(row.start, (row.cells[-1], text), quoted=cell.quoted)
            row.cells = []

    def _row(self, left: _Open) -> None:
        row = self._rows.pop()
        if left.tag == "tr" and sum(map(bool, row.cells)) > 1 and not row.layout:
            self._fold(row.start, tuple(row.cells), quoted=left.quoted)
        if left.tag == "tr" and self._rows:
            self._rows[-1].layout = True  # a cell that holds a table is layout

    def _fold(self, start: int, cells: tuple[str, ...], *, quoted: bool) -> None:
        """Make one line of those since `start`: a row of cells."""
        gap = self.lines[start].gap
        raw = "\t".join([line.raw for line in self.lines[start:]])
        text = " ".join(filter(None, cells))
        self.lines[start:] = [Line(text, raw, cells, gap, quoted)]

    def _since(self, start: int) -> str:
        return " ".join([line.text for line in self.lines[start:]])

    def _say(self, text: str) -> None:
        element = self._open[-1]
        if element.ground.hides:
            return
        text = visible(text)
        if not element.pre:
            self._buffer.append(_BLANKS.sub(" ", text))
            return
        first, *others = text.split("\n")
        self._buffer.append(first)
        for line in others:
            self._break()
            self._buffer.append(line)

    def _break(self) -> None:
        """End the line."""
        if not self._buffer:
            return
        raw = "".join(self._buffer)
        self._buffer.clear()
        if text := " ".join(raw.split()):
            self.lines.append(Line(text, raw, (), self._gap, self._open[-1].quoted))
            self._gap = False


def _is_quote(tag: str, attributes: Mapping[str, str | None]) -> bool:
    return tag == "blockquote" or bool(_QUOTES.search(attributes.get("class") or ""))
