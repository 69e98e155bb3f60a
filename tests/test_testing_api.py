"""`mailhook.testing.api`: the vendor's API as a server of ours, and what docs/api.md says of it."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from dataclasses import fields
from datetime import timedelta
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest
from fake_api import NOW

from mailhook.testing.api import EVENTS, KEY, FakeApi

DOCS = (Path(__file__).parents[1] / "docs" / "api.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^\| `([a-z_]+)[^`]*` \|.*\| `(api\.[^|]+)` \|$", DOCS, re.MULTILINE)


def get(api: FakeApi, path: str) -> tuple[int, Any]:
    request = urllib.request.Request(api.url + path, headers={"Truora-API-Key": KEY})  # noqa: S310
    try:
        with urllib.request.urlopen(request) as answer:  # noqa: S310 - our own address
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


@pytest.mark.parametrize(
    ("event_type", "product"),
    [
        ("check", "checks"),
        ("identity_process", "digital_identity"),
        ("face_recognition", "facial_recognition"),
        ("iris_scan", "iris_scan"),
    ],
)
def test_the_product_is_the_catalogues_as_the_vendor_lists_it(event_type: str, product: str):
    with FakeApi() as api:
        api.add(event_type, "created", {})
        _, page = get(api, EVENTS)
        assert page["events"][0]["product"] == product


def test_a_start_that_is_no_number_is_refused_in_the_vendors_words():
    with FakeApi() as api:
        status, told = get(api, f"{EVENTS}?start=abc")
        assert (status, told["code"], told["http_code"]) == (400, 10_400, 400)
        assert get(api, EVENTS)[0] == 200


def test_the_example_of_the_documentation_runs():
    (block,) = re.findall(r"```python\n(.*?)```", DOCS, re.DOTALL)
    exec(block, {})  # noqa: S102 - our own documentation


@pytest.mark.parametrize(("name", "example"), EXAMPLES, ids=[name for name, _ in EXAMPLES])
def test_each_setting_of_the_documentation_does_something(name: str, example: str):
    before = BEFORE.get(name, "")
    assert answers(before) != answers(before, example)


# Without which the setting would make no difference.
BEFORE = {
    "order": "api.page_size = 1",
    "links": "api.page_size = 1",
    "repeats": "api.page_size = 2",
    "lead": "api.page_size = 1",
    "mend": "api.fail(503, times=9)",
}


def answers(*lines: str) -> list[str]:
    """What three requests of such an API come to, wherever it listens."""
    with FakeApi() as api:
        for line in lines:
            exec(line, {"api": api, "timedelta": timedelta})  # noqa: S102 - our own documentation
        for number in range(3):
            content, key = {"check_id": f"CHK{number}"}, f"HIK{number}"
            at = NOW + timedelta(minutes=number)
            api.add("check", "created", content, at, idempotency_key=key)
        paths = (EVENTS, "/v1/checks/CHK1", f"{EVENTS}/HIK1")
        return [answer(api, path).replace(api.url, "URL") for path in paths]


def answer(api: FakeApi, path: str) -> str:
    try:
        return str(get(api, path))
    except HTTPException as error:
        return type(error).__name__


def test_every_setting_is_documented():
    own = {"key", "tls", "events", "requests"}
    named = {one.name for one in fields(FakeApi)} - own | {"lead", "fail", "cut", "mend"}
    assert {name for name, _ in EXAMPLES} == named
