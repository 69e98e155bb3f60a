"""What a command loads: what only a new mail or a rare error needs is loaded when it comes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import mails
import pytest
from command import PLAIN
from dovecot import Account

from mailhook.config import load
from mailhook.store import Store
from mailhook.trust import Trust
from mailhook.worker.polling import poll

# Prints, after what the command says, a line with all that was loaded for it.
SCRIPT = """
import sys
from mailhook.cli import main
try:
    main(sys.argv[1:])
finally:
    print()
    print(*sys.modules)
"""
# The libraries that some command loads and these do not.
LIBRARIES = set(
    "apprise apscheduler authlib google jwt mailparser msal prometheus_client pymap requests rich"
    " selectolax sqlite_utils structlog urllib3".split()
)
READING = {"mailhook.catalog", "mailhook.examiner", "mailhook.readers", "mailhook.store.ledger"}
SERVICE = {"mailhook.control.server", "mailhook.metrics.exporter", "mailhook.worker.service"}
SELDOM = {"mailhook.config.problems", "mailhook.control.client", "mailhook.notify"}


@pytest.fixture
def config(account: Account) -> Path:
    """Settings for a mailbox of which all mails are recorded."""
    account.signing_key = "a-signing-key-for-the-start"
    account.append(mails.check_finished("CHK" + "0" * 32))
    path = account.config()
    settings = load(path)
    with Store(settings.store.path) as store:
        assert poll(settings, store, Trust.of(settings.trust)).outcomes == ["recorded"]
    return path


@pytest.mark.parametrize(
    ("arguments", "said", "unneeded"),
    [
        (["poll"], "nothing new", LIBRARIES | READING | SERVICE | SELDOM),
        (["status", "--json"], '"is_well"', LIBRARIES | READING | SERVICE | {"imapclient"}),
        (["events", "--json"], "check", LIBRARIES | READING | SERVICE | {"imapclient"}),
        (["check", "--help"], "Usage", LIBRARIES | READING | SERVICE | {"imapclient"}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_command_loads_nothing_that_it_does_not_need(
    config: Path, arguments: list[str], said: str, unneeded: set[str]
):
    command = [sys.executable, "-c", SCRIPT, "-c", config, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=PLAIN)
    told, _, loaded = done.stdout.strip().rpartition("\n")
    assert (said in told, done.stderr) == (True, "")
    assert {*loaded.split()} & unneeded == set()
