"""Look-ups on the vendor's vocabulary: labels, values, and what the words mean."""

from __future__ import annotations

import pytest

from mailhook import catalog
from mailhook.model import Json

WORDS = catalog.load()


@pytest.mark.parametrize(
    ("raw", "normal"),
    [
        ("check", "check"),
        ("Checks", "check"),
        ("digital_identity.identity_process", "identity_process"),
        ("identity-process", "identity_process"),
        ("face-recognition", "face_recognition"),
        ("email_validation", "email_verification"),
        ("whatsapp.session", "whatsapp_session"),
        ("Iris Scan", "iris_scan"),
        ("new.Brand-Thing", "new.brand_thing"),
    ],
)
def test_a_type_has_one_word_and_an_unknown_one_passes_through(raw: str, normal: str):
    assert WORDS.normal_type(raw) == normal


@pytest.mark.parametrize(
    ("raw", "on", "normal"),
    [
        ("success", "identity_process", "succeeded"),
        ("failure", "identity_process", "failed"),
        ("completed", "check", "finished"),
        ("cancelled", "whatsapp_session", "canceled"),
        ("Overwritten Success", "identity_process", "overwritten_success"),
        ("overwritten-failure", "identity_process", "overwritten_failure"),
        ("step succeeded", "identity_process", "step_succeeded"),
        ("approved", "whatsapp_outbound", "approved"),
        ("aprobado", "document_validation", "succeeded"),
        ("aprovada", None, "succeeded"),
        ("concluída", "check", "finished"),
        ("check.finished", "check", "finished"),
        ("Half Way-there", "check", "half_way_there"),
        ("success", "iris_scan", "succeeded"),
    ],
)
def test_an_action_has_one_word_and_an_unknown_one_passes_through(
    raw: str, on: str | None, normal: str
):
    assert WORDS.normal_action(raw, on) == normal


@pytest.mark.parametrize(
    ("raw", "normal"),
    [
        ("Completed", "completed"),
        ("finalizado", "completed"),
        ("Succeeded", "success"),
        ("Reprovado", "failure"),
        ("Cancelled", "canceled"),
        ("EN PROGRESO", "in_progress"),
        ("Waiting user response", "waiting_user_response"),
        ("Under Review", "under_review"),
    ],
)
def test_a_status_has_one_word_and_an_unknown_one_passes_through(raw: str, normal: str):
    assert WORDS.normal_status(raw) == normal


REPEATING = """delayed changed step_succeeded overwritten_success overwritten_failure restarted
    updated enrolled agent_reported agent_reactivated sent
    delivery_failing disabled enabled status_changed""".split()
FINAL = """finished succeeded failed expired canceled deleted
    overwritten_success overwritten_failure""".split()
FOLLOWING_FINAL = "changed restarted restored overwritten_success overwritten_failure".split()


@pytest.mark.parametrize(
    ("property_name", "wanted"),
    [("repeats", REPEATING), ("final", FINAL), ("follows_final", FOLLOWING_FINAL)],
)
def test_what_repeats_and_what_is_final_are_these_and_no_others(
    property_name: str, wanted: list[str]
):
    actions = [event.action for event in WORDS.events]
    assert {one.name for one in actions if getattr(one, property_name)} == set(wanted)


def test_an_unknown_action_may_repeat_and_ranks_lowest():
    for action in (WORDS.action("check", "halfway"), WORDS.action("iris_scan", "finished")):
        assert (action.repeats, action.final, action.follows_final, action.rank) == (
            True,
            False,
            False,
            0,
        )


@pytest.mark.parametrize(
    ("type_name", "life"),
    [
        ("check", "created started delayed finished"),
        ("identity_process", "created step_succeeded succeeded overwritten_failure"),
        ("whatsapp_outbound", "started approved canceled"),
        ("whatsapp_session", "started expired restarted"),
        ("identity_flow", "created updated deleted restored"),
    ],
)
def test_ranks_follow_the_life_of_a_subject(type_name: str, life: str):
    ranks = [WORDS.action(type_name, action).rank for action in life.split()]
    assert ranks == sorted(set(ranks))


@pytest.mark.parametrize(
    ("label", "on", "field"),
    [
        ("check id", "check", "check_id"),
        ("CHECK  ID", None, "check_id"),
        ("check_id", "check", "check_id"),
        ("Check-ID:", "check", "check_id"),
        ("Cedula de Ciudadania", "check", "national_id"),
        ("SITUAÇÃO CADASTRAL", "check", "document_status"),
        ("Número do documento", "document_validation", "document_number"),
        ("Identity process ID", "identity_process", "process_id"),
        ("Identity process ID", "face_recognition", "identity_process_id"),
        ("Estado", "check", "status"),
        ("Estado", "document_validation", "validation_status"),
        ("Name", "document_validation", "name"),
        ("Name", "check", "full_name"),
        ("Favourite colour", "check", None),
        ("x" * 300, "check", None),
    ],
)
def test_a_label_means_one_field_on_its_type(label: str, on: str | None, field: str | None):
    assert WORDS.field(label, on) == field


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        ("score", "0.87", 0.87),
        ("score", "0,87", 0.87),
        ("score", " 1 ", 1),
        ("score", "-1", -1),
        ("score", "1,234", "1,234"),
        ("score", "87 %", "87 %"),
        ("score", "٣", "٣"),
        ("score", "9" * 40, "9" * 40),
        ("flow_version", "16", 16),
        ("is_notification", "Sí", True),
        ("is_notification", "não", False),
        ("is_notification", "maybe", "maybe"),
        ("country", "BRASIL", "BR"),
        ("country", "co", "CO"),
        ("country", "México", "MX"),
        ("country", "Narnia", "Narnia"),
        ("status", "Concluído", "completed"),
        ("document_type", "Cédula de extranjería", "foreign-id"),
        ("gender", "Feminino", "female"),
        ("type", "custom type (example)", "custom type (example)"),
        ("national_id", "0012", "0012"),
        ("date_of_birth", " 1992-08-02T00:00:00Z ", "1992-08-02T00:00:00Z"),
        ("favourite_colour", " red ", "red"),
    ],
)
def test_a_value_is_what_the_wire_would_carry_and_an_unknown_one_passes_through(
    field: str, text: str, value: Json
):
    read = WORDS.value(field, text)
    assert (read, type(read)) == (value, type(value))


@pytest.mark.parametrize(
    ("label", "part"),
    [
        ("Event", "event"),
        ("nombre del evento", "event"),
        ("Fecha y hora", "timestamp"),
        ("DATA E HORA", "timestamp"),
        ("Event type", "type"),
        ("Ação do evento", "action"),
        ("event_action", "action"),
        ("Produto", "product"),
        ("Event ID", "id"),
        ("Llave de idempotencia", "idempotency_key"),
        ("Check ID", None),
    ],
)
def test_a_label_may_name_a_part_of_the_notice_itself(label: str, part: str | None):
    assert WORDS.meta(label) == part


@pytest.mark.parametrize(
    "text", ["Un aviso se ve así:", "un aviso SE VE ASI", "por ejemplo", "e.g."]
)
def test_a_text_says_of_itself_that_it_shows_examples(text: str):
    assert WORDS.phrases.speaks_of_examples(text)
    assert not WORDS.phrases.speaks_of_examples("El chequeo ha finalizado así.")


@pytest.mark.parametrize(
    "text", ["This is a TEST of your rule.", "Isto é um teste", "ESTO ES UNA PRUEBA"]
)
def test_a_text_says_of_itself_that_it_only_tries_something_out(text: str):
    assert WORDS.phrases.is_test(text)
    assert not WORDS.phrases.is_test("The check has passed every test.")
