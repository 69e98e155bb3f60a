"""Text and pages as a person sees them: lines, rows, links, nothing hidden."""

from __future__ import annotations

import time

import pytest
from depth import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from mailhook import markup
from mailhook.markup import View


def texts(view: View) -> tuple[str, ...]:
    return tuple(line.text for line in view.lines)


def rows_of(view: View) -> tuple[tuple[str, ...], ...]:
    return tuple(line.cells for line in view.lines if line.cells)


@pytest.mark.parametrize(
    ("html", "lines"),
    [
        ("", ()),
        ("words", ("words",)),
        ("<p>one</p><p>two</p>", ("one", "two")),
        ("one<br>two<br/>three", ("one", "two", "three")),
        ("one\n  two\tthree", ("one two three",)),
        ("<pre>one\ntwo</pre>", ("one", "two")),
        ("<b>Check</b> <i>ID</i>: x", ("Check ID: x",)),
        ("a&amp;b &lt;c&gt; &#211; &nbsp; d", ("a&b <c> Ó d",)),
        ("<ul><li>one<li>two</ul>", ("one", "two")),
        ("<p>one<script>two</script><style>p{}</style></p>", ("one",)),
        ("<head><title>no</title></head><body>yes", ("yes",)),
        ("yes<!-- no --><template>no</template><noscript>no</noscript>", ("yes",)),
        ("yes<svg><text>no</text></svg><object>no</object>", ("yes",)),
        ("yes<p hidden>no</p>", ("yes",)),
        ("yes<p style='display : none'>no<b>no</b></p>", ("yes",)),
        ("yes<p style='VISIBILITY:HIDDEN'>no</p>", ("yes",)),
        ("yes<p style='font-size:0px'>no</p>", ("yes",)),
        ("yes<p style='font-size:0.8em'>yes</p>", ("yes", "yes")),
        ("yes<p style='mso-hide:all'>no</p>", ("yes",)),
        ("yes<p style='opacity:0'>no</p>", ("yes",)),
        ("yes<p style='opacity:0.9'>yes</p>", ("yes", "yes")),
        ("yes<p style='max-height:0;overflow:hidden'>no</p>", ("yes",)),
        ("yes<p style='position:absolute;left:-9999px'>no</p>", ("yes",)),
        ("yes<p style='color:transparent'>no</p>", ("yes",)),
        ("yes<p style='color:#fff'>no</p>", ("yes",)),
        ("yes<p style='color:#fefefe'>no <b style='color:#000'>yes</b></p>", ("yes", "yes")),
        ("yes<p style='color: white; background:#003366'>yes</p>", ("yes", "yes")),
        ("<table><tr><td bgcolor='#036'><font color=white>yes</font></table>", ("yes",)),
        ("<div style='background:#222'><p style='color:#222'>no</p>yes</div>", ("yes",)),
        ("<div style='background:url(x.png)'><p style='color:#fff'>yes</p></div>", ("yes",)),
        ("yes<p style='color:rgb(255, 255, 255)'>no</p>", ("yes",)),
        ("<style>.x, #y {display:none}</style>yes<p class='x z'>no</p><p id=y>no</p>", ("yes",)),
        ("<style>@media print {.x {display:none}}</style><p class=x>yes</p>", ("yes",)),
        ("<style>/* .x {display:none} */</style><p class=x>yes</p>", ("yes",)),
        ("Ch\u200beck\u202e ID", ("Check ID",)),
        ("<p>one<p>two", ("one", "two")),
        ("</p></div>one", ("one",)),
        ("<p>one<unknown>two</unknown></p>", ("onetwo",)),
        ("<p><b>one<i> two</b> three</i>", ("one two three",)),
        ("yes<B STYLE='display:none'>no</B>yes", ("yesyes",)),
    ],
)
def test_a_page_is_the_lines_a_person_sees(html: str, lines: tuple[str, ...]):
    assert texts(markup.page(html)) == lines


@pytest.mark.parametrize(
    ("html", "rows"),
    [
        ("<table><tr><td>a</td><td>b</td></tr></table>", (("a", "b"),)),
        ("<table><tr><th>a<td> b <b>c</b> </table>", (("a", "b c"),)),
        ("<table><tr><td>a</td></tr></table>", ()),
        ("<table><tr><td>a</td><td></td></tr></table>", ()),
        ("<table><tr><td>a<td>b<tr><td>c<td>d</table>", (("a", "b"), ("c", "d"))),
        ("<table><tr><td><table><tr><td>a<td>b</table></table>", (("a", "b"),)),
        ("<table><tr><td>x<td><table><tr><td>a<td>b</table></table>", (("a", "b"),)),
        ("<dl><dd>a</dl>", ()),
        ("<dl><dt>a<dd>b<dt>c<dd>d</dl>", (("a", "b"), ("c", "d"))),
        ("<table><tr><td>a<td style='display:none'>x<td>b</table>", (("a", "b"),)),
    ],
)
def test_the_rows_of_a_table_are_its_cells_and_a_layout_table_is_none(
    html: str, rows: tuple[tuple[str, ...], ...]
):
    assert rows_of(markup.page(html)) == rows


def test_links_are_told_where_a_person_can_follow_them():
    html = "<a href='https://example.com/?t=1'>x</a><a>y</a><a href='no' hidden>z</a>"
    (link,) = markup.page(f"<p>one</p>{html}").links
    assert (link.href, link.words, link.at) == ("https://example.com/?t=1", "x", 1)


def test_plain_text_is_its_lines_and_what_tabs_and_bars_part():
    view = markup.plain("one\n\n  two  three \na\tb\n| c | d |\n\u200be\u202e\n")
    assert texts(view) == ("one", "two three", "a b", "| c | d |", "e")
    assert rows_of(view) == (("two", "three"), ("a", "b"), ("c", "d"))
    assert [line.gap for line in view.lines] == [False, True, False, False, False]


@pytest.mark.parametrize(
    ("text", "own"),
    [
        ("mine", "mine"),
        ("mine\n> theirs\nmine", "mine\nmine"),
        ("mine\nOn Mon, 3 Aug 2026, Truora wrote:\ntheirs", "mine"),
        ("mine\nEl lun, 3 ago 2026, Truora escribió:\ntheirs", "mine"),
        ("mine\nEm seg., 3 de ago. de 2026, Truora escreveu:\ntheirs", "mine"),
        ("mine\n-----Original Message-----\ntheirs", "mine"),
        ("mine\n---------- Forwarded message ---------\ntheirs", "mine"),
        ("mine\n--- Mensaje original ---\ntheirs", "mine"),
        ("mine\n  Begin forwarded message:\ntheirs", "mine"),
        ("mine\n > theirs\nmine", "mine\nmine"),
        ("mine\n\u200b> theirs\nmine", "mine\nmine"),
        ("mine\n| theirs\nmine", "mine\nmine"),
        ("| mine | mine |", "| mine | mine |"),
        ("mine\nOn Mon, 3 Aug 2026 at 1 PM A\n<a@example.com> wrote:\n\ntheirs", "mine"),
        ("mine\nFrom: a@example.com\nSent: Monday\nTo: b\ntheirs", "mine"),
        ("mine\n\nDe: a\nEnviado el: lunes\nPara: b\ntheirs", "mine"),
        ("mine\n*De:* a\n*Enviada em:* segunda\n*Assunto:* c\ntheirs", "mine"),
        ("De: a\nFecha: 2026-08-03\nmine", "De: a\nFecha: 2026-08-03\nmine"),
        ("On time, he wrote: yes\nmine", "On time, he wrote: yes\nmine"),
    ],
)
def test_quoted_words_are_not_the_mails_own(text: str, own: str):
    assert markup.split(markup.plain(text)).own.text == own


@pytest.mark.parametrize(
    "quote",
    [
        "<blockquote>{}</blockquote>",
        "<blockquote type=cite><div>{}</div></blockquote>",
        '<div class="gmail_quote gmail_quote_container">{}</div>',
        '<div class="yahoo_quoted">{}</div>',
        "<div>On Mon, 3 Aug 2026, A wrote:</div>{}",
        "El lun, 3 ago 2026, A escribió:<br>{}",
        "<p>-----Original Message-----</p>{}",
        "<p><b>From:</b> A<br><b>Sent:</b> Monday<br><b>To:</b> B<br>{}</p>",
        "<pre>mine too\nOn Mon, 3 Aug 2026, A wrote:\n{}</pre>",
    ],
)
def test_a_page_s_quotes_are_not_the_mails_own(quote: str):
    theirs = "<table><tr><td>Check ID</td><td>CHK1</td></tr></table><a href='u'>theirs</a>"
    parts = markup.split(markup.page(f"<p>mine</p>{quote.format(theirs)}"))
    assert texts(parts.own)[0] == "mine"
    assert "CHK1" not in parts.own.text
    assert not (rows_of(parts.own))
    assert not (parts.own.links)
    assert rows_of(parts.other) == (("Check ID", "CHK1"),)


def reopened(count: int) -> str:
    """Every paragraph opens all the unclosed elements anew."""
    return "<p>" + "".join(f"<b a={n}>" for n in range(count)) + "</p>" + "<p>x</p>" * count


SHAPES = {
    "nested tables": "<table><tr><td>" * 1_600,
    "20,000 nested tables": "<table><tr><td>" * 20_000,
    "nested blocks": "<div>" * 5_000,
    "nested definitions": "<dl><dd>x<section>" * 1_600,
    "20,000 nested definitions": "<dl><dd>x<section>" * 20_000,
    "nested lists": "<ul><li>" * 2_500,
    "formatting opened anew": reopened(1_600),
    "cells": "<td>x" * 5_000,
    "attributes": "<p " + " ".join(f"a{n}" for n in range(15_000)) + ">",
    "a million attributes": "<p a" + " a".join(map(str, range(1_000_000))) + ">",
    "attributes without blanks": "<p/a" + "/a".join(map(str, range(200_000))) + ">",
    "attributes in quotes": "<p a" + '=">" a'.join(map(str, range(200_000))) + '=">">',
    "comments": "<!--" * 200_000,
    "brackets": "<" * 1_000_000,
    "ends of nothing": "<div>" * 2_500 + "</p>" * 2_500,
    "ampersands": "&" * 1_000_000,
    "letters as numbers": "&#x41;" * 300_000,
    "hidden": "<p style='display:none'>" * 5_000,
    "zero sizes": "<p style='font-size:" + "0." * 500_000 + "'>x",
    "links": "<a href=x>" * 5_000,
    "NUL": "\0" * 1_000_000,
    "one word": "x" * 2_000_000,
}


@pytest.mark.parametrize("html", SHAPES.values(), ids=SHAPES)
def test_no_page_takes_long(html: str):
    start = time.process_time()
    markup.page(html)
    assert time.process_time() - start < 2


def test_a_page_as_large_as_notifications_get_is_looked_at():
    row = "<tr><td style='padding:4px 8px; color:#333'><b>Label</b></td><td>value</td></tr>"
    assert len(rows_of(markup.page(f"<table>{row * 500}</table>"))) == 500


@pytest.mark.parametrize(
    "shape", ["a\tb\n", "|", "\n", "> x\n", "On ", "x ", "\u200b", "On x wrote:"]
)
def test_a_megabyte_of_text_is_seen_in_no_time(shape: str):
    text = shape * (1_000_000 // len(shape))
    start = time.process_time()
    markup.split(markup.plain(text))
    assert time.process_time() - start < 4


TAGS = st.sampled_from(
    "<table> <tr> <td> </td> </tr> </table> <dl> <dt> <dd> <p> <b> <br> <!-- --> <div hidden>"
    " </div> <pre> <a href=x> <svg> <select> <template> x &nbsp; < > \" ' \0".split(" ")
)


@given(
    st.lists(TAGS, max_size=40).map("".join) | st.text(st.characters(exclude_categories=("Cs",)))
)
@settings(max_examples=examples(80), deadline=None)
def test_whatever_a_page_holds_there_is_a_view_of_it(html: str):
    view = markup.page(html)
    assert all(line.text and line.text.split() == line.raw.split() for line in view.lines)
    assert all(len(line.cells) != 1 for line in view.lines)
    assert all(0 <= link.at <= len(view.lines) for link in view.links)
