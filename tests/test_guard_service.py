"""The service counts what its endpoint answers, and writes it down before it ends."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import hooks
import yaml
from command import MAILHOOK
from scrapes import free_port
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
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
    watchdog = threading.Timer(60, process.kill)
    watchdog.start()
    try:
        assert process.stderr
        next(line for line in process.stderr if json.loads(line)["event"] == "running")
        yield process
    finally:
        watchdog.cancel()
        process.kill()
        process.communicate()


def post(port: int, body: bytes) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("POST", "/hooks", body)
    status = connection.getresponse().status
    connection.close()
    return status


def test_every_answer_is_in_the_table_once_the_service_has_ended(tmp_path: Path):
    now, port = times.now(), free_port()
    good = hooks.signed(hooks.check("CHK1", now), made_at=now)
    forged = hooks.signed(hooks.check("CHK2", now), made_at=now, key=hooks.OTHER_KEY)
    with serving(tmp_path, port) as process:
        answers = [post(port, body) for body in (good, good, forged, b"hello", b"x" * 300_000)]
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    assert answers == [200, 200, 401, 401, 413]
    counted = "SELECT sum(ok), sum(refused), sum(failed), sum(lookalike) FROM web_minutes"
    assert asked(tmp_path / "mailhook.db", counted) == [(2, 3, 0, 1)]
