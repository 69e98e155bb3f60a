"""notify test, and what `check` says of targets: every target's fate, and no secret."""

from __future__ import annotations

import json
from pathlib import Path

from command import Home
from targets import SECRET, listening

from mailhook import checks, config


def home_of(folder: Path, *urls: str) -> Home:
    for nth, one in enumerate(urls):
        (folder / f"url{nth}").write_text(one)
        (folder / f"url{nth}").chmod(0o600)
    targets = [{"url": {"file": f"url{nth}"}} for nth, _ in enumerate(urls)]
    return Home(folder, notify=targets)


def test_each_target_is_tried_and_what_came_of_it_is_said(tmp_path: Path):
    with listening() as well, listening() as broken:
        broken.status = 401
        home = home_of(tmp_path, well.url, "gone", broken.url, SECRET)
        (tmp_path / "url1").unlink()
        done = home.call("notify", "test", columns=200)
    assert (done.code, done.err) == (1, "")
    assert done.out.splitlines() == [
        "notify[0] (json): sent",
        f"notify[1]: {{file: {tmp_path}/url1}} cannot be read: no such file or directory",
        "notify[2] (json): its server answers 401",
        "notify[3]: Apprise does not understand its URL",
    ]
    (got,) = well.got
    assert got["title"].endswith(": a test")


def test_where_all_are_reached_it_ends_in_0_and_programs_can_read_it(tmp_path: Path):
    with listening() as target:
        done = home_of(tmp_path, target.url).call("notify", "test", "--json")
    assert done.code == 0
    assert json.loads(done.out) == [{"target": "notify[0]", "kind": "json", "error": None}]


def test_without_a_target_the_line_to_add_is_named(tmp_path: Path):
    done = home_of(tmp_path).call("notify", "test")
    assert (done.code, done.out) == (78, "")
    assert "notify: no target is named" in done.err
    assert "notify: [{url: {credential: apprise-url}}]" in done.err


def test_check_warns_of_a_url_that_apprise_does_not_understand_and_sends_nothing(tmp_path: Path):
    with listening() as target:
        home = home_of(tmp_path, target.url, f"nothing://{SECRET}")
        found = checks.warnings(config.load(home.config))
        assert not target.asked.is_set()
    assert [problem.path for problem in found if problem.path.startswith("notify")] == [
        "notify[1].url"
    ]
    assert SECRET not in str(found)
