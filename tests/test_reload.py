"""A reload exchanges all parts: what is left behind is in nobody's way, and nobody is misled."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import mails
import pytest
from scripted_imap import CUT, HONEST, Mail, ScriptedImap, rows, settings
from service import running
from watching import IDLING, PATIENCE, SECONDS, hook, idle_watch, idles

from mailhook.errors import TemporaryError
from mailhook.sources.imap import Mailbox
from mailhook.store import Store
from mailhook.trust import Trust
from mailhook.worker.parts import Parts
from mailhook.worker.pulse import Pulse
from mailhook.worker.rounds import Post, Round, visit

MOVE = {"move": "Done"}
WRITER = "SELECT error FROM heartbeat WHERE name = 'writer'"


def post(store: Store, server: ScriptedImap, trust: Trust, **mailbox: object) -> Post:
    return Post(server.settings(**mailbox), store, trust, Pulse(store))


def round_of(post: Post) -> Round:
    with Mailbox(post.settings) as mailbox:
        return visit(mailbox, "INBOX", post)


def test_a_thread_left_behind_and_its_successor_copy_no_mail_twice(tmp_path: Path, trust: Trust):
    copying, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        copying.set()
        go_on.wait(SECONDS)

    with (
        ScriptedImap(tmp_path, hook(0)) as server,
        Store(tmp_path / "mailhook.db") as store,
        ThreadPoolExecutor() as threads,
    ):
        server.capabilities = "IMAP4rev1 UIDPLUS"
        server.on("UID COPY", hold, HONEST, times=1)
        old = post(store, server, trust, after=MOVE)
        new = replace(old, stop=threading.Event())
        source = Mailbox(old.settings).source("INBOX")
        left = threads.submit(round_of, old)
        try:
            assert copying.wait(SECONDS)
            old.stop.set()
            assert round_of(new).errors == []
            assert len(store.actions(source)) == 1
        finally:
            go_on.set()
        left.result(SECONDS)
        assert round_of(new).errors == []
        assert store.actions(source) == []
        assert len(server.said("UID COPY")) == len(server.boxes["Done"].mails) == 1


def test_a_thread_left_behind_says_no_ill_of_a_folder_that_another_reads(
    tmp_path: Path, trust: Trust
):
    with ScriptedImap(tmp_path) as server, Store(tmp_path / "mailhook.db") as store:
        old = post(store, server, trust)
        server.on("EXAMINE", old.stop.set, CUT)
        assert round_of(old).errors
    assert rows(settings(tmp_path), "SELECT * FROM heartbeat WHERE error IS NOT NULL") == []


def test_a_round_that_is_asked_for_and_comes_to_nothing_is_no_success(tmp_path: Path, trust: Trust):
    asked, go_on = threading.Event(), threading.Event()
    boxes = [{"name": "INBOX"}, {"name": "More"}]

    def hold() -> None:
        asked.set()
        go_on.wait(SECONDS)

    with ScriptedImap(tmp_path) as server, Store(tmp_path / "mailhook.db") as store:
        server.capabilities = IDLING
        server.boxes["More"] = type(server.inbox)()
        server.boxes["More"].add(Mail(hook(0)))
        mailbox = server.mailbox(folders=boxes, poll_seconds=3600)
        parts = Parts(settings(tmp_path, mailbox), store, trust)
        parts.start()
        idles(server)
        server.on("EXAMINE", hold, HONEST, times=1)
        with ThreadPoolExecutor() as threads:
            polled = threads.submit(parts.poll, lambda _: None)
            assert asked.wait(SECONDS)
            stopped = threads.submit(parts.stop)
            assert parts._stop.wait(SECONDS)  # noqa: SLF001 - the moment it is about
            go_on.set()
            with pytest.raises(TemporaryError):
                polled.result(SECONDS)
            stopped.result(SECONDS)


def test_who_looks_while_settings_are_exchanged_does_not_see_a_service_that_has_stopped(
    tmp_path: Path, trust: Trust
):
    with Store(tmp_path / "mailhook.db") as store:
        for for_good, error in ((False, None), (True, "the service was stopped")):
            parts = Parts(settings(tmp_path), store, trust)
            parts.start()
            parts.stop(for_good=for_good)
            assert rows(settings(tmp_path), WRITER) == [(error,)]


def test_reloads_leave_no_descriptor_open(tmp_path: Path):
    with ScriptedImap(tmp_path) as server:
        server.capabilities = IDLING
        mailbox = server.mailbox(poll_seconds=60)
        with running(tmp_path, mailbox) as service:
            idles(server)
            opened = []
            for _ in range(8):
                service.reload(mailbox)
                service.until(lambda line: line["event"] == "settings are taken")
                idles(server)
                opened.append(len(list(Path(f"/proc/{service.process.pid}/fd").iterdir())))
    assert opened[-1] - opened[0] < 3


def test_a_slow_command_and_a_long_queue_are_no_reason_to_call_a_thread_stuck(tmp_path: Path):
    """A large mail on a bad line takes its time; so does a folder with much to move."""
    promised: dict[str, list[float]] = {"FETCH": [], "STORE": []}

    def note(command: str) -> None:
        promised[command].append(watched.watches[0].back_by)

    with ScriptedImap(tmp_path) as server:
        server.inbox.add(*(Mail(mails.check_finished(f"CHK{n:032d}")) for n in range(251)))
        server.on("UID FETCH", lambda: note("FETCH"), HONEST)
        server.on("UID STORE", lambda: note("STORE"), HONEST)
        slow = replace(PATIENCE, command=5000)
        with idle_watch(tmp_path, server, slow, after="seen") as watched:
            idles(server)
        assert min(promised["FETCH"]) > time.monotonic() + slow.command
        assert len(set(promised["FETCH"])) == len(promised["FETCH"]), "each command is a sign"
        assert len(set(promised["STORE"])) == 2, "each part, too"
