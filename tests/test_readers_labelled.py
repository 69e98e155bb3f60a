"""Labels with their values: lines and tables, in three languages."""

from __future__ import annotations

import pytest
from mails import write

from mailhook import catalog, message, readers
from mailhook.model import Json, Notice
from mailhook.readers import Reading

CHECK = "CHK0123456789abcdef0123456789abcdef"
HEAD = "Event: Check finished\n"


def read(text: str = "", html: str | None = None, subject: str = "Truora") -> Reading:
    mail = message.parse(write(text, html=html, subject=subject))
    return readers.read(mail, catalog.load())


def one(text: str = "", html: str | None = None, subject: str = "Truora") -> Notice:
    reading = read(text, html, subject)
    (notice,) = reading.notices
    assert (reading.reader, notice.confidence, notice.proven) == ("labelled", "exact", False)
    return notice


@pytest.mark.parametrize(
    "line",
    [
        f"Check ID: {CHECK}",
        f"check id:{CHECK}",
        f"CHECK  ID : {CHECK}  ",
        f"Check ID = {CHECK}",
        f"Check ID\t{CHECK}",
        f"Check ID - {CHECK}",
        f"Check ID — {CHECK}",
        f"  • Check ID: {CHECK}",
        f"* Check ID: {CHECK}",
        f"- Check ID: {CHECK}",
        f"*Check ID:* {CHECK}",
        f"**Check ID:** {CHECK}",
        f"**Check ID**: {CHECK}",
        f"Check ID: *{CHECK}*",
        f"Check ID: `{CHECK}`",
        f"| Check ID | {CHECK} |",
        f"| **Check ID** | `{CHECK}` |",
        f"check_id: {CHECK}",
        f"Check\u00a0ID: {CHECK}",
        f"\u200bCheck ID: \u2060{CHECK}",
        f"ID del chequeo: {CHECK}",
        f"ID DE LA VERIFICACION: {CHECK}",
        f"Código da verificação: {CHECK}",
    ],
)
def test_a_label_and_its_value_are_read_however_they_are_set(line: str):
    assert one(f"{HEAD}{line}\n").object == {"check_id": CHECK}


@pytest.mark.parametrize(
    "value", [f"<{CHECK}>", f"({CHECK})", f'"{CHECK}"', f"{CHECK}.", f"{CHECK} | Country: Peru"]
)
def test_a_subjects_id_is_that_word_and_nothing_around_it(value: str):
    assert one(f"{HEAD}Check ID: {value}\n").object["check_id"] == CHECK


@pytest.mark.parametrize("value", [f"{CHECK} or CHK1", f"{CHECK} | see below", "not yet known"])
def test_a_subjects_id_of_several_words_is_not_guessed(value: str):
    reading = read(f"{HEAD}Check ID: {value}\n")
    assert (reading.notices, reading.unread) == ((), 1)


def test_a_bare_id_is_the_subjects_unless_it_has_the_shape_of_an_events():
    notice = one(f"{HEAD}ID: {CHECK}\n")
    assert (notice.object, notice.truora_id) == ({"check_id": CHECK}, None)
    notice = one(f"{HEAD}ID: HKE01\nCheck ID: {CHECK}\n")
    assert (notice.object, notice.truora_id) == ({"check_id": CHECK}, "HKE01")


@pytest.mark.parametrize("account", ["_acme_", "acme__co", "a.b-c_d", "*"])
def test_marks_that_are_the_values_own_stay(account: str):
    assert one(f"{HEAD}Account ID: {account}\n").object == {"account_id": account}


@pytest.mark.parametrize(
    "rows",
    [
        f"<tr><td>Check ID</td><td>{CHECK}</td></tr>",
        f"<tr><th>Check ID:</th><td><b>{CHECK}</b></td></tr>",
        f"<tr><td>Field</td><td>Value</td></tr><tr><td>Check ID</td><td> {CHECK}\n</td></tr>",
        f"<tr><td><table><tr><td>Check ID</td><td>{CHECK}</td></tr></table></td></tr>",
        f"<tr><td><p>Check ID: {CHECK}</p></td></tr>",
    ],
)
def test_rows_of_a_table_are_labels_with_values(rows: str):
    assert one(html=f"<h1>Check finished</h1><table>{rows}</table>").object == {"check_id": CHECK}


@pytest.mark.parametrize(
    "html",
    [
        f"<dl><dt>Check ID</dt><dd>{CHECK}</dd></dl>",
        f"<ul><li><b>Check ID:</b> {CHECK}</li></ul>",
        f"<div>Check&nbsp;ID: <span>{CHECK}</span></div>",
        f"Check ID: {CHECK}<br>Regards: <a href='https://example.com/'>us</a>",
        f"<p hidden>Check ID: CHK0</p><p>Check ID: {CHECK}</p>",
    ],
)
def test_what_a_person_sees_of_a_page_is_read(html: str):
    assert one(html=f"<p>Check finished</p>{html}").object == {"check_id": CHECK}


@pytest.mark.parametrize(
    ("text", "subject", "event"),
    [
        ("Event: Check finished\n", "", ("check", "finished")),
        ("Evento: Chequeo finalizado\n", "", ("check", "finished")),
        ("Evento: Consulta atrasada\n", "", ("check", "delayed")),
        ("Event: checks.check.delayed\n", "", ("check", "delayed")),
        ("Product: Checks\nEvent: delayed\n", "", ("check", "delayed")),
        ("Produto: Consultas\nAção: criada\n", "", ("check", "created")),
        ("Hello,\n\nyour check is done.\n\nCheck finished\n", "", ("check", "finished")),
        ("Your check is done.\n", "[Truora] Check finished", ("check", "finished")),
        ("Event: Check delayed\n", "Check finished", ("check", "delayed")),
        ("Check delayed\n", "Check finished", ("check", "delayed")),
        ("Event type: check\nEvent action: finished\n", "", ("check", "finished")),
        ("event_type: check\nevent_action: finished\n", "", ("check", "finished")),
    ],
)
def test_the_event_is_named_by_its_label_else_by_a_heading_else_by_the_subject(
    text: str, subject: str, event: tuple[str, str]
):
    notice = one(f"{text}Check ID: {CHECK}\n", subject=subject)
    assert (notice.type, notice.action) == event


@pytest.mark.parametrize(
    ("event_type", "action"),
    [("identity-process", "success"), ("Iris Scan", "Half Way"), ("checks.check", "Finished")],
)
def test_type_and_action_on_labels_of_their_own_pass_as_they_are_written(
    event_type: str, action: str
):
    notice = one(f"Event type: {event_type}\nEvent action: {action}\nCountry: CO\n")
    assert (notice.type, notice.action) == (event_type, action)


def test_a_type_by_its_name_in_another_language_is_its_wire_word():
    notice = one("Tipo de evento: Verificación de antecedentes\nAcción: finalizada\nPaís: Perú\n")
    assert (notice.type, notice.object) == ("check", {"country": "PE", "country_name": "Perú"})


@pytest.mark.parametrize("head", ["Event type: check\nEvent action: finished\n", HEAD])
def test_the_type_of_a_check_is_not_the_type_of_the_event(head: str):
    text = f"{head}Check ID: {CHECK}\nType: Person\n"
    notice = one(text)
    assert (notice.type, notice.object) == ("check", {"check_id": CHECK, "type": "person"})


def test_labels_of_the_notice_itself_are_no_fields_of_its_object():
    notice = one(
        f"{HEAD}Check ID: {CHECK}\nTimestamp: 2026-08-03T10:00:00Z\nEvent ID: HKE1\n"
        "Idempotency key: HIK1\nVersion: 1.0\nProduct: Checks\n"
    )
    assert notice.object == {"check_id": CHECK}
    assert (notice.timestamp, notice.truora_id, notice.idempotency_key) == (
        "2026-08-03T10:00:00Z",
        "HKE1",
        "HIK1",
    )
    assert notice.version == "1.0"


@pytest.mark.parametrize(
    ("line", "field", "value"),
    [
        ("Check score: 0,87", "score", 0.87),
        ("Puntaje: 1", "score", 1),
        ("Es políticamente expuesto: Sí", "is_politically_exposed", True),
        ("Country: Colombia", "country", "CO"),
        ("País: BR", "country", "BR"),
        ("Status da consulta: Concluído", "status", "completed"),
        ("Check status: Half done", "status", "Half done"),
        ("National ID: 0012", "national_id", "0012"),
        ("Person criminal records: a: b: c", "person_criminal_records", "a: b: c"),
    ],
)
def test_values_are_typed_by_the_catalogue_and_unknown_words_pass(
    line: str, field: str, value: Json
):
    read = one(f"{HEAD}{line}\n").object[field]
    assert (read, type(read)) == (value, type(value))


@pytest.mark.parametrize(
    "text",
    [
        "Event: Email verification failed\n",
        "Email verification failed\nTimestamp: 2026-08-03T10:00:00Z\n",
    ],
)
def test_an_event_without_any_field_needs_one_label_of_its_own(text: str):
    notice = one(text)
    assert (notice.type, notice.action, notice.object) == ("email_verification", "failed", {})


@pytest.mark.parametrize(
    "text",
    [
        "Check finished\n",
        "Your candidate's check finished yesterday. Note: nothing to do.\n",
        f"Check ID: {CHECK}\n",
        f"Check created by: {CHECK}\n",
        "Event: Something new\nColour: red\n",
    ],
)
def test_without_an_event_and_a_label_there_is_no_notice(text: str):
    assert read(text) == Reading()


def test_unknown_labels_are_left_out():
    text = f"{HEAD}Check ID: {CHECK}\nRegards: the team\nhttps://example.com/?a=b\n"
    assert one(text).object == {"check_id": CHECK}


def test_a_label_may_repeat_itself_but_not_contradict_itself():
    repeated = one(f"{HEAD}Country: CO\nCountry: Colombia\n")
    assert repeated.object == {"country": "CO", "country_name": "Colombia"}
    for text in ("Country: CO\nCountry: Peru\n", "Timestamp: 2026-08-03\nDate: 2026-08-04\n"):
        reading = read(f"{HEAD}{text}")
        assert (reading.notices, reading.unread) == ((), 1)
        assert str(reading.problem).startswith("malformed_notice:")


def test_contradictions_in_a_mail_that_names_no_event_are_nothing():
    assert read("Event: Summer fair\nDate: Monday\nEvent: Winter fair\nDate: Friday\n") == Reading()


def test_labels_in_quoted_text_are_not_read():
    assert read(f"Thanks!\n\n> {HEAD}> Check ID: {CHECK}\n") == Reading()
