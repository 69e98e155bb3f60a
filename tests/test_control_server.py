"""The control socket under clients of every kind: answers, bounds, and nobody is disturbed."""

from __future__ import annotations

import shutil
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest
from depth import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailhook.control.address import Absent, Unusable
from mailhook.control.client import Client
from mailhook.control.command import Command, Request, Result, Talk
from mailhook.control.greeting import Busy
from mailhook.control.server import Server
from mailhook.control.wire import Wire, within
from mailhook.errors import ConfigError, MailhookError, Problem, TemporaryError

HELLO = b'{"protocol": 1, "limit_bytes": 1000}'


class Gate:
    """A command that waits to be let on."""

    def __init__(self) -> None:
        self.reached, self.open = threading.Semaphore(0), threading.Event()

    def __call__(self, _: Request, talk: Talk) -> Result:
        talk.progress(2)
        self.reached.release()
        assert self.open.wait(60)
        talk.progress(1)
        return Result({"sizes": [len(raw) for raw in talk.raws]}, 0)


def told(request: Request, talk: Talk) -> Result:
    return Result({"request": dict(request), "sizes": [len(raw) for raw in talk.raws]}, 3)


def fails(*_: object) -> Result:
    raise ConfigError([Problem("store.path", "it is a folder", "name a file", 7)])


def bug(*_: object) -> Result:
    raise LookupError("CHK1 is what a mail said")


def odd(*_: object) -> Result:
    return Result({"path": Path()})


def oddly_named(*_: object) -> Result:
    raise TemporaryError("m\udcfcller.db: the disk is full")


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "mailhook.db"
    path.touch()
    return path


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.open.set()


@pytest.fixture
def server(store: Path, gate: Gate) -> Iterator[Server]:
    commands: dict[str, Command] = {"oddly_named": oddly_named}
    commands |= {"told": told, "fails": fails, "bug": bug, "odd": odd, "gate": gate}
    with Server(store, commands, limit_bytes=1000, clients=4) as server:
        yield server
        gate.open.set()
    for thread in threading.enumerate():
        if thread.name in {"control socket", "control", "command"}:
            thread.join(10)
            assert not thread.is_alive()


@contextmanager
def raw_client(server: Server) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as connected:
        connected.settimeout(20)
        connected.connect(str(server.path))
        yield connected


def until_closed(connected: socket.socket) -> bytes:
    got = b""
    with suppress(ConnectionError):
        while piece := connected.recv(65536):
            got += piece
    return got


def answers(store: Path) -> bool:
    result = Client(store).call("told", {"a": "é"}, [b"12", b""])
    return result == Result({"request": {"a": "é"}, "sizes": [2, 0]}, 3)


@pytest.mark.usefixtures("server")
def test_a_command_is_answered_with_its_result_and_exit_code(store: Path):
    Client(store).reach()
    assert answers(store)


@pytest.mark.usefixtures("server")
def test_an_error_of_a_command_is_raised_at_the_caller(store: Path):
    with pytest.raises(ConfigError) as caught:
        Client(store).call("fails", {})
    assert caught.value.problems == (Problem("store.path", "it is a folder", "name a file", 7),)


@pytest.mark.usefixtures("server")
def test_a_bug_is_exit_code_70_with_its_place_and_without_its_words(
    store: Path, caplog: pytest.LogCaptureFixture
):
    with pytest.raises(MailhookError) as caught:
        Client(store).call("bug", {})
    assert caught.value.exit_code == 70
    for said in (str(caught.value), caplog.text):
        assert "LookupError at test_control_server.py" in said
        assert "CHK1" not in said


@pytest.mark.usefixtures("server")
def test_a_result_that_cannot_travel_is_a_bug_too(store: Path):
    with pytest.raises(MailhookError, match="TypeError at ") as caught:
        Client(store).call("odd", {})
    assert caught.value.exit_code == 70


@pytest.mark.usefixtures("server")
def test_a_path_that_is_no_text_travels_as_far_as_it_is(store: Path):
    with pytest.raises(TemporaryError, match=r"^m\?ller.db: the disk is full$"):
        Client(store).call("oddly_named", {})


@pytest.mark.usefixtures("server")
def test_a_command_the_service_does_not_know_asks_for_a_restart(store: Path):
    with pytest.raises(TemporaryError, match="does not know replay: it is of another version"):
        Client(store).call("replay", {})


@pytest.mark.usefixtures("server")
def test_progress_is_shown_while_the_command_works(store: Path, gate: Gate):
    seen: list[int] = []
    shown = threading.Event()

    def progress(more: int) -> None:
        seen.append(more)
        shown.set()

    with ThreadPoolExecutor() as threads:
        future = threads.submit(Client(store).call, "gate", {}, [b"raw"], progress)
        assert shown.wait(20)
        gate.open.set()
        assert future.result() == Result({"sizes": [3]}, 0)
    assert seen == [2]


@pytest.mark.usefixtures("server")
def test_more_bytes_than_the_service_takes_are_not_sent(store: Path):
    with pytest.raises(TemporaryError, match="takes at most 1,000 bytes at once"):
        Client(store).call("told", {}, [b"x" * 1001])


@pytest.mark.usefixtures("server")
def test_who_comes_when_all_places_are_taken_is_told_that_it_is_busy(store: Path, gate: Gate):
    with ThreadPoolExecutor() as threads:
        calls = [threads.submit(Client(store).call, "gate", {}) for _ in range(4)]
        for _ in calls:
            assert gate.reached.acquire(timeout=20)
        with pytest.raises(Busy, match="busy with 4 other commands; try again") as caught:
            Client(store, patience_seconds=0.2).call("told", {})
        assert caught.value.exit_code == 75
        patient = threads.submit(answers, store)
        gate.open.set()
        assert patient.result()
        assert all(call.result().exit_code == 0 for call in calls)


@pytest.mark.usefixtures("server")
def test_twenty_at_once_are_all_served(store: Path):
    with ThreadPoolExecutor(20) as threads:
        assert all(threads.map(lambda _: answers(store), range(100)))


def test_a_client_that_says_nothing_or_dies_costs_only_its_place(server: Server, store: Path):
    with raw_client(server), raw_client(server) as cut:
        cut.sendall(struct.pack("!I", 500) + b'{"command": ')
        assert answers(store)
        cut.close()
        assert answers(store)


def frame(payload: bytes) -> bytes:
    return struct.pack("!I", len(payload)) + payload


HOSTILE = st.lists(
    st.one_of(
        st.binary(max_size=60),
        st.binary(max_size=60).map(frame),
        st.sampled_from(
            [
                b"\x80\x04\x95",
                frame(b"\x80\x04cos\nsystem\n(S'false'\ntR."),
                frame(b'{"command": "told", "arguments": {}, "sizes": [5]}'),
                frame(b'{"command": "told", "arguments": {}, "sizes": [9999999999]}'),
                frame(b'{"command": "", "arguments": {"a": "\\ud800"}, "sizes": []}'),
                frame(b'{"command": "\\u001b[2J", "arguments": {}, "sizes": []}'),
                frame(b"[" * 50_000),
                b"\xff\xff\xff\xff",
            ]
        ),
    ),
    max_size=4,
).map(b"".join)


@settings(
    max_examples=examples(60),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(sent=HOSTILE)
def test_whatever_bytes_come_the_service_lives_and_nothing_leaks(server: Server, sent: bytes):
    with raw_client(server) as connected:
        connected.recv(100)
        with suppress(OSError):  # sent away before it was done
            connected.sendall(sent)
            connected.shutdown(socket.SHUT_WR)
        until_closed(connected)
    Client(server.path.with_name("mailhook.db")).reach()
    assert threading.active_count() < 20


def descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def test_no_descriptor_is_left_behind(server: Server, store: Path):
    answers(store)
    before = descriptors()
    for _ in range(50):
        with raw_client(server) as connected, suppress(OSError):  # sent away before it was done
            connected.sendall(b"\xff" * 9)
            until_closed(connected)
    assert descriptors() <= before + 4


def test_a_socket_that_was_deleted_with_its_folder_is_there_again(tmp_path: Path):
    store = tmp_path / "state" / "mailhook.db"
    store.parent.mkdir()
    store.touch()
    with Server(store, {"told": told}) as server:
        for _ in range(2):
            shutil.rmtree(store.parent)
            server.mind()  # there is no folder yet
            store.parent.mkdir()
            store.touch()
            server.mind()
            assert Client(store).call("told", {}).exit_code == 3
        server.path.unlink()
        server.path.write_text("somebody's")
        server.mind()
        assert server.path.read_text() == "somebody's"
    assert server.path.read_text() == "somebody's"


def test_a_client_that_stops_reading_holds_up_neither_command_nor_service(store: Path):
    ended = threading.Event()

    def chatter(_: Request, talk: Talk) -> Result:
        for _ in range(200_000):
            talk.progress(1)
        ended.set()
        return Result({"much": "x" * 900_000})

    with Server(store, {"chatter": chatter, "told": told}) as server, raw_client(server) as deaf:
        deaf.sendall(frame(b'{"command": "chatter", "arguments": {}, "sizes": []}') + frame(b""))
        assert ended.wait(60)
        assert answers(store)
        server.stop()
        assert store.exists()


def test_at_the_end_who_works_is_waited_for_and_who_is_silent_is_not(store: Path, gate: Gate):
    with ThreadPoolExecutor() as threads:
        with Server(store, {"gate": gate}) as server, raw_client(server) as silent:
            call = threads.submit(Client(store).call, "gate", {})
            assert gate.reached.acquire(timeout=20)
            began = time.monotonic()
            server.stop()
            until_closed(silent)
            assert not server.path.exists()
            assert time.monotonic() - began < 2
            gate.open.set()
        assert call.result().exit_code == 0
    with pytest.raises(Absent):
        Client(store).reach()


def test_a_command_that_hangs_keeps_no_service_from_ending(store: Path, gate: Gate):
    with ThreadPoolExecutor() as threads:
        began = time.monotonic()
        with Server(store, {"gate": gate}):
            call = threads.submit(Client(store).call, "gate", {})
            assert gate.reached.acquire(timeout=20)
        assert time.monotonic() - began < 20  # of 60 that it hangs
        with pytest.raises(TemporaryError, match="what it has committed stays"):
            call.result()
        gate.open.set()


def test_an_idle_service_ends_at_once(store: Path):
    took = []
    for _ in range(3):  # of which a busy machine may take two
        with Server(store, {}):
            began = time.monotonic()
        took.append(time.monotonic() - began)
    assert min(took) < 0.5


# --- what a client meets --------------------------------------------------------------------


@contextmanager
def impostor(store: Path, behave: Callable[[socket.socket], None]) -> Iterator[None]:
    """Somebody of our own user who listens there and does that to the first who connects."""
    with closing(socket.socket(socket.AF_UNIX)) as listener:
        listener.bind(str(store) + ".sock")
        listener.listen()

        def serve() -> None:
            connected, _ = listener.accept()
            with connected:
                behave(connected)

        thread = threading.Thread(target=serve)
        thread.start()
        yield
        thread.join()


@pytest.mark.parametrize(
    ("sent", "error", "words"),
    [
        (b"", Absent, "has just ended"),
        (frame(b"220 hello"), Unusable, "no mailhook"),
        (b"\xff\xff\xff\xff", Unusable, "no mailhook"),
        (frame(b'{"protocol": 2, "limit_bytes": 1000}'), Unusable, "another version; restart it"),
        (frame(HELLO), TemporaryError, "in the middle of `mailhook told`"),
        (frame(HELLO) + frame(b"[]"), TemporaryError, "in the middle of `mailhook told`"),
        (frame(HELLO) + frame(b'{"result": 1}'), TemporaryError, "in the middle of"),
        (frame(HELLO) + frame(b'{"error": 1}'), TemporaryError, "in the middle of"),
    ],
)
def test_whatever_answers_the_client_ends_in_a_sentence(
    store: Path, sent: bytes, error: type[TemporaryError], words: str
):
    def behave(connected: socket.socket) -> None:
        connected.sendall(sent)
        if sent.startswith(frame(HELLO)):
            wire = Wire(connected)
            wire.receive(within(20))
            wire.receive_bytes(within(20), 10)

    with impostor(store, behave), pytest.raises(error, match=words):
        Client(store).call("told", {})
