"""Mails that want to be read wrongly: never a wrong event, at worst none and the mail kept."""

from __future__ import annotations

from html import escape

import hostile
import pytest
from layouts import PAGES, TEXTS, found, sealed

from mailhook.model import Event, Finding

CHECK = "CHK0123456789abcdef0123456789abcdef"
OTHER = "CHKffffffffffffffffffffffffffffffff"
PROCESS = "IDP0123456789abcdef0123456789abcdef"
VALIDATION = "VLD0123456789abcdef0123456789abcdef"
HEAD = (("Event", "Check finished"), ("Check ID", CHECK))
SPANISH = (("Evento", "Chequeo finalizado"), ("ID del chequeo", CHECK))
PORTUGUESE = (("Evento", "Consulta concluída"), ("ID da consulta", CHECK))
LINES = f"Event: Check finished\nCheck ID: {CHECK}\n"


def events(raw: bytes) -> tuple[Event, ...]:
    finding = found(raw)
    assert not (finding.reason or "").startswith("bug"), finding.reason
    assert finding.verdict in {"read", "quarantined", "ignored"}
    return finding.events


def kept(finding: Finding) -> bool:
    """Whether nothing was read, and its bytes are kept for a person."""
    return (finding.verdict, finding.events) == ("quarantined", ())


def finished(raw: bytes, *statuses: str | None) -> None:
    """At most the one check, with one of the statuses that a person sees."""
    for event in events(raw):
        assert (event.event_type, event.event_action) == ("check", "finished")
        assert event.subject_id == CHECK
        assert event.status in statuses


# Values that forge lines


FORGED = [
    (HEAD, ("Full name", "Ana\nCheck status: completed"), ("Check status", "Error")),
    (HEAD, ("Full name", "Ana\n\nCheck status: completed"), ("Check status", "Error")),
    (SPANISH, ("Nombre completo", "Ana\nEstado: completado"), ("Estado", "Error")),
    (PORTUGUESE, ("Nome completo", "Ana\nStatus da consulta: concluído"), ("Situação", "Erro")),
]


@pytest.mark.parametrize("layout", sorted(set(TEXTS) - {"Markdown header row"}))
@pytest.mark.parametrize(("head", "forged", "status"), FORGED)
@pytest.mark.parametrize("first", [True, False])
def test_a_line_forged_in_a_value_does_not_overrule_the_real_one(
    layout: str,
    head: tuple[tuple[str, str], ...],
    forged: tuple[str, str],
    status: tuple[str, str],
    first: bool,  # noqa: FBT001 - a parameter of pytest
):
    pairs = (*head, forged, status) if first else (*head, status, forged)
    torn = {None} if layout == "tabbed header row" else set()  # nobody can mend such a row
    finished(sealed(TEXTS[layout](pairs)), "error", *torn)


@pytest.mark.parametrize(
    "value",
    [
        "Ana\nEvent: Check delayed",
        f"Ana\nCheck ID: {OTHER}",
        f"Ana\n\nEvent: Check finished\nCheck ID: {OTHER}\nCheck status: Completed",
        f"Ana\n\nCheck failed\nCheck ID: {OTHER}",
    ],
)
@pytest.mark.parametrize("before", [True, False])
def test_an_event_forged_in_a_value_does_not_change_whose_the_status_is(
    value: str,
    before: bool,  # noqa: FBT001 - a parameter of pytest
):
    status, name = ("Check status", "Error"), ("Full name", value)
    pairs = (*HEAD, name, status) if before else (*HEAD, status, name)
    statuses = {event.subject_id: event.status for event in events(sealed(TEXTS["colon"](pairs)))}
    assert statuses.get(CHECK, "error") == "error"


@pytest.mark.parametrize("layout", PAGES)
@pytest.mark.parametrize(
    "value", ["Ana<br>Check status: completed", "Ana<p>Check status: completed"]
)
def test_markup_in_a_value_does_not_overrule_the_real_status(layout: str, value: str):
    pairs = (*HEAD, ("Full name", "@"), ("Check status", "Error"))
    finished(sealed("", PAGES[layout](pairs).replace("@", value)), "error")
    finished(sealed("", PAGES[layout](pairs).replace("@", escape(value))), "error")


# Labels inside values


INSIDE = [
    "Ana, Check status: completed",
    "Ana | Check status: completed",
    "Ana; Check status: completed",
    "Ana / Check status: completed",
    "Ana • Check status: completed",
    "Ana · Estado: completado",
    "Ana - Check status: completed",
    "Ana — Check status = completed",
    "Ana Check status: completed",
    "Ana -> Check status: completed",
    "Ana (Check status: completed)",
    "Ana **Check status:** completed",
    "Ana, Event: Check delayed",
    f"Ana, Check ID: {OTHER}",
]


@pytest.mark.parametrize("value", INSIDE)
@pytest.mark.parametrize("layout", TEXTS)
def test_a_label_inside_a_value_is_a_name_beside_the_real_status(layout: str, value: str):
    pairs = (*HEAD, ("Full name", value), ("Check status", "Error"), ("Country", "Peru"))
    torn = {None} if layout == "Markdown header row" and "|" in value else set()
    finished(sealed(TEXTS[layout](pairs)), "error", *torn)


@pytest.mark.parametrize("value", INSIDE)
@pytest.mark.parametrize("layout", PAGES)
def test_a_label_inside_a_value_of_a_page_is_a_name_too(layout: str, value: str):
    pairs = (*HEAD, ("Full name", value), ("Check status", "Error"), ("Country", "Peru"))
    finished(sealed("", PAGES[layout](pairs)), "error")


@pytest.mark.parametrize("value", INSIDE)
@pytest.mark.parametrize("layout", ["colon", "bold", "bullets", "equals", "two lines with colon"])
def test_a_label_inside_a_value_tells_no_status_where_no_line_does(layout: str, value: str):
    finished(sealed(TEXTS[layout]((*HEAD, ("Full name", value), ("Country", "Peru")))), None)


def test_the_whole_value_is_the_name_where_a_label_stands_in_it():
    pairs = (*HEAD, ("Full name", "Ana | Check status: completed"), ("Country", "Peru"))
    for layout in ("colon", "bold", "equals"):
        for event in events(sealed(TEXTS[layout](pairs))):
            assert event.object["full_name"] == "Ana | Check status: completed"


@pytest.mark.parametrize("value", INSIDE)
@pytest.mark.parametrize("layout", ["p", "two columns", "dl", "header row"])
def test_a_label_inside_a_value_of_a_page_tells_no_status_either(layout: str, value: str):
    finished(sealed("", PAGES[layout]((*HEAD, ("Full name", value), ("Country", "Peru")))), None)


# Ids


@pytest.mark.parametrize(
    "lines",
    [
        f"{LINES}Check ID: {OTHER}\n",
        f"{LINES}Background check ID: {OTHER}\n",
        f"{LINES}ID del chequeo: {OTHER}\n",
        f"{LINES}ID: {OTHER}\n",
        f"Event: Check finished\nCheck ID: {CHECK} {OTHER}\n",
        f"Event: Check finished\nCheck ID: {CHECK}, {OTHER}\n",
        f"Event: Check finished\nCheck ID: {CHECK}/{OTHER}\n",
        f"Event: Check finished\nCheck ID: {CHECK}{OTHER}\n",
        f"Event: Check finished\nIDs: {CHECK}, {OTHER}\nCheck status: Completed\n",
    ],
)
def test_two_ids_for_one_label_are_no_event(lines: str):
    assert kept(found(sealed(lines)))
    page = "".join(f"<p>{line}</p>" for line in lines.splitlines())
    assert kept(found(sealed("", page)))


@pytest.mark.parametrize("vendor_id", [PROCESS, VALIDATION, "CCK" + "1" * 32, "IPF" + "1" * 32])
def test_an_id_of_another_product_is_no_event_of_this_one(vendor_id: str):
    assert kept(found(sealed(f"Event: Check finished\nCheck ID: {vendor_id}\n")))
    assert kept(found(sealed(f"Event: Check finished\nID: {vendor_id}\nCountry: Peru\n")))


@pytest.mark.parametrize(
    "shown",
    [
        "{{.check.check_id}}",
        "{{ check.check_id }}",
        "{{check_id}}",
        "{check_id}",
        "${check_id}",
        "$check_id",
        "%check_id%",
        "%%check_id%%",
        "<check_id>",
        "<%= check_id %>",
        "[check_id]",
        "[[check_id]]",
        "[Check ID]",
        "check_id",
        "CHKXXXX",
        "CHKxxxxxxxx",
        "CHK" + "X" * 32,
        "CHK…",
        "CHK...",
        "CHK************",
        "CHK0123...",
        "CHK0123…cdef",
        "<no value>",
        "N/A",
        "null",
        "None",
        "undefined",
        "-",
        "...",
        "?",
        "TBD",
    ],
)
def test_what_stands_in_place_of_an_id_is_no_subject(shown: str):
    text = f"Event: Check finished\nCheck ID: {shown}\nCheck status: Completed\n"
    page = f"<p>Event: Check finished</p><p>Check ID: {escape(shown)}</p><p>Country: Peru</p>"
    for event in (*events(sealed(text)), *events(sealed("", page))):
        assert event.subject_id is None


@pytest.mark.parametrize("shown", ["{{.check.status}}", "${status}", "%status%", "<status>"])
def test_what_stands_in_place_of_a_status_is_none(shown: str):
    finished(sealed(f"{LINES}Check status: {shown}\nCountry: Peru\n"), None)


# What a person does not see


HIDING = [
    '<p style="display:none">@</p>',
    '<p style="DISPLAY : NONE !important">@</p>',
    '<p style="visibility:hidden">@</p>',
    '<p style="opacity:0">@</p>',
    '<p style="font-size:0px">@</p>',
    '<p style="font-size:1px;line-height:1px">@</p>',
    '<p style="font:0/0 a">@</p>',
    '<p style="max-height:0;overflow:hidden">@</p>',
    '<p style="height:0;overflow:hidden">@</p>',
    '<p style="width:0;overflow:hidden;white-space:nowrap">@</p>',
    '<p style="color:#fff">@</p>',
    '<p style="color:#fefefe">@</p>',
    '<p style="color:rgb(255,255,255)">@</p>',
    '<p style="color:hsl(0,0%,100%)">@</p>',
    '<p style="color:snow">@</p>',
    '<p style="color:rgba(0,0,0,0)">@</p>',
    '<p style="color:#00000000">@</p>',
    '<p style="color:transparent">@</p>',
    '<p><font color="white">@</font></p>',
    '<div style="background:#222;color:#222"><p>@</p></div>',
    '<table bgcolor="#123456"><tr><td style="color:#123456">@</td></tr></table>',
    '<p style="position:absolute;left:-9999px">@</p>',
    '<p style="position:absolute;top:-5000px">@</p>',
    '<p style="text-indent:-9999px">@</p>',
    '<p style="margin-left:-9999em">@</p>',
    '<p style="transform:scale(0)">@</p>',
    '<p style="transform:translateX(-9999px)">@</p>',
    '<p style="clip:rect(0,0,0,0);position:absolute">@</p>',
    '<p style="clip-path:inset(100%)">@</p>',
    '<p style="mso-hide:all">@</p>',
    "<p hidden>@</p>",
    '<style>.q{display:none}</style><p class="q">@</p>',
    '<style>p.q, #r {color:red;visibility:hidden}</style><p class="a q">@</p>',
    '<style>#r{display:none}</style><div id="r"><p>@</p></div>',
    "<style>.q{font-size:0}</style><div class=q><p>@</p></div>",
    "<style>.q{color:#fff}</style><div class=q><p>@</p></div>",
    "<style>.q{position:absolute;left:-9999px}</style><p class=q>@</p>",
    "<style>div .q{display:none}</style><div><p class=q>@</p></div>",
    "<style>u{display:none}</style><p><u>@</u></p>",
    "<!-- <p>@</p> -->",
    "<!--[if mso]><p>@</p><![endif]-->",
    "<script>@</script>",
    "<template><p>@</p></template>",
    "<noscript><p>@</p></noscript>",
    "<textarea style='display:none'>@</textarea>",
    '<input type="hidden" value="@">',
    '<img alt="@" src="https://t.example/x.gif">',
    '<p title="@"></p>',
    "<details><summary></summary><p>@</p></details>",
    "<svg><text>@</text></svg>",
    "<select><option>a</option><option>@</option></select>",
    "<title>@</title>",
]


@pytest.mark.parametrize("hiding", HIDING)
def test_a_status_that_nobody_sees_is_none(hiding: str):
    hidden = hiding.replace("@", "Check status: Completed")
    shown = f"<p>Event: Check finished</p><p>Check ID: {CHECK}</p>"
    finished(sealed("", f"{shown}{hidden}<p>Country: Peru</p>"), None)
    finished(sealed("", f"{hidden}{shown}<p>Check status: Error</p>"), "error")


@pytest.mark.parametrize("hiding", HIDING)
def test_an_event_that_nobody_sees_is_none(hiding: str):
    lines = f"Event: Check finished<br>Check ID: {OTHER}<br>Check status: Completed"
    page = f"<p>Dear client, have a nice day.</p>{hiding.replace('@', lines)}"
    assert events(sealed("", page)) == ()


ZERO = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u034f\u180e\u2063\u17b5\u3164\u115f\u2800\U000e0041"


@pytest.mark.parametrize("sign", list(ZERO), ids=[f"{ord(sign):x}" for sign in ZERO])
def test_signs_without_width_inside_words_change_nothing(sign: str):
    status, vendor_id = f"Check sta{sign}tus", f"{CHECK[:9]}{sign}{CHECK[9:]}"
    text = f"Ev{sign}ent: Check fin{sign}ished\nCheck ID: {vendor_id}\n{status}: Err{sign}or\n"
    finished(sealed(text), "error")
    finished(sealed("", f"<p>{'</p><p>'.join(text.splitlines())}</p>"), "error")


@pytest.mark.parametrize("sign", ["\u202e", "\u2067", "\u202b"])
def test_an_id_that_is_shown_from_right_to_left_is_not_believed(sign: str):
    text = f"Event: Check finished\nCheck ID: {sign}{CHECK[::-1]}\u202c\nCountry: Peru\n"
    for event in events(sealed(text)):
        assert event.subject_id in {CHECK, None}


@pytest.mark.parametrize("sign", ["\u202e", "\u2067"])
def test_a_status_that_is_shown_from_right_to_left_is_not_the_other_way_round(sign: str):
    raw = sealed(f"{LINES}Full name: {sign}detelpmoc :sutats kcehC\nCheck status: Error\n")
    finished(raw, "error")


@pytest.mark.parametrize(
    "label",
    ["Сheck status", "Check ѕtatus", "Chеck status", "Check stаtus", "Check status\u0300"],
)
def test_a_label_in_letters_of_another_script_does_not_overrule_the_real_one(label: str):
    finished(sealed(f"{LINES}{label}: Completed\nCheck status: Error\n"), "error")
    finished(sealed(f"{LINES}Check status: Error\n{label}: Completed\n"), "error")


@pytest.mark.parametrize(
    "vendor_id",
    [
        "СHK" + CHECK[3:],
        "CНK" + CHECK[3:],
        "CHΚ" + CHECK[3:],
        CHECK.replace("a", "а"),
        CHECK.replace("e", "е"),
        CHECK.replace("c", "с"),
        CHECK.replace("0", "O"),
        CHECK.replace("1", "l"),
        "ＣＨＫ" + CHECK[3:],
        CHECK.replace("0", "٠"),
        CHECK + "\u0301",
    ],
)
def test_an_id_in_letters_of_another_script_is_no_other_subject(vendor_id: str):
    text = f"Event: Check finished\nCheck ID: {vendor_id}\nCheck status: Completed\n"
    for event in events(sealed(text)):
        assert event.subject_id in {CHECK, None}


# Much of it


def test_a_digest_of_ten_thousand_rows_is_read_whole_or_kept():
    rows = "".join(f"Check finished\tCHK{n:032x}\tCompleted\n" for n in range(10_000))
    raw = sealed(f"Event\tCheck ID\tCheck status\n{rows}")
    findings: list[Finding] = []
    assert hostile.spent(lambda: findings.append(found(raw))) < 5
    assert kept(findings[0]) or len(findings[0].events) == 10_000


def test_a_digest_of_ten_thousand_blocks_is_read_whole_or_kept():
    blocks = "\n".join(f"Event: Check finished\nCheck ID: CHK{n:032x}\n" for n in range(10_000))
    findings: list[Finding] = []
    assert hostile.spent(lambda: findings.append(found(sealed(blocks)))) < 5
    assert kept(findings[0]) or len(findings[0].events) == 10_000


@pytest.mark.parametrize("rows", [1_000, 1_200])
def test_a_digest_in_a_page_is_read_whole_or_kept(rows: int):
    lines = "".join(f"<tr><td>Check finished</td><td>CHK{n:032x}</td></tr>" for n in range(rows))
    page = f"<table><tr><th>Event</th><th>Check ID</th></tr>{lines}</table>"
    finding = found(sealed("", page))
    assert kept(finding) or len(finding.events) == rows


@pytest.mark.parametrize("tag", ["<b>", "<div>", "<td>", "<table>", "<p>", "<li>", "<a href=x>"])
def test_five_megabytes_of_one_tag_are_kept_in_no_time(tag: str):
    page = f"<p>Event: Check finished</p><p>Check ID: {CHECK}</p>" + tag * (5_000_000 // len(tag))
    raw = hostile.GOOD_HEAD + hostile.HTML + page.encode()
    findings: list[Finding] = []
    assert hostile.spent(lambda: findings.append(found(raw))) < 2
    assert kept(findings[0])


# Several words on one thing


@pytest.mark.parametrize(
    "twice",
    [
        (
            f'{{"event_type":"check","event_action":"finished","object":{{"check_id":"{CHECK}",'
            f'"check_id":"{OTHER}"}}}}'
        ),
        (
            f'{{"event_type":"check","event_type":"signal","event_action":"finished",'
            f'"object":{{"check_id":"{OTHER}"}}}}'
        ),
        (
            f'{{"event_type":"check","event_action":"finished","object":{{"check_id":"{CHECK}",'
            f'"status":"error","status":"completed"}}}}'
        ),
    ],
)
@pytest.mark.parametrize("above", [True, False])
def test_json_with_a_name_twice_beside_labels_is_never_read(
    twice: str,
    above: bool,  # noqa: FBT001 - a parameter of pytest
):
    lines = f"{LINES}Check status: Error\n"
    finished(sealed(f"{twice}\n\n{lines}" if above else f"{lines}\n{twice}\n"), "error")


def test_json_and_labels_that_tell_of_two_statuses_are_not_both_believed():
    told = f'{{"event_type":"check","event_action":"finished","object":{{"check_id":"{CHECK}"}}}}'
    assert len(events(sealed(f"{told}\n\n{LINES}Check status: Error\n"))) <= 1


@pytest.mark.parametrize(
    ("text", "page"),
    [
        (LINES, f"<p>Event: Check delayed</p><p>Check ID: {CHECK}</p>"),
        (LINES, f"<p>Event: Check finished</p><p>Check ID: {OTHER}</p>"),
        (LINES, f"<p>Event: Identity process failed</p><p>Process ID: {PROCESS}</p>"),
        (
            LINES,
            (
                f"<p>Event: Check delayed</p><p>Check ID: {CHECK}</p><p>Country: CO</p>"
                "<p>Check status: Delayed</p><p>Check score: 0.5</p>"
            ),
        ),
        (
            f"The check {CHECK} has finished.",
            f"<p>Event: Check delayed</p><p>Check ID: {CHECK}</p>",
        ),
        (f"The check {CHECK} has finished.", f"<p>The check {OTHER} has finished.</p>"),
        ("Check finished", f"<p>Event: Check delayed</p><p>Check ID: {CHECK}</p>"),
    ],
)
def test_of_a_text_and_a_page_that_differ_the_page_tells_no_event_of_its_own(text: str, page: str):
    finding = found(sealed(text, page))
    for event in finding.events:
        assert (event.event_type, event.event_action) == ("check", "finished")
        assert event.subject_id in {CHECK, None}
        assert event.status is None


def test_of_a_text_and_a_page_that_differ_in_status_the_texts_counts():
    page = f"<p>Event: Check finished</p><p>Check ID: {CHECK}</p><p>Check status: Completed</p>"
    longer = page + "<p>Country: CO</p><p>Check score: 1</p>"
    finished(sealed(f"{LINES}Check status: Error\n", page), "error")
    finished(sealed(f"{LINES}Check status: Error\n", longer), "error")


MANY = (("List-Unsubscribe", "<mailto:u@truora.com>"),)
EXAMPLES = [
    f"This is an example of a notification:\n\n{LINES}Check status: Completed\n",
    f"Así luce un aviso, por ejemplo:\n\nEvento: Chequeo finalizado\nID del chequeo: {CHECK}\n",
    f"Veja um exemplo:\n\nEvento: Consulta concluída\nID da consulta: {CHECK}\n",
    (
        f'A sample hook:\n\n{{"event_type":"check","event_action":"finished",'
        f'"object":{{"check_id":"{CHECK}"}}}}\n'
    ),
    "New in August! A mail like this one:\n\nEvent: Check finished\nCheck ID: CHKXXXXXXXX\n",
    "What is new: Check finished\n\nEvent: Check finished\nCountry: Peru\n",
    f"An example: the check {CHECK} has finished.\n",
]


@pytest.mark.parametrize("text", EXAMPLES)
def test_a_newsletter_that_shows_an_event_tells_none(text: str):
    page = "".join(f"<p>{escape(line)}</p>" for line in text.splitlines())
    for raw in (sealed(text, headers=MANY), sealed("", page, headers=MANY)):
        assert events(raw) == ()
    assert events(sealed(text, page, headers=MANY, subject="Check finished")) == ()


# Sentences that deny, suppose, ask or promise


DOUBTED = [
    "The check @ has not finished.",
    "The check @ has not finished yet.",
    "The check @ hasn't finished.",
    "The check @ is not finished.",
    "The check @ never finished.",
    "The check @ has still not been completed.",
    "The check @ did not finish in time.",
    "The check @ is yet to be finished.",
    "The check @ could not be finished.",
    "The check @ failed to be completed.",
    "When the check @ is finished, we will write to you.",
    "We will write to you when the check @ is finished.",
    "We write to you once the check @ has finished.",
    "Once the check @ has finished, you can see it.",
    "As soon as the check @ has finished you get a mail.",
    "After the check @ has finished, you can download it.",
    "If the check @ has finished, ignore this mail.",
    "Unless the check @ has finished, wait.",
    "Has the check @ finished?",
    "Is the check @ completed?",
    "The check @ will be finished soon.",
    "The check @ is about to be finished.",
    "The check @ is nearly finished.",
    "The check @ should have finished by now.",
    "The check @ must be finished before Monday.",
    "The check @ might have finished.",
    "The check @ is 90 % finished.",
    "Nobody knows whether the check @ has finished.",
    "We do not know that the check @ has finished.",
    "We cannot confirm that the check @ finished.",
    "It is not true that the check @ has finished.",
    "The check @ neither finished nor failed.",
    "The check @ is in progress, it is not completed.",
    "El check @ no ha finalizado.",
    "El check @ aún no ha finalizado.",
    "El chequeo @ todavía no está finalizado.",
    "El chequeo @ no se completó.",
    "El chequeo @ nunca finalizó.",
    "El chequeo @ no pudo ser completado.",
    "El chequeo @ sin finalizar.",
    "Si el check @ ya finalizó, ignore este correo.",
    "Si el check @ finaliza, le avisaremos.",
    "Cuando el chequeo @ haya finalizado, le escribiremos.",
    "Le escribiremos cuando el chequeo @ esté finalizado.",
    "Una vez finalizado el chequeo @, le escribiremos.",
    "Tan pronto como el chequeo @ haya finalizado, le avisamos.",
    "En cuanto el chequeo @ haya finalizado, le avisamos.",
    "Después de que el chequeo @ haya finalizado, descárguelo.",
    "¿Ha finalizado el chequeo @?",
    "El chequeo @ será finalizado pronto.",
    "El chequeo @ está por ser finalizado.",
    "El chequeo @ debería haber finalizado.",
    "El chequeo @ casi ha finalizado.",
    "No podemos confirmar que el chequeo @ ha finalizado.",
    "No sabemos si el chequeo @ ha finalizado.",
    "A verificação @ não foi concluída.",
    "A verificação @ ainda não foi concluída.",
    "A consulta @ nunca foi finalizada.",
    "A consulta @ não pôde ser concluída.",
    "Se a consulta @ foi concluída, ignore este e-mail.",
    "Se a consulta @ for concluída, avisaremos.",
    "Caso a consulta @ seja concluída, avisaremos.",
    "Quando a consulta @ for concluída, avisaremos.",
    "Avisaremos quando a consulta @ estiver concluída.",
    "Assim que a consulta @ for concluída, avisaremos.",
    "Logo que a consulta @ seja concluída, avisaremos.",
    "Depois que a consulta @ for concluída, baixe o relatório.",
    "A consulta @ foi concluída?",
    "A consulta @ será concluída em breve.",
    "A consulta @ está quase concluída.",
    "A consulta @ deveria ter sido concluída.",
    "A consulta @ deve ser concluída hoje.",
    "Não podemos confirmar que a consulta @ foi concluída.",
    "Não sabemos se a consulta @ foi concluída.",
]


def no_end(raw: bytes) -> None:
    assert [event for event in events(raw) if event.event_action == "finished"] == []


@pytest.mark.parametrize("sentence", DOUBTED)
def test_a_sentence_that_denies_or_supposes_tells_no_event(sentence: str):
    said = sentence.replace("@", CHECK)
    no_end(sealed(f"Hello,\n\n{said}\n\nRegards\n"))
    no_end(sealed("", f"<p>Hello,</p><p>{said}</p>"))
    no_end(sealed("Hello,\n\nplease read the subject.\n", subject=said))


@pytest.mark.parametrize("sentence", DOUBTED)
def test_a_sentence_that_denies_or_supposes_names_no_event_for_labels(sentence: str):
    said = sentence.replace(" @", "")
    no_end(sealed(f"Hello,\n\n{said}\n\nCheck ID: {CHECK}\nCountry: Peru\n"))
    no_end(sealed(f"Check ID: {CHECK}\nCountry: Peru\n", subject=said))


@pytest.mark.parametrize(
    "sentence", ["The check @ has finished.", "El check @ ha finalizado.", "A consulta @ terminou."]
)
def test_a_sentence_that_states_it_tells_it(sentence: str):
    (event,) = events(sealed(f"Hello,\n\n{sentence.replace('@', CHECK)}\n"))
    assert (event.event_action, event.subject_id) == ("finished", CHECK)
