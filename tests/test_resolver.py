"""DNS for keys, asked of a real socket: time-outs, what is kept and how long, hostile answers."""

from __future__ import annotations

import pickle
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Self

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from mailhook.authenticity import Unanswered
from mailhook.authenticity.resolver import Answer, Resolver, asked

NAME = "s1._domainkey.truora.com"


@dataclass
class Server:
    """A name server on UDP; `answer` makes its response, None for none."""

    answer: Callable[[dns.message.Message], dns.message.Message | bytes | None]
    questions: list[str] = field(default_factory=list)

    def __enter__(self) -> Self:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
            end.sendto(b"", self.socket.getsockname())
        self.thread.join()
        self.socket.close()

    def _serve(self) -> None:
        while True:
            told, peer = self.socket.recvfrom(65_535)
            if not told:
                return
            question = dns.message.from_wire(told)
            self.questions.append(question.question[0].name.to_text(omit_final_dot=True))
            answer = self.answer(question)
            if isinstance(answer, dns.message.Message):
                answer = answer.to_wire()
            if answer is not None:
                self.socket.sendto(answer, peer)

    def ask(self, name: str) -> Answer:
        return asked(name, self.socket.getsockname())


def answered(
    question: dns.message.Message, *records: tuple[str, int, str, str], code: int = 0
) -> dns.message.Message:
    response = dns.message.make_response(question)
    response.flags |= dns.flags.RA
    response.set_rcode(dns.rcode.Rcode(code))
    for name, ttl, kind, text in records:
        response.answer.append(dns.rrset.from_text(f"{name}.", ttl, "IN", kind, text))
    return response


def txt(question: dns.message.Message) -> dns.message.Message:
    return answered(question, (NAME, 77, "TXT", '"v=DKIM1; " "p=AA"'))


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(txt) as started:
        yield started


def test_the_pieces_of_a_record_are_one_and_its_ttl_is_told(server: Server):
    assert server.ask(NAME) == ((b"v=DKIM1; p=AA",), 77)
    assert server.questions == [NAME]


def test_a_name_that_leads_to_another_holds_as_long_as_the_shortest(server: Server):
    def led(question: dns.message.Message) -> dns.message.Message:
        there = "k.esp.example"
        return answered(question, (NAME, 10, "CNAME", f"{there}."), (there, 300, "TXT", '"p=BB"'))

    server.answer = led
    assert server.ask(NAME) == ((b"p=BB",), 10)


@pytest.mark.parametrize("code", [dns.rcode.NXDOMAIN, dns.rcode.NOERROR])
def test_a_name_without_a_record_has_none(server: Server, code: int):
    server.answer = partial(answered, code=code)
    assert server.ask(NAME)[0] == ()


def loop(question: dns.message.Message) -> dns.message.Message:
    chain = [(f"n{n}.truora.com", 10, "CNAME", f"n{n + 1}.truora.com.") for n in range(20)]
    return answered(question, (NAME, 10, "CNAME", "n0.truora.com."), *chain)


@pytest.mark.parametrize(
    "answer",
    [partial(answered, code=dns.rcode.SERVFAIL), partial(answered, code=dns.rcode.REFUSED), loop],
    ids=["a failure", "a refusal", "names that lead on and on"],
)
def test_what_is_no_answer_is_temporary_and_soon_told(server: Server, answer: object):
    server.answer = answer  # type: ignore[assignment]
    start = time.monotonic()
    with pytest.raises(Unanswered):
        server.ask(NAME)
    assert time.monotonic() - start < 7


def test_a_server_that_never_answers_is_waited_for_five_seconds(server: Server):
    server.answer = lambda _: None
    start = time.monotonic()
    with pytest.raises(Unanswered):
        server.ask(NAME)
    assert 4 < time.monotonic() - start < 7


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_an_answer_is_kept_as_long_as_it_says(server: Server):
    clock = Clock()
    resolver = Resolver(server.ask, clock)
    for _ in range(3):
        assert resolver(NAME) == (b"v=DKIM1; p=AA",)
    assert len(server.questions) == 1
    clock.now = 78
    resolver(NAME)
    assert len(server.questions) == 2


def test_an_answer_that_holds_for_ever_is_asked_for_again_after_a_day():
    clock, questions = Clock(), []

    def ask(name: str) -> Answer:
        questions.append(name)
        return (b"p=AA",), 2**31

    resolver = Resolver(ask, clock)
    resolver(NAME)
    clock.now = 86_401
    resolver(NAME)
    assert len(questions) == 2


def test_while_a_domain_is_silent_one_question_a_minute_waits_for_it():
    clock, questions = Clock(), []

    def ask(name: str) -> Answer:
        questions.append(name)
        raise Unanswered(name)

    resolver = Resolver(ask, clock)
    for n in range(50):
        with pytest.raises(Unanswered):
            resolver(f"s{n}._domainkey.truora.com")
    with pytest.raises(Unanswered):
        resolver("s1._domainkey.example.org")
    assert questions == ["s0._domainkey.truora.com", "s1._domainkey.example.org"]
    clock.now = 61
    with pytest.raises(Unanswered):
        resolver(NAME)
    assert questions[2:] == [NAME]


def test_what_is_kept_is_bounded():
    questions = []

    def ask(name: str) -> Answer:
        questions.append(name)
        return (), 300

    resolver = Resolver(ask)
    for n in range(1_001):
        resolver(f"s{n}._domainkey.truora.com")
    resolver("s1000._domainkey.truora.com")
    assert len(questions) == 1_001
    resolver("s0._domainkey.truora.com")
    assert len(questions) == 1_002


def test_it_goes_to_the_process_that_examines_ahead():
    assert pickle.loads(pickle.dumps(Resolver()))  # noqa: S301 - our own bytes
