"""Sending to Apprise's targets: what came of each, in words without secrets, in bounded time."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import pytest
from ports import free_port
from targets import SECRET, listening

from mailhook.notify import Posting, scheme, send, understood


def test_each_target_gets_its_message_or_is_told_what_went_wrong():
    with listening() as well, listening() as broken:
        broken.status = 500
        gone = f"json://user:{SECRET}@127.0.0.1:{free_port()}/{SECRET}"
        urls = [well.url, broken.url, gone, SECRET, f"json://{SECRET}@"]
        whys = send([Posting(url, "a title", "two\nlines of <b>text</b>\\n") for url in urls])
    assert whys == [
        None,
        "its server answers 500",
        "its server cannot be reached, or does not answer",
        "Apprise does not understand its URL",
        "Apprise does not understand its URL",
    ]
    (got,) = well.got
    assert (got["title"], got["message"]) == ("a title", "two\nlines of <b>text</b>\\n")
    assert got["type"] == "warning"


def test_a_target_that_hangs_is_left_when_the_time_is_over():
    with listening() as target:
        target.hangs = True
        start = time.monotonic()
        assert send([Posting(target.url, "t", "b")], seconds=0.5) == ["it did not end within 0.5 s"]
    assert time.monotonic() - start < 20  # of 60 that are the usual


def test_a_target_that_hangs_is_left_when_the_service_ends_and_the_others_are_told():
    stop, whys = threading.Event(), []
    with listening() as well, listening() as target:
        target.hangs = True
        postings = [Posting(one.url, "t", "b") for one in (well, target)]
        sending = threading.Thread(target=lambda: whys.extend(send(postings, stop=stop)))
        sending.start()
        target.wait()
        well.wait()
        start = time.monotonic()
        stop.set()
        sending.join()
    assert time.monotonic() - start < 20  # of 60 that it might go on
    assert whys[1] == "it did not end within 60 s"


def test_what_apprise_understands_is_asked_without_sending():
    with listening() as target:
        assert understood([target.url, "mailto://", "no url", "slack://a/b/c"]) == [
            True,
            False,
            False,
            True,
        ]
        assert understood([]) == []
        assert not target.asked.is_set()


@pytest.mark.parametrize(
    ("url", "shown"),
    [("mailto://a:b@c", "mailto"), ("JSONS://x", "jsons"), (f"x{SECRET}", ""), ("é://x", "")],
)
def test_of_a_url_only_its_kind_may_be_shown(url: str, shown: str):
    assert scheme(url) == shown


def test_the_service_does_not_load_apprise():
    loaded = "import sys, mailhook.alarms, mailhook.checks; print('apprise' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", loaded], capture_output=True, check=True)
    assert done.stdout == b"False\n"
