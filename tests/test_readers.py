"""What the readers find in a mail: tokens, and which of the spellings counts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from mails import write

from mailhook import catalog, message, readers, token
from mailhook.readers import Reading

TOKENS = Path(__file__).parents[1] / "fixtures" / "token"
KEY = b"fixture-signing-key-0123456789abcdef"
OTHER = b"another-signing-key-0123456789abcdef"
CHECK = "CHK0123456789abcdef0123456789abcdef"
EVENT = {
    "id": "HKE0123456789abcdef0123456789abcdef01234567",
    "event_type": "check",
    "event_action": "finished",
    "object": {"check_id": CHECK, "status": "completed"},
    "timestamp": "2026-08-03T10:00:00Z",
    "version": "1.0",
}
TOKEN = token.sign({"iss": "Truora", "iat": 1785751201, "events": [EVENT]}, KEY)
JSON = json.dumps(EVENT)
LABELS = f"Event: Check delayed\nCheck ID: {CHECK}\n"
ALERT = "Your webhook has been disabled.\n"


def read(
    text: str = "", *, keys: tuple[bytes, ...] = (KEY,), subject: str = "Truora", **options: Any
) -> Reading:
    mail = message.parse(write(text, subject=subject, **options))
    return readers.read(mail, catalog.load(), keys)


def code(reading: Reading) -> str | None:
    return reading.problem and reading.problem.partition(":")[0]


@pytest.mark.parametrize("name", [path.stem for path in sorted(TOKENS.glob("*.jwt"))])
def test_a_token_says_what_stands_beside_it(name: str):
    wanted = json.loads((TOKENS / f"{name}.json").read_text())
    reading = read((TOKENS / f"{name}.jwt").read_text())
    assert [
        {
            "type": one.type,
            "action": one.action,
            "timestamp": one.timestamp,
            "truora_id": one.truora_id,
            "object": one.object,
        }
        for one in reading.notices
    ] == wanted["notices"]
    assert (reading.unread, code(reading)) == (wanted["unread"], wanted["problem"])
    assert all(one.proven for one in reading.notices)


def test_every_token_has_its_expectation_and_every_expectation_its_token():
    names = {path.stem for path in TOKENS.glob("*.jwt")}
    assert names == {path.stem for path in TOKENS.glob("*.json")}


@pytest.mark.parametrize(
    "options",
    [
        {"text": f"Here it is: {TOKEN}."},
        {"text": f"<{TOKEN}>"},
        {"text": "\n".join(TOKEN[at : at + 60] for at in range(0, len(TOKEN), 60))},
        {"text": f"https://hooks.example.com/?event={TOKEN}&x=1"},
        {"html": f"<p>{TOKEN}</p>"},
        {"html": f'<a href="https://hooks.example.com/?event={TOKEN}">open</a>'},
        {"attachments": (("application/jwt", "", TOKEN.encode()),)},
        {"attachments": (("application/octet-stream", "hook.JWT", TOKEN.encode()),)},
        {"attachments": (("application/octet-stream", "hook.txt", TOKEN.encode()),)},
        {"attachments": (("application/json", "", json.dumps({"token": TOKEN}).encode()),)},
    ],
)
def test_a_token_is_found_wherever_it_stands(options: dict[str, Any]):
    reading = read(**options)
    assert (reading.reader, len(reading.notices)) == ("token", 1)
    assert reading.notices[0].object == EVENT["object"]


def test_a_token_that_stands_in_text_page_and_attachment_is_one_notice():
    attached = (("application/jwt", "hook.jwt", TOKEN.encode()),)
    reading = read(f"{TOKEN}\n{TOKEN}", html=f"<p>{TOKEN}</p>", attachments=attached)
    assert len(reading.notices) == 1


def test_a_token_of_an_older_key_is_still_proof():
    assert read(TOKEN, keys=(OTHER, KEY)).notices[0].proven


def test_beside_an_invalid_token_nothing_else_is_read():
    reading = read(f"{TOKEN}\n{LABELS}", keys=(OTHER,), html=f"<p>{LABELS}</p>")
    assert (reading.notices, reading.unread, code(reading)) == ((), 1, "unknown_key")


def test_without_a_key_the_problem_names_the_setting():
    assert "trust.signing_keys" in str(read(TOKEN, keys=()).problem)


def test_a_valid_token_beside_an_invalid_one_counts():
    forged = token.sign({"iss": "Truora", "events": [EVENT]}, OTHER)
    reading = read(f"Old: {forged}\n\nNew: {TOKEN}\n")
    assert (len(reading.notices), reading.unread, code(reading)) == (1, 1, "unknown_key")


def test_a_token_that_is_no_hook_does_not_hide_what_stands_beside_it():
    link = token.sign({"sub": "unsubscribe"}, OTHER)
    assert read(f"{LABELS}https://example.com/u?t={link}").reader == "labelled"


@pytest.mark.parametrize(
    ("text", "reader"),
    [
        (f"{ALERT}{LABELS}{JSON}\n{TOKEN}", "token"),
        (f"{ALERT}{LABELS}{JSON}", "json"),
        (f"{ALERT}{LABELS}", "labelled"),
        (ALERT, "alert"),
        ("Nothing of interest.", None),
    ],
)
def test_readers_are_tried_in_one_order(text: str, reader: str | None):
    assert read(text).reader == reader


def test_a_page_is_not_looked_at_where_the_text_gave_an_event():
    reading = read(LABELS, html=f"<p>{JSON}</p>")
    assert (reading.reader, reading.notices[0].action) == ("labelled", "delayed")


@pytest.mark.parametrize("text", ["", "Please use a program that shows HTML.", "Truora\n2026\n"])
def test_a_page_is_read_where_the_text_gave_no_event(text: str):
    assert read(text, html=f"<pre>{JSON}</pre>").reader == "json"


def test_the_page_has_the_fields_where_the_text_has_only_the_events_name():
    page = f"<table><tr><td>Check ID</td><td>{CHECK}</td></tr></table>"
    text = "Check finished\nDate: 2026-08-03T10:00:00Z\n"
    (notice,) = read(text, subject="Check finished", html=page).notices
    assert notice.object == {"check_id": CHECK}


def test_an_event_that_only_the_text_names_stands_though_the_page_is_empty():
    text = "Event: Email verification failed\nTimestamp: 2026-08-03T10:00:00Z\n"
    assert len(read(text, html="<p>Truora</p>").notices) == 1


@pytest.mark.parametrize("quoted", [f"> {JSON}", f"On Mon, Truora wrote:\n{JSON}"])
def test_quoted_text_is_not_read(quoted: str):
    assert read(f"Thank you.\n\n{quoted}\n") == Reading()


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ({"text": f"About {CHECK}"}, True),
        ({"text": "See the page", "html": f"<p>About {CHECK}</p>"}, True),
        ({"text": "Your webhook has been disabled."}, True),
        ({"text": "", "subject": "Su webhook fue desactivado"}, True),
        ({"text": "If it fails, your webhook will be disabled."}, False),
        ({"text": "Five ideas for a smoother onboarding. CHECK them."}, False),
    ],
)
def test_bulk_mail_with_a_vendors_id_or_an_alerts_words_is_suspicious(
    words: dict[str, Any], *, wanted: bool
):
    mail = message.parse(write(**words))
    assert readers.suspicious(mail, catalog.load()) is wanted
