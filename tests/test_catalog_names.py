"""The name of an event in a line, as people write it in three languages."""

from __future__ import annotations

import pytest

from mailhook import catalog
from mailhook.catalog import EventName

WORDS = catalog.load()


@pytest.mark.parametrize(
    ("text", "event"),
    [
        ("Your background check has been completed", "check.finished"),
        ("[Truora] Notification: check delayed!", "check.delayed"),
        ("checks.check.finished", "check.finished"),
        ("checks.check.delayed", "check.delayed"),
        ("identity_process.succeeded", "identity_process.succeeded"),
        ("Se creó el chequeo", "check.created"),
        ("La verificación de antecedentes ha sido finalizada", "check.finished"),
        ("Verificación de documento: rechazada", "document_validation.failed"),
        ("Validación facial creada con éxito", "face_recognition.created"),
        ("O processo de identidade foi aprovado", "identity_process.succeeded"),
        ("Consulta concluída com sucesso", "check.finished"),
        ("Processo de identidade concluído com sucesso", "identity_process.succeeded"),
        ("Identity process not approved", "identity_process.failed"),
        ("Outbound aprobado", "whatsapp_outbound.approved"),
        ("Identidad digital aprobada", "identity_process.succeeded"),
        ("Digital identity: step succeeded", "identity_process.step_succeeded"),
        ("Conversa iniciada pelo usuário", "whatsapp_inbound.started"),
        ("Notificación de WhatsApp enviada", "truconnect_notification.sent"),
    ],
)
def test_a_line_that_is_wholly_a_name_names_its_event(text: str, event: str):
    assert WORDS.find_event(text) == EventName(*event.split("."), exact=True)


@pytest.mark.parametrize(
    ("text", "event"),
    [
        ("The check of your candidate, check finished, is on your dashboard", "check.finished"),
        ("Hola, el chequeo finalizado está en el panel", "check.finished"),
        ("Sua consulta atrasada voltou à fila", "check.delayed"),
    ],
)
def test_a_name_inside_a_sentence_is_found_but_is_not_exact(text: str, event: str):
    assert WORDS.find_event(text) == EventName(*event.split("."), exact=False)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Check",
        "Created",
        "Check created by: user@example.com",
        "Chequeo creado por: ana@example.com",
        "Consulta criada por: ana@example.com",
        "Check created or check delayed, we cannot tell",
        "Your invoice is ready",
        "Not check finished",
        "Check " * 200 + "finished",
        "finalizado " * 30,
    ],
)
def test_what_names_no_event_or_several_is_none(text: str):
    assert WORDS.find_event(text) is None


@pytest.mark.parametrize(
    ("product", "text", "event"),
    [
        ("Checks", "Finished", "check.finished"),
        ("checks", "check delayed", "check.delayed"),
        ("Chequeos", "creado", "check.created"),
        ("Digital Identity", "proceso expirado", "identity_process.expired"),
        ("Identidade digital", "aprovado", "identity_process.succeeded"),
        ("Digital Identity", "deleted", "identity_flow.deleted"),
        ("Whatsapp Outbound", "aprobado", "whatsapp_outbound.approved"),
        ("WhatsApp Session", "cancelled", "whatsapp_session.canceled"),
        ("Validación de correo", "Fallida", "email_verification.failed"),
        ("Signals", "anomaly detected", "signal.detected"),
    ],
)
def test_beside_its_product_the_bare_action_is_a_name(product: str, text: str, event: str):
    assert WORDS.find_event(text, product) == EventName(*event.split("."), exact=True)
