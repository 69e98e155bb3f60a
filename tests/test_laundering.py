"""What a proven mail does not say itself is not proven by it; what it says is not thrown away."""

from __future__ import annotations

import json
import time

import mails
import pytest

from mailhook.model import Finding
from mailhook.pipeline import examine
from mailhook.trust import Trust

EVENT = {"event_type": "check", "event_action": "finished", "object": {"check_id": "CHK1"}}
LABELS = "Event: Check finished\nCheck ID: CHK1\n"
ALERT = "Your webhook has been disabled"


def look(trust: Trust, text: str = "", **options: object) -> Finding:
    return examine(mails.delivered(mails.write(text, **options)), trust)  # type: ignore[arg-type]


@pytest.mark.parametrize("mark", ["> ", " > ", "\u200b> ", "| "])
def test_a_quoted_hook_is_no_hook(trust: Trust, mark: str):
    quoted = "".join(f"{mark}{line}\n" for line in LABELS.splitlines())
    assert look(trust, f"see below\n\n{quoted}").events == ()


@pytest.mark.parametrize(
    "start",
    [
        "On Mon, Aug 3, 2026 at 1:00 PM Eve Example\n<eve@example.com> wrote:\n\n",
        "From: Eve\nSent: Monday\nTo: Truora\n",
        "De: Eve\nEnviado el: lunes\nAsunto: hola\n",
    ],
)
def test_what_follows_the_start_of_a_quote_is_no_hook(trust: Trust, start: str):
    assert look(trust, f"thanks\n\n{start}{LABELS}").events == ()


@pytest.mark.parametrize("prefix", ["Re", "RE", "Fwd", "RV", "ENC", "Re[2]", "AW"])
def test_the_subject_of_a_reply_is_somebody_elses_word(trust: Trust, prefix: str):
    finding = look(trust, "thanks for your mail", subject=f"{prefix}: {ALERT}")
    assert (finding.verdict, finding.events) == ("quarantined", ())


@pytest.mark.parametrize("kind", ["text/plain", "text/rfc822-headers"])
def test_a_text_that_is_attached_is_not_the_mails_own(trust: Trust, kind: str):
    attached = ((kind, "mail from eve.txt", json.dumps(EVENT).encode()),)
    assert look(trust, "see the attached mail", attachments=attached).events == ()


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"events": [EVENT, {"type": "check.finished"}]}),
        json.dumps({"events": [EVENT, {"event_type": None}]}),
        json.dumps({"events": [EVENT, json.dumps(EVENT)]}),
        json.dumps(EVENT) + "\n" + json.dumps({"data": EVENT}),
        json.dumps({"events": [EVENT], "event": EVENT}),
        json.dumps(EVENT | {"events": [EVENT]}),
    ],
)
def test_an_event_in_an_unknown_place_is_counted_as_not_understood(trust: Trust, text: str):
    finding = look(trust, text)
    assert (len(finding.events), finding.unread) == (1, 1)


def test_a_page_does_not_hide_what_the_text_told_of_more(trust: Trust):
    text = json.dumps([EVENT | {"id": f"HKE{n}", "object": {}} for n in range(2)])
    page = "<p>Event: Check finished</p><p>Check ID: CHK2</p>"
    assert [one.truora_id for one in look(trust, text, html=page).events] == ["HKE0", "HKE1"]


def test_a_page_does_not_hide_what_was_not_understood_in_the_text(trust: Trust):
    text = '{"event_type": "check", "event_action": "finished", "object": {"a": 1, "a": 2}}'
    page = "<p>Event: Check finished</p><p>Check ID: CHK2</p>"
    finding = look(trust, text, html=page)
    assert (len(finding.events), finding.unread) == (1, 1)


@pytest.mark.parametrize("lines", [LABELS + "ID: CHK2\n", "ID: CHK2\n" + LABELS])
def test_two_subjects_in_one_mail_are_a_contradiction(trust: Trust, lines: str):
    finding = look(trust, lines)
    assert (finding.verdict, finding.events) == ("quarantined", ())


def test_labels_that_look_like_a_quoted_mails_headers_are_labels(trust: Trust):
    text = f"Evento: Chequeo finalizado\nDe: Truora\nFecha: 2026-08-03T11:59:30Z\n{LABELS}"
    (event,) = look(trust, text.replace("Event: Check finished\n", "")).events
    assert (event.subject_id, event.time_source) == ("CHK1", "vendor")


def test_a_date_alone_is_no_time_of_an_event(trust: Trust):
    (event,) = look(trust, f"{LABELS}Timestamp: 2026-08-03\n").events
    assert (event.time_source, event.raw_timestamp) == ("mail", "2026-08-03")


def test_an_endless_id_takes_no_time(trust: Trust):
    start = time.process_time()
    look(trust, f"Event: Check finished\nCheck ID: a{'.' * 500_000} b\n", proof=None)
    assert time.process_time() - start < 2
