"""What of a page a person does not see: hidden by style, by size, by colour."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

_HIDING = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|mso-hide\s*:\s*all"
    r"|font-size\s*:\s*(?:0(?![.\d]*[1-9])|1px)|font\s*:\s*(?:[a-z]+\s+)*0(?:px|pt|em)?\s*/|opacity\s*:\s*0(?![.\d]*[1-9])"
    r"|(?:max-)?(?:height|width)\s*:\s*0(?![.\d%]*[1-9])(?=[^;]*;.*overflow|.*overflow|$|;)"
    r"|transform\s*:[^;]*(?:scale\(\s*0\s*\)|translate[xy]?\(\s*-\d{3,})"
    r"|(?:left|top|right|text-indent|margin-left)\s*:\s*-\d{3,}"
    r"|(?<![-\w])color\s*:\s*transparent|clip\s*:\s*rect\(\s*0|clip-path\s*:\s*inset\(\s*(?:100|50)%",
    re.IGNORECASE,
)
_COLOR = re.compile(r"(?:^|;)\s*color\s*:\s*([^;]+)", re.IGNORECASE)
_GROUND = re.compile(r"(?:^|;)\s*background(?:-color)?\s*:\s*([^;]+)", re.IGNORECASE)
_RGB = re.compile(r"rgba?\(\s*(\d{1,3})[\s,]+(\d{1,3})[\s,]+(\d{1,3})\s*(?:[,/]\s*([\d.]+)\s*)?\)")
_HEX = re.compile(r"#(?:[0-9a-f]{3}|[0-9a-f]{6})(?![0-9a-f])")
_WORDS = {
    "white": (255, 255, 255),
    "snow": (255, 250, 250),
    "ivory": (255, 255, 240),
    "ghostwhite": (248, 248, 255),
    "whitesmoke": (245, 245, 245),
    "floralwhite": (255, 250, 240),
    "mintcream": (245, 255, 250),
    "azure": (240, 255, 255),
    "black": (0, 0, 0),
}
_HSL = re.compile(r"hsla?\(\s*[\d.]+(?:deg)?[\s,]+[\d.]+%[\s,]+(?P<light>[\d.]+)%")
_LIGHTEST = 97.0
# An ink that lets all of the paper through.
_CLEAR = re.compile(
    r"(?<![-\w])color\s*:\s*(?:transparent|#[0-9a-f]{6}00(?![0-9a-f])|#[0-9a-f]{3}0(?![0-9a-f])"
    r"|(?:rgba|hsla)\([^)]*[,/]\s*0?\.?0*\s*\))",
    re.IGNORECASE,
)
_NEAR = 24  # two colours no more than this apart in each part look like one
_RULE = re.compile(r"([^{}]{1,300})\{([^{}]{0,2000})\}")
_LAST = re.compile(r"(?:(?P<element>[a-z][\w-]*)|(?P<name>[.#][\w-]+))$", re.IGNORECASE)
# Of all that sheets declare, what may hide something.
_TELLING = re.compile(
    r"display|visibility|font|opacity|height|width|color|background|left|top|right|indent|clip"
    r"|transform|mso-hide",
    re.IGNORECASE,
)
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_SHEET_LIMIT = 100_000

Colour = tuple[int, int, int]
WHITE: Colour = (255, 255, 255)


class Declared(NamedTuple):
    """What a style says of an element: whether it hides it, and its colours as written."""

    hides: bool
    ink: str | None
    paper: str | None


class Ground(NamedTuple):
    """The colours that an element has from those around it; `None` is one we cannot tell."""

    ink: Colour | None = None
    paper: Colour | None = WHITE

    def inside(self, declared: Declared, attributes: Mapping[str, str | None]) -> Ground:
        """The colours inside an element of that style."""
        ink, paper = self
        if told := declared.ink or attributes.get("color") or attributes.get("text"):
            ink = colour(told)
        if told := declared.paper or attributes.get("bgcolor"):
            paper = colour(told)
        elif attributes.get("background"):
            paper = None
        return Ground(ink, paper)

    @property
    def hides(self) -> bool:
        """Whether text in that ink cannot be seen on that paper."""
        if self.ink is None or self.paper is None:
            return False
        return all(
            abs(one - other) <= _NEAR for one, other in zip(self.ink, self.paper, strict=True)
        )


@lru_cache(maxsize=2048)  # a mail's styles come again in it, and in the next
def declared(style: str) -> Declared:
    """What the declarations of a style say."""
    hidden = bool(_HIDING.search(style) or _CLEAR.search(style))
    return Declared(hidden, _last(_COLOR, style), _last(_GROUND, style))


@lru_cache(maxsize=512)
def colour(text: str) -> Colour | None:
    """The colour that a CSS or HTML value names; None where we cannot tell."""
    text = text.strip().lower()
    if found := _HEX.search(text):
        digits = found[0][1:]
        pairs = [one * 2 for one in digits] if len(digits) == 3 else re.findall("..", digits)  # noqa: PLR2004
        red, green, blue = (int(pair, 16) for pair in pairs)
        return red, green, blue
    if found := _RGB.search(text):
        if found[4] and float(found[4].strip(".") or 0) == 0:
            return None
        return int(found[1]), int(found[2]), int(found[3])
    if (shade := _HSL.search(text)) and float(shade["light"]) >= _LIGHTEST:
        return WHITE
    return next((value for word, value in _WORDS.items() if word in text.split()), None)


def styles(sheet: str) -> dict[str, str]:
    """What a style sheet declares on every screen, by class (`.x`), id (`#x`) and element.

    Of a selector such as `div .x` the last part counts: what may be hidden is not read.
    """
    if "{" not in sheet or len(sheet) > _SHEET_LIMIT:
        return {}
    declared: dict[str, str] = {}
    for found in _RULE.finditer(_outside_media(_COMMENT.sub("", sheet))):
        if _TELLING.search(found[2]):
            for name in found[1].split(","):
                if last := _LAST.search(name.strip()):
                    key = (last["name"] or last["element"]).lower()
                    declared[key] = f"{declared.get(key, '')};{found[2]}"
    return declared


def _outside_media(sheet: str) -> str:
    """The sheet without what stands in `@media {…}`: that holds on some screens only."""
    kept, depth, start = [], 0, 0
    for mark in re.finditer(r"@(?:media|supports)[^{}]*\{|[{}]", sheet):
        if depth == 0 and mark[0][0] == "@":
            kept.append(sheet[start : mark.start()])
            depth = 1
        elif depth and mark[0][-1] == "{":
            depth += 1
        elif depth:
            depth -= 1
            start = mark.end()
    return "".join(kept) + (sheet[start:] if depth == 0 else "")


def _last(pattern: re.Pattern[str], style: str) -> str | None:
    found = pattern.findall(style) if style else []
    return found[-1] if found else None
