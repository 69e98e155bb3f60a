"""The service counts what its endpoint answers, and writes it down before it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import hooks
import pytest
import warm
import yaml
from command import MAILHOOK
from endpoints import Place, post
from patience import bounded
from ports import free_port
from stores import asked

from mailhook import times


@contextmanager
def serving(home: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    settings = {
        "store": {"path": str(home / "mailhook.db")},
        "web": {"listen": f"127.0.0.1:{port}"},
        "trust": {"authserv_id": "mx.example.com", "signing_keys": [{"env": "HOOK_KEY"}]},
    }
    (home / "config.yaml").write_text(yaml.safe_dump(settings))
    command = [MAILHOOK, "-c", home / "config.yaml", "serve"]
    environment = os.environ | {"HOOK_KEY": hooks.KEY.decode()}
    process = warm.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
    try:
        assert process.stderr
        with bounded(process):
            next(line for line in process.stderr if json.loads(line)["event"] == "running")
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.torture
def test_a_service_that_is_killed_has_written_all_but_the_last_seconds(tmp_path: Path):
    now, port = times.now(), free_port()
    counted = "SELECT coalesce(sum(ok), 0) FROM web_minutes"
    with serving(tmp_path, port) as process:
        good = hooks.signed(hooks.check("CHK1", now), made_at=now)
        assert Place(port).status(post(good)) == 200
        deadline = time.monotonic() + 20
        while asked(tmp_path / "mailhook.db", counted) == [(0,)]:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        process.kill()
    assert asked(tmp_path / "mailhook.db", counted) == [(1,)]


def test_every_answer_is_in_the_table_once_the_service_has_ended(tmp_path: Path):
    now, port = times.now(), free_port()
    good = hooks.signed(hooks.check("CHK1", now), made_at=now)
    forged = hooks.signed(hooks.check("CHK2", now), made_at=now, key=hooks.OTHER_KEY)
    with serving(tmp_path, port) as process:
        bodies = (good, good, forged, b"hello", b"x" * 300_000)
        answers = [Place(port).status(post(body)) for body in bodies]
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    assert answers == [200, 200, 401, 401, 413]
    counted = "SELECT sum(ok), sum(refused), sum(failed), sum(lookalike) FROM web_minutes"
    assert asked(tmp_path / "mailhook.db", counted) == [(2, 3, 0, 1)]


def test_what_is_signed_and_posted_to_another_path_is_a_failed_delivery_and_said(tmp_path: Path):
    now, port = times.now(), free_port()
    good = hooks.signed(hooks.check("CHK1", now), made_at=now)
    forged = hooks.signed(hooks.check("CHK2", now), made_at=now, key=hooks.OTHER_KEY)
    with serving(tmp_path, port) as process:
        place = Place(port)
        for body in (good, forged, b"name=a", good):
            assert place.status(post(body, path="/")) == 404
        assert place.status(post(good)) == 200
        process.send_signal(signal.SIGTERM)
        said = process.communicate(timeout=20)[1]
    counted = "SELECT sum(ok), sum(failed), sum(refused), sum(lookalike) FROM web_minutes"
    assert asked(tmp_path / "mailhook.db", counted) == [(1, 2, 0, 0)]
    assert said.count("another path than web.path") == 1
    assert asked(tmp_path / "mailhook.db", "SELECT subject_id FROM events") == [("CHK1",)]
