"""What travels over the control socket: frames, requests, errors and deliveries, there and back."""

from __future__ import annotations

import os
import socket
import struct
import threading
import time
from collections.abc import Iterator

import mails
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailhook.control import deliveries, faults, greeting, peer
from mailhook.control.address import Unusable
from mailhook.control.greeting import Busy
from mailhook.control.request import Asked
from mailhook.control.wire import Wire, within
from mailhook.errors import (
    ConfigError,
    MailhookError,
    Problem,
    TemporaryError,
    UnreadableInput,
    Untrusted,
    UsageError,
)
from mailhook.model import Batch, Delivery


@pytest.fixture
def pair() -> Iterator[tuple[Wire, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield Wire(ours), theirs


def test_a_frame_comes_out_as_it_went_in(pair: tuple[Wire, socket.socket]):
    wire, theirs = pair
    other = Wire(theirs)
    other.send({"a": [1, "é", None]}, within(1))
    other.send_bytes(b"onetwo", within(1))
    assert wire.receive(within(1)) == {"a": [1, "é", None]}
    assert wire.receive_bytes(within(1), 6) == b"onetwo"


@pytest.mark.parametrize(
    "sent",
    [
        struct.pack("!I", 7) + b"seven..",
        struct.pack("!I", 2**32 - 1),
        struct.pack("!I", 4) + b"[{}]",
        struct.pack("!I", 4) + b"\xff\xfe{}",
        struct.pack("!I", 0),
        struct.pack("!I", 5) + b'{"a":',
        struct.pack("!I", 5) + b"[[[[[",
    ],
)
def test_what_is_no_frame_of_ours_is_a_value_error(pair: tuple[Wire, socket.socket], sent: bytes):
    wire, theirs = pair
    theirs.sendall(sent)
    with pytest.raises(ValueError, match=r"."):
        wire.receive(within(1), 6)


def test_a_frame_that_is_cut_off_is_an_end(pair: tuple[Wire, socket.socket]):
    wire, theirs = pair
    theirs.sendall(struct.pack("!I", 7) + b"six...")
    theirs.shutdown(socket.SHUT_WR)
    with pytest.raises(ConnectionError):
        wire.receive(within(1))


def test_a_byte_now_and_then_does_not_put_the_deadline_off(pair: tuple[Wire, socket.socket]):
    wire, theirs = pair
    stop = threading.Event()

    def drip() -> None:
        theirs.sendall(struct.pack("!I", 1000))
        while not stop.wait(0.02):
            theirs.sendall(b" ")

    dripping = threading.Thread(target=drip)
    dripping.start()
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        wire.receive(within(0.2))
    stop.set()
    dripping.join()
    assert time.monotonic() - began < 20  # of the minutes that it would go on


def test_who_does_not_read_holds_nobody_up(pair: tuple[Wire, socket.socket]):
    wire, _ = pair
    with pytest.raises(TimeoutError):
        wire.send_bytes(bytes(10_000_000), within(0.2))


@given(
    st.builds(
        Asked,
        st.text(),
        st.dictionaries(st.text(), st.integers(-5, 5) | st.lists(st.text())),
        st.lists(st.integers(0, 9)).map(tuple),
    )
)
def test_a_request_is_read_as_it_was_spelled(asked: Asked):
    assert Asked.read(asked.spelled()) == asked
    joined = os.urandom(asked.size)
    raws = asked.cut(joined)
    assert (tuple(map(len, raws)), b"".join(raws)) == (asked.sizes, joined)


@pytest.mark.parametrize("joined", [b"", b"12", b"1234"])
def test_bytes_of_other_sizes_than_announced_are_a_value_error(joined: bytes):
    with pytest.raises(ValueError, match="more bytes, or fewer"):
        Asked("ingest", {}, (1, 2)).cut(joined)


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"command": "ingest", "arguments": {}, "sizes": [-1]},
        {"command": "ingest", "arguments": {}, "sizes": [True]},
        {"command": "ingest", "arguments": {}, "sizes": ["1"]},
        {"command": "ingest", "arguments": {}, "sizes": [0] * 10_001},
        {"command": "ingest", "arguments": [], "sizes": []},
        {"command": 1, "arguments": {}, "sizes": []},
    ],
)
def test_what_nobody_asks_is_a_value_error(told: dict[str, object]):
    with pytest.raises(ValueError, match="no request"):
        Asked.read(told)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "error",
    [
        TemporaryError("the disk is full"),
        UsageError("there is no row 7"),
        UnreadableInput("it is empty"),
        MailhookError("something else"),
        ConfigError([Problem("a.b", "wrong", "hint", 7, "b: 1"), Problem("c", "wrong")]),
    ],
)
def test_an_error_arrives_as_the_same_kind_with_the_same_words(error: MailhookError):
    arrived = faults.read(faults.spelled(error))
    assert (type(arrived), str(arrived)) == (type(error), str(error))
    assert arrived.exit_code == error.exit_code
    assert getattr(arrived, "problems", ()) == getattr(error, "problems", ())


def test_a_subclass_arrives_as_the_kind_that_has_its_exit_code():
    arrived = faults.read(faults.spelled(Busy("try again")))
    assert (type(arrived), arrived.exit_code) == (TemporaryError, 75)
    assert faults.read(faults.spelled(Untrusted("no"))).exit_code == Untrusted.exit_code


@pytest.mark.parametrize("told", [None, {}, {"kind": 1}, {"kind": "ConfigError", "problems": [1]}])
def test_what_is_no_error_is_a_value_error(told: object):
    with pytest.raises(ValueError, match="this is no"):
        faults.read(told)  # type: ignore[arg-type]


def test_a_greeting_says_how_much_or_why_nothing():
    assert greeting.read({"protocol": 1, "limit_bytes": 5}) == 5
    for told, kind in (
        ({"protocol": 2, "limit_bytes": 5}, Unusable),
        ({"protocol": 1, "refused": "no"}, Unusable),
        ({"protocol": 1, "busy": 16}, Busy),
        ({"protocol": 1}, ValueError),
    ):
        with pytest.raises(kind):
            greeting.read(told)


WHOLE = Delivery("file", f"file:{'a' * 64};headers", mails.NOON, b"a", 9, "too_large: 9 is over 8")


def test_deliveries_arrive_as_they_are_with_locations_made_from_their_bytes():
    ours = Delivery("file", "file:made-up", mails.NOON.replace(microsecond=7), b"hello")
    (read, whole) = deliveries.read(
        deliveries.spelled(Batch((ours, WHOLE))), (b"hello", b"a")
    ).deliveries
    assert whole == WHOLE
    assert read.location == (
        "file:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
    )
    assert (read.channel, read.received_at, read.raw) == ("file", ours.received_at, b"hello")


def test_nobody_can_tell_of_a_mailbox():
    told = {"received_at": "2026-08-03T10:00:00Z", "channel": "email", "location": mails.INBOX}
    (read,) = deliveries.read({"deliveries": [told]}, [b""]).deliveries
    assert (read.channel, read.location[:5], read.place) == ("file", "file:", None)
    for location in (mails.INBOX, "file:x;headers", f"file:{'a' * 64}"):
        forged = told | {"location": location, "size": 1, "problem": "too_large: it is"}
        with pytest.raises(ValueError, match="no delivery"):
            deliveries.read({"deliveries": [forged]}, [b""])


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"deliveries": []},
        {"deliveries": [1]},
        {"deliveries": [{"received_at": "yesterday"}]},
        {"deliveries": [{"received_at": "2026-08-03T10:00:00Z", "problem": "bug: mine"}]},
    ],
)
def test_what_are_no_deliveries_is_a_value_error(told: dict[str, object]):
    with pytest.raises(ValueError, match="no deliver"):
        deliveries.read(told, [b"raw"])  # type: ignore[arg-type]


def test_the_kernel_says_who_is_at_the_other_end():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert peer.uid(ours) == os.geteuid()
    assert peer.uid_in(struct.pack("iII", 1, 4_000_000_000, 7)) == 4_000_000_000
    assert peer.may_ask(0)
    assert peer.may_ask(os.geteuid())
    assert not peer.may_ask(os.geteuid() + 1)
