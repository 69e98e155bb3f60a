"""`python -m mailhook.testing`, and that docs/testing.md is true."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from receivers import receiving, says, status

from mailhook import testing, token
from mailhook.testing.__main__ import main

KEY = "command-signing-key-0123456789abcd"
DOCS = (Path(__file__).parents[1] / "docs" / "testing.md").read_text(encoding="utf-8")


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "key"
    path.write_text(f"{KEY}\n")
    return path


def test_it_posts_so_many_events_of_a_kind(key: Path, capsys: pytest.CaptureFixture[str]):
    with receiving() as receiver:
        asked = ("--events", "3", "--type", "check", "--action", "finished")
        assert main([receiver.url, "--key-file", str(key), *asked]) == 0
    told = [token.verify(body, [KEY.encode()])["events"] for body in receiver.bodies]
    kinds = {(one["event_type"], one["event_action"]) for (one,) in told}  # type: ignore[misc, union-attr, call-overload, index]
    assert kinds == {("check", "finished")}
    said = capsys.readouterr().out
    assert said == "3 tokens delivered in 3 attempts, 0 lost; 0 mails sent\n"


def test_it_says_what_was_lost_and_ends_with_1(key: Path, capsys: pytest.CaptureFixture[str]):
    with receiving(says(status(500, words="down"))) as receiver:
        asked = ("--events", "1", "--type", "check", "--mail", "smtp://127.0.0.1:9")
        assert main([receiver.url, "--key-file", str(key), *asked]) == 1
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("lost: token 1 (check.")
    assert said[0].endswith("the subscription is disabled; the last attempt: 500 down")
    assert said[1].startswith("not sent: the mail of check.")
    assert said[-1] == "0 tokens delivered in 1 attempts, 1 lost; 0 mails sent"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["http://127.0.0.1:9", "--key-file", "{key}", "--type", "nix"], "has no event nix"),
        (["ftp://127.0.0.1", "--key-file", "{key}"], "no http or https URL"),
        (["http://127.0.0.1:9", "--key-file", "{key}.gone"], "no such file"),
        (["http://127.0.0.1:9", "--key-file", "{short}"], "at least 16"),
        (["http://127.0.0.1:9", "--key-file", "{key}", "--speed", "0"], "a number over 0"),
        (["http://127.0.0.1:9", "--key-file", "{key}", "--mail", "x:1"], "neither smtp"),
    ],
)
def test_what_cannot_be_is_a_usage_error(
    key: Path, arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
):
    (key.parent / "short").write_text("abc")
    names = {"key": key, "short": key.parent / "short"}
    with pytest.raises(SystemExit) as end:
        main([one.format(**names) for one in arguments])
    assert end.value.code == 2
    assert says in capsys.readouterr().err


def test_it_is_a_module_to_be_run():
    command = [sys.executable, "-m", "mailhook.testing", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert "Send invented hooks" in done.stdout


def test_the_examples_of_the_documentation_run():
    blocks = re.findall(r"```python\n(.*?)```", DOCS, re.DOTALL)
    assert len(blocks) >= 2
    for block in blocks:
        with receiving() as receiver:
            world: dict[str, Any] = {"url": receiver.url, "key": KEY.encode(), "receiver": receiver}
            exec(block, world)  # noqa: S102 - our own documentation


def test_everything_public_is_documented():
    assert [name for name in testing.__all__ if f"`{name}" not in DOCS] == []
