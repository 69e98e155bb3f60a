"""The service's days: told to end, to change, killed, started too early, its clock set."""

from __future__ import annotations

from pathlib import Path

import pytest
import warm
from ports import free_port
from scripted_imap import HONEST, Mail, ScriptedImap
from service import MAILHOOK, batch, running
from watching import IDLING, hook, idles


def told(words: str):
    """Whether a log line has these words."""
    return lambda line: words in line["event"]


def test_it_ends_at_once_when_idle(tmp_path: Path):
    with ScriptedImap(tmp_path) as server:
        server.capabilities = IDLING
        mailboxes = [
            server.mailbox(name=f"n{nth}", username=f"n{nth}", poll_seconds=60) for nth in range(3)
        ]
        with running(tmp_path, *mailboxes) as service:
            for _ in mailboxes:
                idles(server)
            code, seconds = service.stop()
        assert code == 0
        assert seconds < 2  # of which a busy machine may take half
        assert len(server.said("LOGOUT")) == 3


def test_it_takes_new_settings_while_running(tmp_path: Path):
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir(), new.mkdir()
    with ScriptedImap(old, hook(0)) as going, ScriptedImap(new, hook(1)) as coming:
        going.capabilities = coming.capabilities = IDLING
        with running(tmp_path, going.mailbox(name="going", poll_seconds=60)) as service:
            assert service.until(batch)["mailbox"] == "going"
            idles(going)
            service.reload(coming.mailbox(name="coming", username="coming", poll_seconds=60))
            service.until(told("settings are taken"))
            assert service.until(batch)["mailbox"] == "coming"
            assert going.said("LOGOUT")
            idles(coming)
            going.deliver(hook(2))
            coming.deliver(hook(3))
            assert service.until(batch)["mailbox"] == "coming"
            code, _ = service.stop()
        assert code == 0
        assert len(going.said("LOGIN")) == 1
    assert service.count("events") == 3


def test_it_says_why_new_settings_are_wrong_and_goes_on_with_the_old(tmp_path: Path):
    with ScriptedImap(tmp_path, hook(0)) as server:
        server.capabilities = IDLING
        with running(tmp_path, server.mailbox(poll_seconds=60)) as service:
            service.until(batch)
            idles(server)
            service.reload(server.mailbox(prot=143))
            assert "prot" in service.until(told("are not taken"))["event"]
            server.deliver(hook(1))
            assert service.until(batch)["recorded"] == 1
            code, _ = service.stop()
        assert code == 0
        assert len(server.said("LOGIN")) == 1


def test_a_second_service_on_the_store_ends_and_names_the_first(tmp_path: Path):
    with ScriptedImap(tmp_path) as server, running(tmp_path, server.mailbox()) as service:
        service.until(told("running"))
        command = [MAILHOOK, "-c", tmp_path / "config.yaml", "run"]
        second = warm.run(command, capture_output=True, text=True, timeout=60)
    assert second.returncode == 75
    assert str(service.process.pid) in second.stderr


def test_killed_in_a_batch_it_loses_and_doubles_nothing(tmp_path: Path):
    hooks = [hook(number) for number in range(300)]
    with ScriptedImap(tmp_path, *hooks) as server:
        server.capabilities = IDLING
        mailbox = server.mailbox(poll_seconds=60)
        with running(tmp_path, mailbox) as service:
            server.on("UID FETCH 251", service.process.kill, HONEST, times=1)
            service.process.wait(30)
        with running(tmp_path, mailbox) as service:
            while service.count("events") < len(hooks):
                service.until(batch)
            idles(server)
            server.deliver(hook(300))
            service.until(batch)
            service.stop()
    assert service.count("events") == service.count("deliveries") == 301


def test_started_before_the_network_it_heals(tmp_path: Path):
    port = free_port()
    with ScriptedImap(tmp_path) as unused:
        mailbox = unused.mailbox(port=port, poll_seconds=60)
    with running(tmp_path, mailbox) as service:
        service.until(told("Connection refused"))
        with ScriptedImap(tmp_path, hook(0), port=port):
            assert service.until(batch)["recorded"] == 1
            service.until(told("healed"))
            service.stop()


LIBRARIES = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))


@pytest.mark.torture
@pytest.mark.skipif(not LIBRARIES, reason="libfaketime is not installed")
def test_a_clock_that_jumps_a_day_neither_stops_nor_floods_it(tmp_path: Path):
    clock = tmp_path / "clock"
    clock.write_text("+0\n")
    faked = {
        "LD_PRELOAD": str(LIBRARIES[0]),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    with (
        ScriptedImap(tmp_path, hook(0)) as server,
        running(tmp_path, server.mailbox(poll_seconds=0.5), **faked) as service,
    ):
        service.until(batch)
        for nth, jump in enumerate(["-1d", "+1d", "+0", "-400d"], 1):
            clock.write_text(f"{jump}\n")
            assert service.until(told("the clock was set"))["by_seconds"]
            before = len(server.said("EXAMINE"))
            server.inbox.add(Mail(hook(nth)))
            assert service.until(batch)["recorded"] == 1
            assert len(server.said("EXAMINE")) - before < 10
        service.stop()
