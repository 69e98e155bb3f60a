"""Mails that tell of events, set in every way that people and programs set labels and values."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from functools import cache
from html import escape

import mails
from hypothesis import strategies as st

from mailhook import catalog
from mailhook.catalog import EventInfo, source
from mailhook.catalog.text import columns, squeeze
from mailhook.config import TrustSettings
from mailhook.model import Finding, Json
from mailhook.pipeline import examine
from mailhook.trust import Trust

Pairs = Sequence[tuple[str, str]]

WORDS = catalog.load()
SOURCE = source.read(source.PATH.read_bytes())
HOOKS = tuple(event for event in WORDS.events if event.type != "webhook")
TRUST = Trust(TrustSettings(authserv_id=(mails.SERVER,)))
LANGUAGES = ("en", "es", "pt")
ENCODINGS = ("8bit", "quoted-printable", "base64")


# Mails


def sealed(
    text: str = "",
    html: str | None = None,
    *,
    subject: str = "Truora",
    encoding: str = "8bit",
    headers: tuple[tuple[str, str], ...] = (),
) -> bytes:
    """A proven mail of a text, a page or both, always by the same Message-ID."""
    mail = EmailMessage(policy=SMTP.clone(max_line_length=998))
    mail["Authentication-Results"] = mails.PROOF
    mail["From"] = mails.SENDER
    mail["To"] = "hooks@example.com"
    mail["Subject"] = subject
    mail["Date"] = "Mon, 03 Aug 2026 12:00:00 +0000"
    mail["Message-ID"] = "<the-same@truora.com>"
    for name, value in headers:
        mail[name] = value
    if html is None:
        mail.set_content(text, cte=encoding)
    elif text:
        mail.set_content(text, cte=encoding)
        mail.add_alternative(html, subtype="html", cte=encoding)
    else:
        mail.set_content(html, subtype="html", cte=encoding)
    return mail.as_bytes()


def found(raw: bytes) -> Finding:
    """What comes of the mail."""
    return examine(mails.delivered(raw), TRUST)


# Layouts of a text


def _lines(start: str, end: str) -> Callable[[Pairs], str]:
    return lambda pairs: "".join(f"{start}{label}{end}{value}\n" for label, value in pairs)


def _numbered(pairs: Pairs) -> str:
    return "".join(f"{nth}. {label}: {value}\n" for nth, (label, value) in enumerate(pairs, 1))


def _aligned(pairs: Pairs) -> str:
    width = max(len(label) for label, _ in pairs) + 3
    return "".join(f"{label:<{width}}{value}\n" for label, value in pairs)


def _bars(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |\n"


def _markdown_table(pairs: Pairs) -> str:
    return "| Field | Value |\n|---|---|\n" + "".join(map(_bars, pairs))


def _markdown_row(pairs: Pairs) -> str:
    labels, values = zip(*pairs, strict=True)
    return _bars(labels) + _bars(["---"] * len(labels)) + _bars(values)


def _tabbed_row(pairs: Pairs) -> str:
    return "".join("\t".join(cells) + "\n" for cells in zip(*pairs, strict=True))


TEXTS: Mapping[str, Callable[[Pairs], str]] = {
    "colon": _lines("", ": "),
    "colon without blank": _lines("", ":"),
    "equals": _lines("", " = "),
    "dash": _lines("", " - "),
    "long dash": _lines("", " — "),
    "tab": _lines("", "\t"),
    "aligned columns": _aligned,
    "aligned columns with colons": lambda pairs: _aligned([(f"{a}:", b) for a, b in pairs]),
    "bullets": _lines("• ", ": "),
    "hyphens": _lines("- ", ": "),
    "numbers": _numbered,
    "bold": lambda pairs: "".join(f"**{label}:** {value}\n" for label, value in pairs),
    "bold, colon outside": lambda pairs: "".join(f"**{a}**: {b}\n" for a, b in pairs),
    "bold in a list": lambda pairs: "".join(f"* *{a}:* {b}\n" for a, b in pairs),
    "Markdown table": _markdown_table,
    "Markdown header row": _markdown_row,
    "tabbed header row": _tabbed_row,
    "two lines with colon": lambda pairs: "\n".join(f"{a}:\n{b}\n" for a, b in pairs),
    "blank lines between": lambda pairs: "\n".join(f"{a}: {b}\n" for a, b in pairs),
}


# Layouts of a page


def _each(template: str, around: str = "{}") -> Callable[[Pairs], str]:
    def laid_out(pairs: Pairs) -> str:
        rows = (template.format(escape(label), escape(value)) for label, value in pairs)
        return around.format("\n".join(rows))

    return laid_out


def _header_row(pairs: Pairs) -> str:
    labels, values = zip(*pairs, strict=True)
    head = "".join(f"<th>{escape(label)}</th>" for label in labels)
    row = "".join(f"<td>{escape(value)}</td>" for value in values)
    return f"<table><thead><tr>{head}</tr></thead><tbody><tr>{row}</tr></tbody></table>"


_TABLE = "<table>{}</table>"
_NESTED = (
    "<table width='100%'><tr><td align='center'><table width='600'><tr><td>"
    "<table>{}</table></td></tr></table></td></tr></table>"
)

PAGES: Mapping[str, Callable[[Pairs], str]] = {
    "p": _each("<p>{}: {}</p>"),
    "p, bold": _each("<p><strong>{}:</strong> {}</p>"),
    "br": _each("{}: {}<br>", "<p>{}</p>"),
    "br, bold, colon outside": _each("<b>{}</b>: {}<br/>", "<div>{}</div>"),
    "div": _each("<div><span>{}:</span> <span>{}</span></div>"),
    "dl": _each("<dt>{}</dt><dd>{}</dd>", "<dl>{}</dl>"),
    "ul": _each("<li>{}: {}</li>", "<ul>{}</ul>"),
    "ol": _each("<li><em>{}</em>: {}</li>", "<ol>{}</ol>"),
    "two columns": _each("<tr><td>{}</td><td>{}</td></tr>", _TABLE),
    "two columns, th": _each("<tr><th>{}:</th><td><b>{}</b></td></tr>", _TABLE),
    "nested tables": _each("<tr><td>{}</td><td>{}</td></tr>", _NESTED),
    "a table for each": _each(
        "<tr><td><table><tr><td><p>{}</p></td><td><p>{}</p></td></tr></table></td></tr>", _NESTED
    ),
    "lines in a cell": _each("<p>{}: {}</p>", "<table><tr><td>{}</td></tr></table>"),
    "two lines with colon": _each("<p><b>{}:</b></p><p>{}</p>"),
    "header row": _header_row,
}


# Events


@dataclass(frozen=True)
class Telling:
    """An event as a mail tells of it: words that name it, labels with values, what they mean."""

    type: str
    action: str
    words: str
    pairs: tuple[tuple[str, str], ...]
    object: Mapping[str, Json] = field(hash=False)
    subject_id: str = ""


@cache
def labels(type_name: str, name: str, language: str) -> tuple[str, ...]:
    """What a field of the type is called, without what is another field's first."""
    own = SOURCE["types"][type_name].get("fields", {})
    claimed: dict[str, str] = {}
    for lines, first in ((SOURCE["meta"], 0), (own, 1), (SOURCE["fields"], 1)):
        for other, line in lines.items():
            for column in columns(line)[first:]:
                for label in column:
                    claimed.setdefault(squeeze(label), other)
    _, *by_language = columns(own.get(name) or SOURCE["fields"][name])
    wanted = by_language[min(LANGUAGES.index(language), len(by_language) - 1)] or by_language[0]
    return tuple(label for label in wanted if claimed[squeeze(label)] == name)


def meta_label(name: str, language: str) -> str:
    """What a part of the notice itself is called."""
    return columns(SOURCE["meta"][name])[LANGUAGES.index(language)][0]


def unaccented(text: str) -> str:
    """The text as a program of 1970 would print it."""
    spread = unicodedata.normalize("NFKD", text)
    return "".join(char for char in spread if not unicodedata.combining(char))


_CASES: tuple[Callable[[str], str], ...] = (
    str,
    str.upper,
    str.lower,
    str.capitalize,
    unaccented,
    lambda text: unaccented(text).upper(),
)
_TOKENS = st.sampled_from(
    "Ana María O’Neill Pérez Ñáñez Calle 26 N.º 4-21 Tres S.A.S. juicio laboral Muñoz 2ª São"
    " «Aurora» “Los Andes” ‘El Roble’ (antes) 12,5 7:30".split(" ")
)
_JOINTS = st.sampled_from([" ", " ", ", ", ": ", "; ", " – ", " / ", " y "])
_EDGES = st.sampled_from("Ana Pérez Muñoz Aurora 26 laboral".split())
_HEX = st.text("0123456789abcdef", min_size=32, max_size=32)
_PREFIXES = {name: letters for letters, name in SOURCE["ids"].items()} | {"process_id": "IDP"}


@st.composite
def _texts(draw: st.DrawFn) -> str:
    """Words with what stands between words: colons, commas, quotation marks, dashes."""
    said = draw(_EDGES)
    for _ in range(draw(st.integers(0, 3))):
        said += draw(_JOINTS) + draw(_TOKENS)
    return said + " " + draw(_EDGES)


_DECIMALS = st.integers(0, 100).map(lambda number: f"{number / 100:.2f}")
_NUMBERS = (
    st.integers(0, 1000).map(str) | _DECIMALS | _DECIMALS.map(lambda text: text.replace(".", ","))
)
_TIMES = st.datetimes(datetime(2020, 1, 1), datetime(2029, 12, 31)).map(  # noqa: DTZ001 - as Z
    lambda moment: moment.replace(microsecond=0)
)
_WRITTEN = _TIMES.map(lambda moment: f"{moment.isoformat()}Z") | _TIMES.map(
    lambda moment: moment.date().isoformat()
)


@cache
def _listed(kind: str) -> tuple[str, ...]:
    lists = {"status": SOURCE["statuses"], "country": SOURCE["countries"]}
    lines = lists.get(kind) or SOURCE["kinds"][kind]
    return tuple(word for line in lines.values() for column in columns(line) for word in column)


def _ids(name: str) -> st.SearchStrategy[str]:
    return _HEX.map(lambda digits: f"{_PREFIXES.get(name, 'EXT')}{digits}")


def _values(name: str, kind: str) -> st.SearchStrategy[str]:
    if kind == "number":
        return _NUMBERS
    if kind == "time":
        return _WRITTEN
    if kind != "text":
        return st.sampled_from(_listed(kind))
    if name.endswith("_id") and name != "national_id":
        return _ids(name)
    if name in {"national_id", "document_number"} or "phone_number" in name:
        return st.integers(10**6, 10**11).map(str)
    return _texts()


@cache
def _names(event: EventInfo) -> tuple[str, ...]:
    """The names that mean this event and no other."""
    named = ((name, WORDS.find_event(name)) for name in WORDS.spellings(event))
    wanted = (event.type, event.action.name)
    return tuple(
        name for name, one in named if one and one.exact and (one.type, one.action) == wanted
    )


@st.composite
def tellings(
    draw: st.DrawFn, events: Sequence[EventInfo] = HOOKS, *, most: int = 6, language: str = ""
) -> Telling:
    """Any event, by any of its names, with some of its fields by any of their labels."""
    event = draw(st.sampled_from(events))
    spoken = language or draw(st.sampled_from(LANGUAGES))
    case = draw(st.sampled_from(_CASES))
    kinds = {one.field: one.kind for one in event.variables}
    own = next((name for name in event.id_fields if name in kinds), event.id_fields[0])
    others = [name for name in kinds if name not in event.id_fields]
    chosen = draw(st.lists(st.sampled_from(others), unique=True, max_size=most)) if others else []
    pairs: list[tuple[str, str]] = []
    content: dict[str, Json] = {}
    subject_id = ""
    for name in (own, *chosen):
        kind = kinds.get(name, "text")
        value = draw(_ids(own)) if name == own else draw(_values(name, kind))
        known = labels(event.type, name, spoken) or labels(event.type, name, "en")
        pairs.append((case(draw(st.sampled_from(known))), value))
        content |= WORDS.members(name, value)
        subject_id = subject_id or value
    words = draw(st.sampled_from(_names(event)))
    return Telling(event.type, event.action.name, words, tuple(pairs), content, subject_id)


def moment(seconds: int) -> datetime:
    """A time of this decade, so many seconds after its start."""
    return datetime(2020, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
