"""config.example.yaml: valid as it stands, complete, and true about defaults."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

import mailhook
from mailhook import config
from mailhook.config import AfterSettings, FolderSettings, Secret, Settings
from mailhook.config.keys import Pattern, dotted, known, sections
from mailhook.config.oauth2 import ALLOWED, OAuth2Settings
from mailhook.config.secret import SecretText

EXAMPLE = (Path(mailhook.__file__).parents[1] / "config.example.yaml").read_text()
LINES = EXAMPLE.splitlines()
# `#port: 993` is a setting switched off and `#  path: x` one beneath it; `# text` is a comment.
OFF = re.compile(r"(?P<indent> *)#(?P<deeper>(?: {2})*)(?P<setting>[a-z].*)")


@dataclass(frozen=True)
class Block:
    """A setting that is switched off, with the lines beneath it."""

    place: Pattern
    line: str
    text: str  # the whole example with this setting switched on


def read(text: str) -> Any:
    """As yaml.safe_load, by libyaml where that is: the example is read thirty times."""
    return yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506


def on(line: str) -> str:
    match = OFF.fullmatch(line)
    return "".join(match.groups()) if match else line


def places(value: object, at: Pattern = ()) -> Iterator[Pattern]:
    if at:
        yield at
    if isinstance(value, dict):
        for key, item in value.items():
            yield from places(item, (*at, key))
    if isinstance(value, list):
        for item in value:
            yield from places(item, (*at, "*"))


def blocks() -> Iterator[Block]:
    before = set(places(read(EXAMPLE)))
    for first, line in enumerate(LINES):
        match = OFF.fullmatch(line)
        if not match or match["deeper"]:
            continue
        end = first + 1
        while end < len(LINES) and (below := OFF.fullmatch(LINES[end])) and below["deeper"]:
            end += 1
        text = "\n".join([*LINES[:first], *map(on, LINES[first:end]), *LINES[end:]])
        place = min(set(places(read(text))) - before, key=len)
        yield Block(place, line, text)


BLOCKS = list(blocks())
# A section that is absent is a feature switched off.
FEATURES: dict[Pattern, str] = {
    ("store", "snapshot"): "group",  # the example names one; without it the copy is private
    ("notify",): "",
    ("metrics",): "",
    ("web",): "url",  # the example shows one; without it no alert is tied to the endpoint
    ("api",): "",
}
# Sections whose keys are the operator's own words.
FREE: Pattern = ("expect",)
# What stands in place of another setting, and shows the keys of several ways at once.
INSTEAD: Pattern = ("mailboxes", "*", "oauth2")
APART = {*FEATURES, INSTEAD, FREE}
NOW = [pytest.param(b, id=dotted(b.place)) for b in BLOCKS if b.place not in APART]
SWITCHES = [pytest.param(b, id=dotted(b.place)) for b in BLOCKS if b.place in FEATURES]
ALL_ON = "\n".join(map(on, LINES))


def load(text: str, home: Path) -> Settings:
    path = home / "config.yaml"
    path.write_text(text)
    return config.load(path)


def test_the_example_is_valid_and_nothing_in_it_is_unwise(tmp_path: Path):
    settings = load(EXAMPLE, tmp_path)
    assert [mailbox.name for mailbox in settings.mailboxes] == ["hooks"]
    assert config.warnings(settings) == []


@pytest.mark.parametrize("block", NOW)
def test_a_setting_that_is_switched_off_shows_its_default(block: Block, tmp_path: Path):
    assert load(block.text, tmp_path) == load(EXAMPLE, tmp_path)


@pytest.mark.parametrize("block", SWITCHES)
def test_a_feature_that_is_switched_off_shows_the_defaults_of_its_keys(
    block: Block, tmp_path: Path
):
    feature: Any = load(block.text, tmp_path)
    for step in block.place:
        feature = getattr(feature, step)
    assert feature
    one = feature[0] if isinstance(feature, tuple) else feature
    for name, field in type(one).model_fields.items():
        if not field.is_required() and name != FEATURES[block.place]:
            assert getattr(one, name) == field.get_default(call_default_factory=True), name


@pytest.mark.parametrize("way", ALLOWED, ids=" ".join)
def test_each_way_to_a_token_works_with_its_keys_of_the_example(
    way: tuple[str, str], tmp_path: Path
):
    whole = read(ALL_ON)
    (mailbox,) = whole["mailboxes"]
    shown = mailbox["oauth2"] | {"provider": way[0], "flow": way[1]}
    del mailbox["password"]
    mailbox["oauth2"] = {key: shown[key] for key in ALLOWED[way] if shown[key] is not None}
    made = load(yaml.safe_dump({"mailboxes": [mailbox]}), tmp_path).mailboxes[0].oauth2
    assert made
    assert (made.provider, made.flow) == way


def test_of_the_ways_to_a_token_the_example_shows_the_defaults():
    shown = read(ALL_ON)["mailboxes"][0]["oauth2"]
    usual = {key: shown[key] for key in ("provider", "tenant", "client_id", "client_secret")}
    made = OAuth2Settings.model_validate(usual)
    for key in ("flow", "authority", "ca_file", "token_file"):
        assert getattr(made, key) == shown[key], key
    assert list(made.scopes) == shown["scopes"]


def test_every_key_there_is_stands_in_the_example():
    written = set(places(read(ALL_ON)))
    in_one_line = {Secret, SecretText, FolderSettings, AfterSettings}
    inline = {at for at, model in sections().items() if model in in_one_line}
    whole_lines = {key for key in known() if key[:-1] not in inline}
    assert {dotted(key) for key in whole_lines} <= {dotted(key) for key in written}
    for key in known() - whole_lines:
        assert f"{{{key[-1]}: " in EXAMPLE or f", {key[-1]}: " in EXAMPLE, dotted(key)


def test_no_key_stands_in_it_that_there_is_not():
    for place in places(read(ALL_ON)):
        is_free = place[:-1] == FREE
        assert is_free or place[-1] == "*" or place in known(), dotted(place)


def test_every_key_has_a_comment_of_some_words():
    for line in map(on, LINES):
        if re.match(r" *(- )?[a-z][a-z0-9_]*:", line):
            assert re.search(r" # \w\S* \S+", line), line


def test_it_can_be_read_in_one_sitting_and_in_any_window():
    assert len(LINES) <= 120
    assert max(map(len, LINES)) <= 100
