"""Minutes of the service: behind a network that breaks all the time, and with nothing to do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from dovecot import Dovecot

BENCH = Path(__file__).parents[1] / "bench"


@pytest.mark.torture
@pytest.mark.timeout(1200)
@pytest.mark.parametrize(("script", "seconds"), [("soak.py", 300), ("idle.py", 240)])
def test_nothing_is_lost_doubled_or_leaks(dovecot: Dovecot, script: str, seconds: int):
    assert dovecot  # installed: the script starts one of its own
    command = [sys.executable, BENCH / script, "--seconds", str(seconds)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ)
    assert done.returncode == 0, done.stdout + done.stderr
