"""What an event is rendered as reads back as that event: any layout, any language, any noise."""

from __future__ import annotations

from collections.abc import Sequence

import layouts
import pytest
from depth import examples
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from layouts import PAGES, TEXTS, Telling, found, sealed, tellings

from mailhook.model import Event, Json

# Found as they are, not shrunk: a mail is small, and shrinking one takes minutes.
QUICK = settings(
    max_examples=examples(12),
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
FEWER = settings(QUICK, max_examples=examples(8))
LABELLED, HEADED, IN_SUBJECT = "a label", "a heading", "the subject"
NAMED_BY = st.sampled_from([LABELLED, HEADED, IN_SUBJECT])


def told(event: Event) -> tuple[str, str, str | None, dict[str, Json]]:
    return event.event_type, event.event_action, event.subject_id, dict(event.object)


def meant(one: Telling) -> tuple[str, str, str | None, dict[str, Json]]:
    return one.type, one.action, one.subject_id, dict(one.object)


def event_label(one: Telling) -> tuple[tuple[str, str], ...]:
    return (("Event", one.words), *one.pairs)


def as_text(one: Telling, layout: str, named_by: str = LABELLED) -> str:
    if named_by == LABELLED:
        return TEXTS[layout](event_label(one))
    head = f"{one.words}\n\n" if named_by == HEADED else "Hello,\n\n"
    return head + TEXTS[layout](one.pairs)


def as_page(one: Telling, layout: str, named_by: str = LABELLED) -> str:
    if named_by == LABELLED:
        return PAGES[layout](event_label(one))
    head = f"<h2>{one.words}</h2>" if named_by == HEADED else "<p>Hello,</p>"
    return head + PAGES[layout](one.pairs)


def subject(one: Telling, named_by: str) -> str:
    return one.words if named_by == IN_SUBJECT else "Truora"


def enough(one: Telling, layout: str, named_by: str) -> bool:
    """A header row of one column is a heading to anybody."""
    return not layout.endswith("header row") or named_by == LABELLED or len(one.pairs) > 1


def only(raw: bytes) -> Event:
    finding = found(raw)
    assert (len(finding.events), finding.unread) == (1, 0), finding.reason
    return finding.events[0]


@pytest.mark.parametrize("layout", TEXTS)
@given(one=tellings(), named_by=NAMED_BY)
@QUICK
def test_a_text_reads_back_as_the_event_it_was_rendered_from(
    layout: str, one: Telling, named_by: str
):
    if not enough(one, layout, named_by):
        named_by = LABELLED
    raw = sealed(as_text(one, layout, named_by), subject=subject(one, named_by))
    assert told(only(raw)) == meant(one)


@pytest.mark.parametrize("layout", PAGES)
@given(one=tellings(), named_by=NAMED_BY)
@QUICK
def test_a_page_reads_back_as_the_event_it_was_rendered_from(
    layout: str, one: Telling, named_by: str
):
    if not enough(one, layout, named_by):
        named_by = LABELLED
    raw = sealed("", as_page(one, layout, named_by), subject=subject(one, named_by))
    assert told(only(raw)) == meant(one)


@given(one=tellings(most=5))
@settings(QUICK, max_examples=examples(20))
def test_labels_and_values_on_lines_in_turn_without_any_sign_read_back(one: Telling):
    pairs = [pair for pair in event_label(one) if not layouts.WORDS.is_label(pair[1])]
    if len(pairs) < max(3, len(event_label(one))):
        return  # two of them are prose, and a value that is a label nobody could place
    text = "".join(f"{label}\n{value}\n\n" for label, value in pairs)
    page = "".join(f"<p>{label}</p><p>{value}</p>" for label, value in pairs)
    assert told(only(sealed(text))) == meant(one)
    assert told(only(sealed("", page))) == meant(one)


@pytest.mark.parametrize("encoding", layouts.ENCODINGS)
@given(one=tellings(), text=st.sampled_from(sorted(TEXTS)), page=st.sampled_from(sorted(PAGES)))
@QUICK
def test_an_alternative_of_text_and_page_is_one_event_in_any_encoding(
    encoding: str, one: Telling, text: str, page: str
):
    raw = sealed(as_text(one, text), as_page(one, page), encoding=encoding)
    assert told(only(raw)) == meant(one)


@pytest.mark.parametrize("encoding", layouts.ENCODINGS)
@given(one=tellings(), layout=st.sampled_from(sorted(PAGES)))
@FEWER
def test_a_page_beside_a_text_that_tells_nothing_reads_back_in_any_encoding(
    encoding: str, one: Telling, layout: str
):
    text = "This message needs a mail program that shows HTML.\n"
    raw = sealed(text, as_page(one, layout), encoding=encoding)
    assert told(only(raw)) == meant(one)


@given(one=tellings(), language=st.sampled_from(layouts.LANGUAGES), seconds=st.integers(0, 10**8))
@QUICK
def test_the_vendors_time_is_the_events_in_three_languages(
    one: Telling, language: str, seconds: int
):
    moment = layouts.moment(seconds)
    pairs = (
        (layouts.meta_label("event", language), one.words),
        *one.pairs,
        (layouts.meta_label("timestamp", language), moment.isoformat().replace("+00:00", "Z")),
    )
    event = only(sealed(TEXTS["colon"](pairs)))
    assert told(event) == meant(one)
    assert (event.occurred_at, event.time_source) == (moment, "vendor")


# Noise: each piece stands above or below, as a text and as a page.

QUOTED = "> Event: Check delayed\n> Check ID: CHK00000000000000000000000000000000\n"
NOISE = {
    "a greeting in English": ("Hello Ana,\n\nplease find below what happened.\n", ""),
    "a greeting in Spanish": ("Hola Ana:\n\nLe contamos lo que pasó.\n", ""),
    "a greeting in Portuguese": ("Olá Ana,\n\nveja abaixo o que aconteceu.\n", ""),
    "a stranger's greeting": ("Estimado/a cliente:\n", ""),
    "regards": ("", "Best regards,\nThe Truora team\n"),
    "saludos": ("", "Saludos cordiales,\nEl equipo de Truora\n"),
    "abraços": ("", "Atenciosamente,\nEquipe Truora\n"),
    "a signature with a telephone": ("", "-- \nAna Pérez\nTel: +57 300 123 4567\n"),
    "a signature with Phone": ("", "-- \nAna Pérez\nPhone: +57 300 123 4567\n"),
    "a signature with Teléfono": ("", "-- \nAna Pérez\nTeléfono: +57 300 123 4567\n"),
    "a signature with Telefone": ("", "-- \nAna Pérez\nTelefone: +55 11 91234 5678\n"),
    "a signature with Celular": ("", "Saludos,\n\nAna Pérez\nCelular: 300 123 4567\n"),
    "a signature with Email": ("", "-- \nAna Pérez\nEmail: ana@example.com\n"),
    "a signature with Correo": ("", "Saludos,\n\nAna Pérez\nCorreo: ana@example.com\n"),
    "a signature with an address": ("", "-- \nTruora Inc.\nAddress: Cra. 11 #93-53, Bogotá\n"),
    "a signature with Web": ("", "-- \nTruora\nWeb: https://www.truora.com/\n"),
    "a disclaimer in English": (
        "",
        (
            "This e-mail is confidential. If you are not the addressee, delete it: its use is\n"
            "forbidden. Note: no contract is created by this message.\n"
        ),
    ),
    "a disclaimer in Spanish": (
        "",
        (
            "AVISO LEGAL: este mensaje es confidencial. Si usted no es el destinatario, ha\n"
            "finalizado su derecho a leerlo; debe ser eliminado.\n"
        ),
    ),
    "a disclaimer in Portuguese": (
        "",
        (
            "AVISO: esta mensagem é confidencial. Se você não é o destinatário, ela deve ser\n"
            "excluída. Importante: não responda.\n"
        ),
    ),
    "a support line": ("", "Questions? Support: help@truora.com, Mon-Fri 9:00-17:00\n"),
    "dudas": ("", "¿Dudas? Escríbanos: soporte@truora.com\n"),
    "dúvidas": ("", "Dúvidas: acesse https://ajuda.truora.com/?id=77&type=check\n"),
    "a link to the dashboard": (
        "",
        "See the details: https://app.truora.com/checks/CHK?utm_source=mail&status=failed\n",
    ),
    "a tracking link": (
        "",
        "https://click.truora.com/ls/click?upn=u001.AbC-2BdEf&event=failed&id=12345\n",
    ),
    "unsubscribing": ("", "Unsubscribe: https://truora.com/u?x=1 | Privacy | Terms\n"),
    "copyright": ("", "© 2026 Truora Inc. All rights reserved. Date of print: today\n"),
    "a quoted reply in English": ("", f"On Mon, Aug 3, 2026 at 9:00 Ana wrote:\n{QUOTED}"),
    "a quoted reply in Spanish": ("", f"El lun, 3 ago 2026 a las 9:00, Ana escribió:\n{QUOTED}"),
    "a quoted reply in Portuguese": ("", f"Em seg., 3 de ago. de 2026, Ana escreveu:\n{QUOTED}"),
    "an Outlook quote": (
        "",
        (
            "From: Ana <ana@example.com>\nSent: Monday, 3 August 2026 09:00\nTo: Truora\n"
            "Subject: Check delayed\n\n" + QUOTED.replace("> ", "")
        ),
    ),
    "advertisement": ("", "New: TruFace is here! Learn how a validation succeeded in 3 seconds.\n"),
}
PAGE_NOISE = {
    "a preheader by display": ('<div style="display:none">Check ID: CHK9 Status: failed</div>', ""),
    "a preheader by size": (
        '<span style="font-size:0;max-height:0;overflow:hidden">Event: Check delayed</span>',
        "",
    ),
    "a preheader in white": ('<p style="color:#ffffff">Check status: Delayed</p>', ""),
    "blanks that push the preheader": ("<div>" + "&zwnj;&nbsp;&#8203;" * 60 + "</div>", ""),
    "a tracking pixel": ("", '<img src="https://t.example/o.gif?id=CHK1" width="1" height="1">'),
    "a logo": ('<img alt="Event: Check delayed" src="https://t.example/logo.png">', ""),
    "a button": ("", '<a href="https://app.truora.com/?status=failed">View the check</a>'),
    "social links": ("", '<table><tr><td><a href="#">Facebook</a></td><td>X</td></tr></table>'),
    "a footer table": (
        "",
        "<table><tr><td>© Truora</td><td>Bogotá · São Paulo · México</td></tr></table>",
    ),
    "a comment": ("<!-- Event: Check delayed --><!--[if mso]><p>Status: x</p><![endif]-->", ""),
    "a style sheet": ("<style>td{color:#333} .x{display:none}</style>", ""),
    "a hidden quote": ("", '<div class="gmail_quote">Event: Check delayed<br>ID: CHK9</div>'),
    "a block quote": ("", "<blockquote><p>Event: Check delayed</p><p>ID: CHK9</p></blockquote>"),
}
FINISHED = Telling(
    "check",
    "finished",
    "Check finished",
    (
        ("Check ID", "CHK0123456789abcdef0123456789abcdef"),
        ("Check status", "Completed"),
        ("Country", "Colombia"),
    ),
    {
        "check_id": "CHK0123456789abcdef0123456789abcdef",
        "status": "completed",
        "country": "CO",
        "country_name": "Colombia",
    },
    "CHK0123456789abcdef0123456789abcdef",
)


def noisy_text(body: str, noise: Sequence[tuple[str, str]]) -> str:
    above = "\n".join(piece for piece, _ in noise if piece)
    below = "\n".join(piece for _, piece in noise if piece)
    return "\n".join(filter(None, (above, body, below)))


def paragraphs(text: str) -> str:
    """Lines of a text as a page has them; what is quoted in a block of quotation."""
    lines = text.replace("<", "&lt;").splitlines()
    mine = "".join(f"<p>{line}</p>" for line in lines if line and line[0] != ">")
    quoted = "<br>".join(line[2:] for line in lines if line and line[0] == ">")
    return mine + (f"<blockquote>{quoted}</blockquote>" if quoted else "")


@pytest.mark.parametrize("piece", NOISE)
@pytest.mark.parametrize("layout", ["colon", "aligned columns", "Markdown table"])
def test_a_piece_of_noise_around_a_text_changes_nothing(piece: str, layout: str):
    clean = as_text(FINISHED, layout)
    noisy = noisy_text(clean, [NOISE[piece]])
    assert found(sealed(noisy)).events == found(sealed(clean)).events
    assert told(only(sealed(clean))) == meant(FINISHED)


@pytest.mark.parametrize("piece", NOISE)
@pytest.mark.parametrize("layout", ["p", "two columns"])
def test_a_piece_of_noise_around_a_page_changes_nothing(piece: str, layout: str):
    above, below = map(paragraphs, NOISE[piece])
    clean = as_page(FINISHED, layout)
    assert found(sealed("", above + clean + below)).events == found(sealed("", clean)).events


@pytest.mark.parametrize("piece", PAGE_NOISE)
@pytest.mark.parametrize("layout", ["br", "two columns", "nested tables", "header row"])
def test_what_pages_have_beside_their_words_changes_nothing(piece: str, layout: str):
    above, below = PAGE_NOISE[piece]
    clean = as_page(FINISHED, layout)
    page = f"<html><body>{above}<div>{clean}</div>{below}</body></html>"
    assert found(sealed("", page)).events == found(sealed("", clean)).events


@given(
    one=tellings(),
    layout=st.sampled_from(sorted(TEXTS)),
    pieces=st.lists(st.sampled_from(sorted(set(NOISE) - {"an Outlook quote"})), max_size=5),
)
@settings(QUICK, max_examples=examples(20))
def test_much_noise_around_any_event_changes_nothing(one: Telling, layout: str, pieces: list[str]):
    clean = as_text(one, layout)
    noisy = noisy_text(clean, sorted((NOISE[piece] for piece in pieces), key=lambda n: ">" in n[1]))
    assert found(sealed(noisy)).events == found(sealed(clean)).events


# Digests

COLUMNS = ("Event", "Check ID", "Check status", "Country", "Full name")
ACTIONS = {"created": "Not started", "delayed": "Delayed", "finished": "Completed"}
PEOPLE = ("Ana Pérez", "Muñoz, Luis", "“Los Andes” S.A.S.", "Rua 7: fundos")
ROWS = st.lists(
    st.tuples(
        st.sampled_from(sorted(ACTIONS)),
        st.text("0123456789abcdef", min_size=32, max_size=32),
        st.sampled_from(["CO", "Perú", "Brasil"]),
        st.sampled_from(PEOPLE),
    ),
    min_size=2,
    max_size=12,
    unique_by=lambda row: row[1],
)
Row = tuple[str, str, str, str]


def cells(row: Row) -> tuple[str, ...]:
    action, digits, country, person = row
    return (f"Check {action}", f"CHK{digits}", ACTIONS[action], country, person)


def summary(event: Event) -> tuple[Json, ...]:
    content = event.object
    return event.event_action, event.subject_id, event.raw_status, content.get("full_name")


def expected(row: Row) -> tuple[Json, ...]:
    action, digits, _, person = row
    return action, f"CHK{digits}", ACTIONS[action].lower().replace(" ", "_"), person


def tabbed(rows: Sequence[Sequence[str]]) -> str:
    return "".join("\t".join(row) + "\n" for row in (COLUMNS, *rows))


def barred(rows: Sequence[Sequence[str]]) -> str:
    return "".join(f"| {' | '.join(row)} |\n" for row in (COLUMNS, ["---"] * 5, *rows))


def aligned(rows: Sequence[Sequence[str]]) -> str:
    return "".join("".join(f"{cell:<40}" for cell in row) + "\n" for row in (COLUMNS, *rows))


def blocks(rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(
        "".join(f"{label}: {cell}\n" for label, cell in zip(COLUMNS, row, strict=True))
        for row in rows
    )


def headed(rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(
        f"{row[0]}\n" + "".join(f"- {a}: {b}\n" for a, b in zip(COLUMNS[1:], row[1:], strict=True))
        for row in rows
    )


def table(rows: Sequence[Sequence[str]]) -> str:
    lines = "".join(
        "<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in (COLUMNS, *rows)
    )
    return f"<table>{lines}</table>"


def tables(rows: Sequence[Sequence[str]]) -> str:
    return "".join(
        "<table>"
        + "".join(f"<tr><td>{a}</td><td>{b}</td></tr>" for a, b in zip(COLUMNS, row, strict=True))
        + "</table>"
        for row in rows
    )


def sections(rows: Sequence[Sequence[str]]) -> str:
    return "".join(
        f"<h3>{row[0]}</h3><ul>"
        + "".join(f"<li>{a}: {b}</li>" for a, b in zip(COLUMNS[1:], row[1:], strict=True))
        + "</ul>"
        for row in rows
    )


DIGEST_TEXTS = {
    "tabs": tabbed,
    "bars": barred,
    "aligned": aligned,
    "blocks": blocks,
    "headed": headed,
}
DIGEST_PAGES = {"table": table, "tables": tables, "sections": sections}


@pytest.mark.parametrize("layout", DIGEST_TEXTS)
@given(rows=ROWS)
@FEWER
def test_a_digest_as_text_is_as_many_events_each_itself(layout: str, rows: list[Row]):
    text = f"Your daily digest\n\n{DIGEST_TEXTS[layout](list(map(cells, rows)))}"
    finding = found(sealed(text))
    assert [summary(event) for event in finding.events] == list(map(expected, rows))
    assert finding.unread == 0


@pytest.mark.parametrize("layout", DIGEST_PAGES)
@given(rows=ROWS)
@FEWER
def test_a_digest_as_a_page_is_as_many_events_each_itself(layout: str, rows: list[Row]):
    page = f"<p>Your daily digest</p>{DIGEST_PAGES[layout](list(map(cells, rows)))}"
    finding = found(sealed("", page))
    assert [summary(event) for event in finding.events] == list(map(expected, rows))
    assert finding.unread == 0


@pytest.mark.parametrize("layout", [*DIGEST_TEXTS, *DIGEST_PAGES])
@pytest.mark.parametrize(
    "broken",
    ["CHK12 CHK34", "not known yet", "CHKXXXXXXXX", "{{.check.check_id}}", "VLD" + "7" * 32],
)
@given(rows=ROWS, at=st.integers(0, 11))
@settings(QUICK, max_examples=3)
def test_a_part_of_a_digest_that_is_not_understood_counts_and_stops_no_other(
    layout: str, broken: str, rows: list[Row], at: int
):
    at %= len(rows)
    laid = [list(cells(row)) for row in rows]
    laid[at][1] = broken
    if layout in DIGEST_TEXTS:
        finding = found(sealed(DIGEST_TEXTS[layout](laid)))
    else:
        finding = found(sealed("", DIGEST_PAGES[layout](laid)))
    others = [expected(row) for nth, row in enumerate(rows) if nth != at]
    assert [summary(event) for event in finding.events] == others
    assert finding.unread == 1


@given(
    told_of=st.lists(
        tellings(most=4, language="en"), min_size=2, max_size=8, unique_by=lambda t: t.subject_id
    )
)
@FEWER
def test_a_digest_of_different_events_is_each_of_them(told_of: list[Telling]):
    text = "\n".join(TEXTS["colon"](event_label(one)) for one in told_of)
    finding = found(sealed(text))
    assert list(map(told, finding.events)) == list(map(meant, told_of))
    assert finding.unread == 0
