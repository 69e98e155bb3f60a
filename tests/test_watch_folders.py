"""Several folders, folders that change under a watch, and what is done to mails between IDLEs."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import settings as bounded
from hypothesis import strategies as st
from scripted_imap import HONEST, Box, Mail, ScriptedImap
from watching import IDLING, hook, idle_watch, idles, watching

from mailhook.worker.watch import Watch


def test_each_watched_folder_has_a_connection_of_its_own(tmp_path: Path):
    with ScriptedImap(tmp_path) as server, watching(tmp_path) as watched:
        server.capabilities = IDLING
        server.boxes["Hooks"] = Box()
        settings = server.settings(folders=["INBOX", {"name": "Hooks", "idle": True}])
        for folder in server.boxes:
            watched.watch(settings, folder)
            idles(server)
        for number, folder in enumerate(["Hooks", "INBOX", "Hooks"]):
            server.deliver(hook(number), folder=folder)
            watched.until_recorded(1)
            idles(server)
        assert len(server.said("LOGIN")) == 2


def test_polled_folders_are_read_by_the_ring_and_the_watched_one_is_watched_again(tmp_path: Path):
    with ScriptedImap(tmp_path) as server, watching(tmp_path) as watched:
        server.capabilities = IDLING
        server.boxes["Junk"] = Box()
        settings = server.settings(folders=["INBOX", "Junk"])
        watch = watched.watch(settings, "INBOX", "Junk")
        for number in range(0, 4, 2):
            idles(server)
            server.boxes["Junk"].add(Mail(hook(number)))
            watch.ring()
            watched.until_recorded(1)
            idles(server)
            server.deliver(hook(number + 1))
            watched.until_recorded(1)
        assert len(server.said("LOGIN")) == 1


def test_what_comes_into_the_watched_folder_while_another_is_read_is_not_missed(tmp_path: Path):
    with ScriptedImap(tmp_path) as server, watching(tmp_path) as watched:
        server.capabilities = IDLING
        server.boxes["Junk"] = Box()
        watch = watched.watch(server.settings(folders=["INBOX", "Junk"]), "INBOX", "Junk")
        idles(server)
        server.on('EXAMINE "Junk"', lambda: server.deliver(hook(1)), HONEST, times=1)
        server.boxes["Junk"].add(Mail(hook(0)))
        watch.ring()
        watched.until_recorded(2)


def test_a_uidvalidity_that_changes_while_idle_makes_all_new_and_doubles_nothing(tmp_path: Path):
    with ScriptedImap(tmp_path, hook(0), hook(1)) as server:
        with idle_watch(tmp_path, server) as watched:
            watched.until_recorded(2)
            idles(server)
            server.inbox.uidvalidity = 8
            server.inbox.add(Mail(hook(2)))
            watched.watches[0].ring()
            watched.until_recorded(1)
            idles(server)
        assert watched.rows("SELECT count(*) FROM events") == [(3,)]


CHANGES = ["deleted", "renamed", "made anew"]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("also", ["", "and told of"])
def test_a_folder_that_goes_while_idle_is_said_once_and_read_when_it_is_back(
    tmp_path: Path, change: str, also: str
):
    with ScriptedImap(tmp_path) as server, watching(tmp_path) as watched:
        server.capabilities = IDLING
        server.boxes["Hooks"] = Box()
        watch = watched.watch(server.settings(folders=["Hooks"], probe_seconds=0.1), "Hooks")
        idles(server)
        if also:
            server.on("DONE", b"* 9 EXISTS\r\n", HONEST, times=1)
        before = server.boxes.pop("Hooks")
        assert watch.ask().result(5).exit_code == 78
        watched.until_said("there is no folder 'Hooks'")
        assert watch.ask().result(5).exit_code == 78
        server.boxes["Hooks"] = Box(uidvalidity=8) if change != "renamed" else before
        server.boxes["Hooks"].add(Mail(hook(1)))
        watch.ring()
        watched.until_recorded(1)
        while server.idling.acquire(blocking=False):
            pass  # those before
        idles(server)
        server.deliver(hook(2), folder="Hooks")
        watched.until_recorded(1)
        assert watched.heard.empty() or "no folder" not in str(watched.heard.get())
        assert len(server.said("LOGIN")) == 1


def test_a_folder_renamed_and_back_is_opened_anew_before_it_is_watched(tmp_path: Path):
    with ScriptedImap(tmp_path) as server, watching(tmp_path) as watched:
        server.capabilities = IDLING
        server.boxes["Hooks"] = Box()
        watch = watched.watch(server.settings(folders=["Hooks"], probe_seconds=0.1), "Hooks")
        idles(server)
        before = server.boxes.pop("Hooks")
        assert watch.ask().result(5).exit_code == 78
        opened = len(server.said("EXAMINE"))
        server.boxes["Hooks"] = before
        assert watch.ask().result(5).exit_code == 0
        while server.idling.acquire(blocking=False):
            pass  # those before
        idles(server)
        assert len(server.said("EXAMINE")) > opened


def test_mails_are_moved_between_idles_and_what_comes_meanwhile_is_not_missed(tmp_path: Path):
    with ScriptedImap(tmp_path) as server:
        server.on("UID MOVE", HONEST, lambda: server.deliver(hook(2)), times=1)
        server.on('SELECT "INBOX"', lambda: server.deliver(hook(3)), HONEST, times=1)
        with idle_watch(tmp_path, server, after={"move": "Done"}) as watched:
            idles(server)
            server.deliver(hook(1))
            watched.until_recorded(3)
            watched.watches[0].ask().result(5)
        assert watched.rows("SELECT count(*) FROM actions") == [(0,)]
        assert not server.inbox.mails
        assert len(server.boxes["Done"].mails) == 3


REFUSALS = {
    "the move": ("UID MOVE", b"<tag> NO over quota for good\r\n"),
    "to be opened": ("SELECT", b"<tag> NO only for reading\r\n"),
    "to be written": ("SELECT", b"* 1 EXISTS\r\n<tag> OK [READ-ONLY] only for reading\r\n"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_a_folder_whose_mails_may_not_be_moved_is_watched_all_the_same(tmp_path: Path, name: str):
    command, said = REFUSALS[name]
    with ScriptedImap(tmp_path, hook(0)) as server:
        server.on(command, said)
        with idle_watch(tmp_path, server, after={"move": "Done"}) as watched:
            for number in (1, 2):
                watched.until_recorded(1)
                idles(server)
                server.deliver(hook(number))
            watched.until_recorded(1)
            idles(server)
            assert watched.watches[0].ask().result(5).exit_code == 75
        assert len(server.said("LOGIN")) == 1
        (refused,) = watched.rows("SELECT DISTINCT error LIKE '%refused%' FROM actions")
        assert refused == (1,)
        assert watched.rows("SELECT error FROM heartbeat WHERE error IS NOT NULL") == []


DEEDS = st.lists(st.sampled_from(["deliver", "add", "ring", "ask", "cut", "gone"]), max_size=12)


@given(deeds=DEEDS, after=st.sampled_from(["leave", {"move": "Done"}]))
@bounded(max_examples=20, deadline=None)
def test_however_deliveries_and_rounds_interleave_each_mail_is_recorded_once(
    deeds: list[str], after: object
):
    with (
        TemporaryDirectory() as folder,
        ScriptedImap(Path(folder)) as server,
        idle_watch(Path(folder), server, after=after) as watched,
    ):
        (watch,) = watched.watches
        sent = 0
        for deed in deeds:
            sent += deed in {"deliver", "add"}
            _do(deed, server, watch, hook(sent))
        watch.ask().result(10)
        watch.ask().result(10)  # the first may have met a connection that was cut
        assert watched.rows("SELECT count(*) FROM events") == [(sent,)]
        assert watched.rows("SELECT count(*) FROM deliveries") == [(sent,)]


def _do(deed: str, server: ScriptedImap, watch: Watch, raw: bytes) -> None:
    match deed:
        case "deliver":
            server.deliver(raw)
        case "add":
            server.inbox.add(Mail(raw))
        case "ring":
            watch.ring()
        case "ask":
            watch.ask().result(10)
        case "cut":
            server.cut()
        case "gone":
            server.push(b"* 1 EXISTS\r\n")
