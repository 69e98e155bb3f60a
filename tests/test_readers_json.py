"""Events as JSON in a mail: one, a list, the vendor's API page, and what is meant to be one."""

from __future__ import annotations

import json

import pytest
from mails import write

from mailhook import catalog, message, readers
from mailhook.readers import Reading

CHECK = "CHK0123456789abcdef0123456789abcdef"
EVENT = {
    "id": "HKE0123456789abcdef0123456789abcdef01234567",
    "event_type": "check",
    "event_action": "finished",
    "object": {"check_id": CHECK, "status": "completed"},
    "timestamp": "2026-08-03T10:00:00Z",
    "version": "1.0",
}
JSON = json.dumps(EVENT)


def read(text: str, attachments: tuple[tuple[str, str, bytes], ...] = ()) -> Reading:
    return readers.read(message.parse(write(text, attachments=attachments)), catalog.load())


def code(reading: Reading) -> str | None:
    return reading.problem and reading.problem.partition(":")[0]


@pytest.mark.parametrize(
    "text",
    [
        JSON,
        json.dumps([EVENT]),
        json.dumps({"events": [EVENT]}, indent=4),
        json.dumps({"events": [EVENT], "next": "", "self": "https://api.example.com/"}),
        json.dumps(EVENT | {"object": json.dumps(EVENT["object"])}),
        f"Hi {{name}}, [sic] this happened:\n\n```json\n{JSON}\n```\nBye {{}} [1]",
        f"{JSON}\n{JSON}",
        f"{JSON}\n{json.dumps(EVENT, sort_keys=True, indent=1)}",
        f'{{"note": "not an event"}}\n{JSON}',
        f"\ufeff{JSON}",
    ],
)
def test_json_of_one_event_is_one_notice(text: str):
    reading = read(text)
    (notice,) = reading.notices
    assert (notice.object, notice.timestamp) == (EVENT["object"], EVENT["timestamp"])
    assert (notice.truora_id, notice.version) == (EVENT["id"], EVENT["version"])
    assert not notice.proven
    assert (reading.reader, reading.unread, reading.problem) == ("json", 0, None)


def test_equal_events_without_any_id_are_one_even_if_their_members_stand_in_another_order():
    bare = {"event_type": "email_verification", "event_action": "failed"}
    objects = [{"threshold": 1, "country": "CO"}, {"country": "CO", "threshold": 1}]
    assert len(read(json.dumps([bare | {"object": one} for one in objects])).notices) == 1


def test_an_event_in_text_and_attachment_is_one_notice():
    attached = (("application/json", "event.json", json.dumps({"events": [EVENT]}).encode()),)
    assert len(read(JSON, attachments=attached).notices) == 1


def test_each_line_may_be_an_event():
    lines = [json.dumps(EVENT | {"id": f"HKE{nth:040x}"}) for nth in range(200)]
    assert len(read("\n".join(lines)).notices) == 200


def test_an_event_of_the_vendors_api_keeps_its_idempotency_key():
    listed = {
        "client_id": "example",
        "delivery_status": "failure",
        "event_action": "created",
        "event_type": "check",
        "idempotency_key": "HIK0123456789abcdef0123456789abcdef01234567",
        "object": json.dumps({"check_id": CHECK}),
        "product": "checks",
        "timestamp": "2026-08-03T10:00:00Z",
    }
    (notice,) = read(json.dumps({"events": [listed]})).notices
    assert (notice.idempotency_key, notice.truora_id, notice.object) == (
        listed["idempotency_key"],
        None,
        {"check_id": CHECK},
    )


def test_a_rules_name_holds_type_and_action():
    (notice,) = read(json.dumps({"event_type": "checks.check.finished", "object": {}})).notices
    assert (notice.type, notice.action) == ("checks.check", "finished")


def test_the_vendors_words_pass_as_they_are():
    odd = EVENT | {"event_type": "Iris-Scan", "event_action": "Half Way", "version": "9"}
    (notice,) = read(json.dumps(odd)).notices
    assert (notice.type, notice.action, notice.version) == ("Iris-Scan", "Half Way", "9")


@pytest.mark.parametrize(
    "text",
    [
        '{"event_type": "check"}',
        '{"event_type": "check", "event_action": ""}',
        '{"event_type": "check", "event_action": 7}',
        '{"event_type": "check", "event_action": "finished", "object": "{no json"}',
        '{"event_type": "check", "event_action": "finished", "object": [1]}',
        '{"event_type": "check", "event_type": "check", "event_action": "finished"}',
        '{"event_type": "check", "event_action": "finished", "object": {"score": NaN}}',
        '{"event_type": "check", "event_action": "finished", "object": {"score": 1e999}}',
        '{"event_type": "check", "event_action": "finished", ',
    ],
)
def test_what_is_meant_as_an_event_but_is_none_is_counted_with_its_problem(text: str):
    reading = read(text)
    assert (reading.notices, reading.unread, code(reading)) == ((), 1, "malformed_notice")


@pytest.mark.parametrize(
    "odd",
    [
        '{"event_type": "check"}',
        '{"event_type": "check", "event_action": "finished", "object": {"score": NaN}}',
        '{"event_type": "check", "event_action": "x", "object": {"good": {"a": 1}, "n": 1e999}}',
    ],
)
@pytest.mark.parametrize("order", ["before", "after"])
def test_one_odd_event_does_not_hide_its_neighbours(odd: str, order: str):
    reading = read(f"[{odd}, {JSON}]" if order == "before" else f"[{JSON}, {odd}]")
    assert (len(reading.notices), reading.unread, code(reading)) == (1, 1, "malformed_notice")


@pytest.mark.parametrize("text", ["{}", "[[]]", '{"name": "event_type"}', '{"events": []}'])
def test_json_that_is_no_event_is_nothing(text: str):
    assert read(text) == Reading()
