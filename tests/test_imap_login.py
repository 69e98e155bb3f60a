"""What is wrong before a mail is read, and whether it passes by itself or is for the operator."""

from __future__ import annotations

from pathlib import Path

import pytest
from ports import free_port
from scripted_imap import ScriptedImap

from mailhook.errors import ConfigError, TemporaryError
from mailhook.sources.imap import Mailbox


def test_a_closed_port_is_a_temporary_error(tmp_path: Path):
    with ScriptedImap(tmp_path) as server, pytest.raises(TemporaryError, match="refused"):
        Mailbox(server.settings(port=free_port())).open()


def test_a_host_without_address_is_a_temporary_error(tmp_path: Path):
    with ScriptedImap(tmp_path) as server:
        mailbox = Mailbox(server.settings(host="imap.invalid", tls="implicit"))
        with pytest.raises(TemporaryError, match="cannot be resolved"):
            mailbox.open()


def test_a_wrong_password_is_for_the_operator_and_stays_unsaid(tmp_path: Path):
    with ScriptedImap(tmp_path) as server:
        echo = b'<tag> NO [AUTHENTICATIONFAILED] LOGIN "x" "correct-horse" refused\r\n'
        server.on("LOGIN", echo)
        with pytest.raises(ConfigError) as caught:
            Mailbox(server.settings()).open()
    (problem,) = caught.value.problems
    assert problem.path == "mailboxes[hooks].password"
    assert "refuses the login of hooks@example.com" in problem.message
    assert problem.hint == "check username and password"
    assert "correct-horse" not in str(caught.value)


@pytest.mark.parametrize("word", ["[UNAVAILABLE]", "[INUSE]", "[LIMIT]", "Too many connections"])
def test_a_login_refused_for_now_is_a_temporary_error(tmp_path: Path, word: str):
    with ScriptedImap(tmp_path) as server:
        server.on("LOGIN", f"<tag> NO {word}\r\n".encode())
        with pytest.raises(TemporaryError, match="refused for now"):
            Mailbox(server.settings()).open()


def test_what_a_server_says_reaches_nobody_with_its_control_characters(tmp_path: Path):
    with ScriptedImap(tmp_path) as server:
        server.on("LOGIN", b"<tag> NO \x1b[2J\x07gotcha\r\n")
        with pytest.raises(ConfigError) as caught:
            Mailbox(server.settings()).open()
    assert "gotcha" in str(caught.value)
    assert "\x1b" not in str(caught.value)
