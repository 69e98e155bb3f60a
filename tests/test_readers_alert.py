"""Mails about the delivery of hooks: what they state, and what they only suppose."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from mails import write

from mailhook import catalog, message, readers
from mailhook.model import Json

HOOK = "https://hooks.example.com/truora"


def stated(text: str = "", subject: str = "Truora", html: str | None = None) -> str | None:
    mail = message.parse(write(text, subject=subject, html=html))
    reading = readers.read(mail, catalog.load())
    return f"{reading.notices[0].type}.{reading.notices[0].action}" if reading.notices else None


def content(text: str = "", html: str | None = None, subject: str = "Webhook failing") -> Json:
    subject = "Your webhook is failing" if subject == "Webhook failing" else subject
    mail = message.parse(write(text, subject=subject, html=html))
    (notice,) = readers.read(mail, catalog.load()).notices
    return dict(notice.object)


FAILING, DISABLED = "webhook.delivery_failing", "webhook.disabled"
ENABLED, CHANGED = "webhook.enabled", "webhook.status_changed"


@pytest.mark.parametrize(
    ("sentence", "alert"),
    [
        ("Your webhook is failing.", FAILING),
        ("42 % of the delivery attempts to your endpoint failed.", FAILING),
        ("We could not deliver 17 events to your hook.", FAILING),
        ("Your endpoint stopped responding.", FAILING),
        ("Las entregas de su webhook están fallando.", FAILING),
        ("No pudimos entregar eventos a su endpoint.", FAILING),
        ("Muitas falhas no webhook de produção.", FAILING),
        ("As entregas da sua assinatura falharam.", FAILING),
        ("Your webhook has been disabled.", DISABLED),
        ("Your hook was disabled because more than 80 % of delivery attempts failed.", DISABLED),
        ("Webhook disabled: too many failed attempts", DISABLED),
        ("Webhook inactive", DISABLED),
        ("La suscripción fue desactivada porque fallaron los intentos de entrega.", DISABLED),
        ("Se desactivó su webhook.", DISABLED),
        ("Deshabilitamos la regla.", DISABLED),
        ("A assinatura foi desativada porque mais de 80% das tentativas falharam.", DISABLED),
        ("Desativamos o seu webhook.", DISABLED),
        ("YOUR WEBHOOK HAS BEEN DISABLED", DISABLED),
        ("Your webhook has been enabled again.", ENABLED),
        ("Su webhook fue reactivado.", ENABLED),
        ("O webhook foi reativado.", ENABLED),
        ("Webhook status update", CHANGED),
        ("Hubo un cambio de estado en su webhook.", CHANGED),
        ("Mudança de status do webhook", CHANGED),
        ("Your webhook status has changed to disabled.", DISABLED),
    ],
)
def test_a_sentence_states_an_alert_in_text_page_and_subject(sentence: str, alert: str):
    assert stated(f"Hello,\n\n{sentence}\n") == alert
    assert stated(html=f"<p>Hello,</p><p>{sentence}</p>") == alert
    assert stated("Please look at your dashboard.\n", subject=sentence) == alert


@pytest.mark.parametrize(
    "sentence",
    [
        "Your webhook has not been disabled.",
        "Ningún webhook ha sido desactivado.",
        "Nenhum webhook foi desativado.",
        "If more than 80 % of attempts fail, your webhook will be disabled.",
        "Si falla más del 80 %, su suscripción será desactivada.",
        "Se mais de 80% das tentativas falharem, a assinatura será desativada.",
        "Webhooks are disabled when more than 80 % of attempts fail within 60 minutes.",
        "Subscriptions are disabled automatically if they do not answer.",
        "How to avoid that your webhook is disabled",
        "Your account has been disabled.",
        "Learn what a webhook is.",
    ],
)
def test_what_is_denied_or_supposed_or_about_something_else_is_no_alert(sentence: str):
    assert stated(f"Hello,\n\n{sentence}\n") is None


@pytest.mark.parametrize(
    "text",
    [
        "If more than eighty per cent of all attempts fail, then the webhook\nis disabled.\n",
        "Please remember our rule that webhooks and subscriptions are\ndisabled when they fail.\n",
        "We are happy to tell you that your webhook https://hooks.example.com is not\ndisabled.\n",
    ],
)
def test_a_sentence_that_goes_on_in_the_next_line_is_read_whole(text: str):
    assert stated(text) is None


def test_a_statement_broken_into_lines_is_found():
    text = "We are sorry: some of the events for your webhook https://hooks.example.com could not\n"
    assert stated(f"{text}be delivered.\n") == FAILING


@pytest.mark.parametrize(
    ("subject", "text", "alert"),
    [
        ("Webhook status update", "Your webhook has been disabled.", DISABLED),
        ("Webhook status update", "Status: Disabled", DISABLED),
        ("Actualización de estado del webhook", "Estado: Inactivo", DISABLED),
        ("Webhook status update", "Please look at the dashboard.", CHANGED),
        ("Delivery failures of your webhook", "It has been disabled today.", DISABLED),
        ("Webhook enabled", "It was disabled since Monday.", ENABLED),
        ("Webhook failing", "If this goes on, it will be disabled.", FAILING),
        ("Su suscripción", "Fue desactivada.", DISABLED),
        ("Notice", "Fue desactivada.", None),
    ],
)
def test_of_several_statements_the_one_that_says_most_counts(
    subject: str, text: str, alert: str | None
):
    assert stated(text, subject=subject) == alert


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        (f"Endpoint: {HOOK}\n", HOOK),
        (f"URL del webhook: <{HOOK}>\n", HOOK),
        (f"Endereço:\t{HOOK}\n", HOOK),
        (f"The deliveries to {HOOK}, they say, fail.\n", HOOK),
        (f"See https://www.truora.com/help. It is ({HOOK}).\n", HOOK),
        (f"https://truora.com\nHTTPS://APP.TRUORA.COM/x\nhttps://truora.com:443/\n{HOOK}\n", HOOK),
        ("It is https://truora.com.example.net/x\n", "https://truora.com.example.net/x"),
        ("It is https://example.net/?u=truora.com\n", "https://example.net/?u=truora.com"),
        (f"See https://example.net/a for help.\nEndpoint: {HOOK}\n", HOOK),
        ("Open https://app.truora.com/webhooks.\n", None),
    ],
)
def test_the_endpoint_is_the_labelled_address_else_the_first_that_is_not_the_vendors(
    text: str, endpoint: str | None
):
    found = content(text)
    assert isinstance(found, dict)
    assert found.get("endpoint") == endpoint


def test_links_are_no_endpoint_as_they_differ_between_copies_of_one_alert():
    page = f'<p>It is <a href="https://click.example.net/1">{HOOK}</a></p>'
    assert content(html=page) == {"endpoint": HOOK}
    assert content(html='<p><a href="https://click.example.net/1">Help</a></p>') == {}


@pytest.mark.parametrize(
    "href", [HOOK, f"https://click.truora.com/c?u={quote(HOOK, safe='')}&id=7"]
)
def test_where_no_address_is_seen_a_link_on_a_word_for_a_hook_leads_to_it(href: str):
    assert content(html=f'<p>It is <a href="{href}">your endpoint</a></p>') == {"endpoint": HOOK}


@pytest.mark.parametrize(
    "text",
    [
        "More than 80% of deliveries failed. Failed attempts: 92 %",
        "Failed attempts: 92% (46 of 50)\n\nOver 80 % it is disabled.",
        "Más del 80 % de los intentos falló (medido: 92 %).",
    ],
)
def test_of_the_vendors_limit_and_what_was_measured_the_latter_counts(text: str):
    assert content(text)["failure_percentage"] == 92.0


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("42% failed in the last 60 minutes.", (42.0, 60)),
        ("42,5 % de los intentos en 2 horas.", (42.5, 120)),
        ("42 por ciento em 30 minutos.", (42.0, 30)),
        ("42 per cent within 1 hour.", (42.0, 60)),
        ("Failure rate: 42\nWindow: 60 min\n", (42.0, 60)),
        ("Taxa de falhas: 42 %\nJanela: 60 minutos\n", (42.0, 60)),
        ("If 80% fail within 60 minutes, it stops. Now 42% fail.", (42.0, None)),
        ("Si falla el 80 % en 60 minutos, se detiene.", (None, None)),
        ("Se mais de 80% falharem em 60 minutos, ela para.", (None, None)),
        ("We could not deliver 42% of the events.", (42.0, None)),
        ("Nothing in figures.", (None, None)),
    ],
)
def test_percentage_and_window_are_those_that_are_told_as_facts(
    text: str, named: tuple[float | None, int | None]
):
    found = content(text)
    assert isinstance(found, dict)
    assert (found.get("failure_percentage"), found.get("window_minutes")) == named


@pytest.mark.parametrize(
    "options",
    [
        {"text": f"Nome do webhook: produção\nURL do webhook: {HOOK}\nTaxa de falhas: 61%\n"},
        {
            "html": "<table><tr><td>Webhook name</td><td>produção</td></tr>"
            f"<tr><td>Webhook URL</td><td>{HOOK}</td></tr>"
            "<tr><td>Failure rate</td><td>61%</td></tr></table>"
        },
    ],
)
def test_labels_of_an_alert_are_read_from_lines_and_tables(options: dict[str, str]):
    wanted = {"endpoint": HOOK, "hook_name": "produção", "failure_percentage": 61.0}
    assert content(**options) == wanted
