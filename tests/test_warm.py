"""A forked start is what a new interpreter's is: streams, folder, environment, end."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
import warm
from command import PLAIN

SCRIPT = """
import os, sys, threading, time
print(__name__, sys.argv[1:], os.getcwd(), os.environ.get("TOLD"), time.tzname[0])
print(sorted(os.listdir("/proc/self/fd"))[:3], sys.stdin.read(), threading.active_count())
print("said", file=sys.stderr)
sys.exit(7)
"""


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "script.py"
    path.write_text(SCRIPT)
    return path


def test_it_is_as_a_new_interpreter_has_it(tmp_path: Path, script: Path):
    command = [sys.executable, str(script), "one", "two"]
    pipe = subprocess.PIPE
    options = {"cwd": tmp_path, "env": PLAIN | {"TOLD": "é", "TZ": "America/Bogota"}}
    anew = subprocess.run(command, input=b"in", stdout=pipe, stderr=pipe, check=False, **options)
    forked = warm.run(command, input=b"in", stdout=pipe, stderr=pipe, **options)
    assert anew.returncode == 7
    assert (forked.returncode, forked.stdout, forked.stderr) == (7, anew.stdout, anew.stderr)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_and_is_told(tmp_path: Path, number: signal.Signals):
    path = tmp_path / "script.py"
    path.write_text("import time\nprint('up', flush=True)\ntime.sleep(60)\n")
    with warm.Popen(
        [sys.executable, str(path)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=PLAIN
    ) as child:
        assert child.stdout
        assert child.stdout.readline() == b"up\n"
        assert child.poll() is None
        child.send_signal(number)
        assert child.wait(20) == -number


@pytest.mark.parametrize("arguments", [["--version"], ["nonsense"], ["status", "--no-such"]])
def test_the_command_says_the_same(arguments: list[str]):
    command, pipe = [warm.MAILHOOK, *arguments], subprocess.PIPE
    anew = subprocess.run(command, stdout=pipe, stderr=pipe, env=PLAIN, check=False)
    forked = warm.run(command, stdout=pipe, stderr=pipe, env=PLAIN)
    assert forked.returncode == anew.returncode
    assert (forked.stdout, forked.stderr) == (anew.stdout, anew.stderr)
