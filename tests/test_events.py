"""From a notice to an event: words, subject, time, key."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from mails import NOON

from mailhook import catalog
from mailhook.events import Context, alias, interpret
from mailhook.model import Event, Notice, Object

MAIL = Context("email", "mail:<m1@truora.com>", NOON, NOON, verified=True)


def event(type_name: str, action: str, content: Object, **said: Any) -> Event:
    return interpret(Notice("test", type_name, action, content, **said), 1, MAIL, catalog.load())


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (("check", "finished"), ("check", "finished")),
        (("Check", "Completed"), ("check", "finished")),
        (("checks.check", "checks.check.finished"), ("check", "finished")),
        (("identity_process", "success"), ("identity_process", "succeeded")),
        (("identity_process", "failure"), ("identity_process", "failed")),
        (("identity-process", "Overwritten Success"), ("identity_process", "overwritten_success")),
        (
            ("digital_identity.identity_process", "success"),
            ("identity_process", "succeeded"),
        ),
        (("whatsapp_outbound", "cancelled"), ("whatsapp_outbound", "canceled")),
        (("whatsapp_outbound", "approved"), ("whatsapp_outbound", "approved")),
        (("document_validation", "approved"), ("document_validation", "succeeded")),
        (("Brand-New Thing", "Was Pondered"), ("brand_new_thing", "was_pondered")),
    ],
)
def test_words_are_normalised_and_the_vendors_own_kept(
    said: tuple[str, str], meant: tuple[str, str]
):
    told = event(*said, {})
    assert (told.event_type, told.event_action) == meant
    assert (told.raw_type, told.raw_action) == said


@pytest.mark.parametrize(
    ("type_name", "action", "repeats"),
    [
        ("check", "created", False),
        ("check", "finished", False),
        ("check", "delayed", True),
        ("continuous_check", "changed", True),
        ("identity_process", "expired", False),
        ("identity_process", "step_succeeded", True),
        ("identity_process", "overwritten_success", True),
        ("identity_process", "overwritten_failure", True),
        ("identity_flow", "updated", True),
        ("whatsapp_session", "restarted", True),
        ("whatsapp_session", "expired", False),
        ("face_search", "enrolled", True),
        ("check", "pondered", True),
        ("gadget", "finished", True),
    ],
)
def test_the_key_has_a_time_where_the_action_may_repeat(
    type_name: str, action: str, *, repeats: bool
):
    info = catalog.load().type(type_name)
    content = {info.id_fields[0] if info else "gadget_id": "S1"}
    told = event(type_name, action, content, timestamp="2026-08-03T10:00:00.25Z")
    base = f"S1/{type_name}.{action}"
    assert told.base_key == base
    assert told.key == (f"{base}@2026-08-03T10:00:00.250000Z" if repeats else base)
    assert told.repeatable is repeats


@pytest.mark.parametrize(
    ("type_name", "content", "subject"),
    [
        ("gadget", {"gadget_id": "G1", "other_id": "O1"}, ("gadget", "G1")),
        ("blue_gadget", {"blue_gadget_id": "B1", "gadget_id": "G1"}, ("blue_gadget", "B1")),
        ("blue_gadget", {"gadget_id": "G1", "other_id": "O1"}, ("gadget", "G1")),
        ("shop.blue_gadget", {"blue_gadget_id": "B1", "gadget_id": "G1"}, ("blue_gadget", "B1")),
        ("shop.gadget", {"gadget_id": "G1", "other_id": "O1"}, ("gadget", "G1")),
        ("gadget", {"other_id": "O1"}, ("other", "O1")),
        ("gadget", {"other_id": "O1", "third_id": "T1"}, (None, None)),
        ("gadget", {"other_id": "O1", "third_id": "", "fourth_id": None}, ("other", "O1")),
        ("gadget", {"other_id": 17}, ("other", "17")),
        ("gadget", {"other_id": True}, (None, None)),
        ("gadget", {"other_id": {"id": "O1"}}, (None, None)),
        ("gadget", {"gadget_id": " "}, (None, None)),
        ("gadget", {}, (None, None)),
        ("user", {"user_id": "U1"}, ("user", "U1")),
        *(
            ("gadget", {f"{word}_id": "X1", "other_id": "O1"}, ("other", "O1"))
            for word in "account client user flow process identity_process national".split()
        ),
        *(
            ("gadget", {f"{word}_id": "X1"}, (None, None))
            for word in "account client user flow process".split()
        ),
    ],
)
def test_the_subject_of_an_unknown_type_is_its_own_id_or_the_only_one(
    type_name: str, content: Object, subject: tuple[str | None, str | None]
):
    told = event(type_name, "opened", content)
    assert (told.subject_type, told.subject_id) == subject


@pytest.mark.parametrize(
    ("type_name", "product"),
    [("check", "checks"), ("gadget", "gadget"), (" Shop  Things", "shop_things"), ("", "unknown")],
)
def test_the_product_is_the_catalogues_or_else_the_type(type_name: str, product: str):
    assert event(type_name, "opened", {}).product == product


def test_a_known_type_without_its_id_has_no_other_subject():
    told = event("check", "finished", {"validation_id": "VLD1"}, truora_id="HKE1")
    assert (told.subject_type, told.subject_id) == (None, None)
    assert told.key == "HKE1/check.finished"


def test_an_identity_process_is_found_under_either_name_of_its_id():
    for name in ("process_id", "identity_process_id"):
        told = event("identity_process", "created", {name: "IDP1"})
        assert (told.subject_id, told.process_id) == ("IDP1", "IDP1")


def test_an_overriding_status_goes_before_the_status():
    told = event("identity_process", "failed", {"status": "success", "override_status": "failure"})
    assert told.raw_status == "failure"


@pytest.mark.parametrize(
    ("said", "context", "source"),
    [
        ("2026-08-03T10:00:00Z", MAIL, "vendor"),
        ("0001-01-01T00:00:00Z", MAIL, "mail"),
        (None, MAIL, "mail"),
        (None, replace(MAIL, sent_at=None), "received"),
        (None, replace(MAIL, channel="web", sent_at=None), "received"),
        (None, replace(MAIL, channel="api", sent_at=None), "observed"),
    ],
)
def test_the_time_says_whose_it_is(said: str | None, context: Context, source: str):
    notice = Notice("test", "check", "finished", {"check_id": "CHK1"}, timestamp=said)
    told = interpret(notice, 1, context, catalog.load())
    assert told.time_source == source
    assert told.undated is (source != "vendor")


def test_a_notice_with_its_own_signature_is_verified_in_any_mail():
    notice = Notice("test", "check", "finished", {"check_id": "CHK1"}, proven=True)
    unproven = replace(MAIL, verified=False)
    assert interpret(notice, 1, unproven, catalog.load()).authenticity == "verified"
    assert (
        interpret(replace(notice, proven=False), 1, unproven, catalog.load()).authenticity
        == "unverified"
    )


@pytest.mark.parametrize("vendor_id", ["HKE1", "CHK1/check.finished", "mail:<a@b>#1/x.y", "a~2?@"])
def test_an_alias_is_never_of_a_keys_shape(vendor_id: str):
    assert not set("/@#~?") & set(alias(vendor_id))
