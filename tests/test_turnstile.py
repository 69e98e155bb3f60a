"""The lock before the writer: first come, first served; once more for whoever has it."""

from __future__ import annotations

import threading
from collections import Counter
from contextlib import suppress

from mailhook.store.turnstile import Turnstile


def waiting(lock: Turnstile) -> int:
    return len(lock._gates)  # noqa: SLF001 - nothing tells from outside who stands in line


def start(work: threading.Thread, lock: Turnstile, number: int) -> None:
    """Start it and come back once it stands in line as the `number`th."""
    work.start()
    while waiting(lock) < number:
        threading.Event().wait(0.001)


def test_whoever_asked_first_goes_first_and_the_last_holder_behind_them():
    lock, order = Turnstile(), list[int]()

    def pass_by(number: int) -> None:
        with lock:
            order.append(number)

    threads = [threading.Thread(target=pass_by, args=(number,)) for number in range(5)]
    with lock:
        for number, thread in enumerate(threads, 1):
            start(thread, lock, number)
    with lock:
        order.append(99)
    for thread in threads:
        thread.join(20)
    assert order == [0, 1, 2, 3, 4, 99]


def test_its_holder_may_take_it_again_and_lets_go_of_it_at_the_end():
    lock, passed = Turnstile(), threading.Event()

    def pass_by() -> None:
        with lock:
            passed.set()

    thread = threading.Thread(target=pass_by)
    with lock:
        with lock, lock:
            start(thread, lock, 1)
        assert not passed.is_set()
    assert passed.wait(20)
    thread.join(20)


def test_what_is_raised_inside_lets_go_of_it():
    lock = Turnstile()
    with suppress(ValueError), lock:
        raise ValueError
    thread = threading.Thread(target=lock.__enter__)
    thread.start()
    thread.join(20)
    assert not thread.is_alive()


def test_never_two_are_inside_and_each_gets_in_as_often_as_it_asks():
    lock, inside, passed = Turnstile(), Counter[str](), Counter[int]()
    most = 0

    def go_round(number: int) -> None:
        nonlocal most
        for _ in range(200):
            with lock:
                inside["now"] += 1
                most = max(most, inside["now"])
                passed[number] += 1
                inside["now"] -= 1

    threads = [threading.Thread(target=go_round, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert most == 1
    assert passed == dict.fromkeys(range(6), 200)
