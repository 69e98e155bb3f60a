"""TLS from the first byte or by STARTTLS, checked, never downgraded; in clear only on loopback."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import certificates
import mails
import pytest
from certificates import Certificate
from dovecot import Account, Dovecot, installed, start
from pydantic import ValidationError
from scripted_imap import CUT, HANG, HONEST, PASSWORD, PLAIN, QUICK, Drip, ScriptedImap

from mailhook.errors import ConfigError, TemporaryError
from mailhook.sources.imap import Mailbox


@pytest.fixture(scope="module")
def certificate() -> Iterator[Certificate]:
    # Dovecot's processes, which are not the tests' user, cannot look into pytest's folders.
    with tempfile.TemporaryDirectory() as home:
        yield certificates.make(Path(home))


@pytest.fixture(scope="module")
def secure(dovecot: Dovecot, certificate: Certificate) -> Iterator[Dovecot]:
    assert installed()
    assert dovecot
    server = start(certificate=certificate.stem)
    yield server
    server.stop()


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
def test_mails_come_over_tls_where_ca_file_names_the_authority(
    secure: Dovecot, certificate: Certificate, tmp_path: Path, tls: str
):
    account = Account(secure, f"tls-{tls}", tmp_path)
    account.append(mails.write("hello"))
    port = secure.tls_port if tls == "implicit" else secure.port
    settings = account.settings(tls=tls, port=port, host="localhost", ca_file=str(certificate.crt))
    with Mailbox(settings) as mailbox:
        (batch,) = mailbox.sweep("INBOX", None)
    assert len(batch.deliveries) == 1


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
def test_a_certificate_of_an_unknown_authority_is_refused(
    secure: Dovecot, tmp_path: Path, tls: str
):
    account = Account(secure, "tls-unknown", tmp_path)
    port = secure.tls_port if tls == "implicit" else secure.port
    with pytest.raises(ConfigError) as caught:
        Mailbox(account.settings(tls=tls, port=port)).open()
    (problem,) = caught.value.problems
    assert problem.path == "mailboxes[hooks].host"
    assert "the certificate is not good: self-signed certificate" in problem.message
    assert "ca_file" in problem.hint


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
def test_a_certificate_for_another_name_is_refused_before_the_login(tmp_path: Path, tls: str):
    other = certificates.make(tmp_path, "DNS:mail.example.com")
    with ScriptedImap(tmp_path, context=other.context()) as server:
        server.capabilities += " STARTTLS" if tls == "starttls" else ""
        with pytest.raises(ConfigError, match=r"certificate is not good: .*mismatch"):
            Mailbox(server.settings(tls=tls, ca_file=str(other.crt))).open()
        assert not server.said("LOGIN")


def test_a_port_without_tls_is_named_with_the_setting_that_fits(tmp_path: Path):
    with ScriptedImap(tmp_path) as server, pytest.raises(ConfigError) as caught:
        Mailbox(server.settings(tls="implicit")).open()
    (problem,) = caught.value.problems
    assert problem.path == "mailboxes[hooks].tls"
    assert "does not speak TLS from the first byte" in problem.message
    assert "starttls" in problem.hint


def test_a_port_with_tls_asked_in_clear_says_nothing_and_is_left_in_time(
    tmp_path: Path, certificate: Certificate
):
    with ScriptedImap(tmp_path, context=certificate.context()) as server:
        with pytest.raises(TemporaryError):
            Mailbox(server.settings(tls="starttls"), QUICK).open()
        assert PASSWORD.encode() not in server.received


@pytest.mark.parametrize("holds", [None, b"", b"no certificate"])
def test_a_ca_file_that_holds_none_is_for_the_operator(tmp_path: Path, holds: bytes | None):
    ca_file = tmp_path / "ca.pem"
    if holds is not None:
        ca_file.write_bytes(holds)
    with ScriptedImap(tmp_path) as server, pytest.raises(ConfigError) as caught:
        Mailbox(server.settings(tls="implicit", ca_file=str(ca_file))).open()
    assert caught.value.problems[0].path == "mailboxes[hooks].ca_file"


STRIPPED = {
    "not offered": (PLAIN, HONEST),
    "refused": (f"{PLAIN} STARTTLS", b"<tag> NO not today\r\n"),
    "not understood": (f"{PLAIN} STARTTLS", b"<tag> BAD what\r\n"),
    "granted, then spoken in clear": (f"{PLAIN} STARTTLS", b"<tag> OK go\r\n* OK in clear\r\n"),
    "granted, then silent": (f"{PLAIN} STARTTLS", b"<tag> OK go\r\n"),
    "cut": (f"{PLAIN} STARTTLS", CUT),
    "silent": (f"{PLAIN} STARTTLS", HANG),
}


@pytest.mark.parametrize("name", STRIPPED)
def test_starttls_that_is_stripped_away_never_leads_to_a_login_in_clear(tmp_path: Path, name: str):
    capabilities, answer = STRIPPED[name]
    with ScriptedImap(tmp_path) as server:
        server.capabilities = capabilities
        server.on("STARTTLS", answer)
        with pytest.raises((ConfigError, TemporaryError)):
            Mailbox(server.settings(tls="starttls"), QUICK).open()
    assert PASSWORD.encode() not in server.received
    assert b"LOGIN" not in server.received.upper()


def test_a_server_without_starttls_is_named_with_the_setting_that_fits(tmp_path: Path):
    with ScriptedImap(tmp_path) as server, pytest.raises(ConfigError) as caught:
        Mailbox(server.settings(tls="starttls")).open()
    (problem,) = caught.value.problems
    assert problem.path == "mailboxes[hooks].tls"
    assert "does not offer STARTTLS; nothing was sent in clear" in problem.message


def test_a_greeting_that_claims_to_know_us_does_not_spare_starttls(tmp_path: Path):
    """PREAUTH would forbid STARTTLS and have everything read in clear."""
    with ScriptedImap(tmp_path) as server:
        server.greeting = (b"* PREAUTH welcome back\r\n",)
        server.capabilities += " STARTTLS"
        with pytest.raises((ConfigError, TemporaryError)):
            Mailbox(server.settings(tls="starttls"), QUICK).open()
    assert {line.split()[0] for line in server.log} <= {"CAPABILITY", "LOGOUT"}


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
def test_a_handshake_that_drips_is_cut(tmp_path: Path, tls: str):
    record = Drip(b"\x16\x03\x03\x40\x00" + b"\x02" * 200, 0.05)
    with ScriptedImap(tmp_path) as server:
        server.capabilities += " STARTTLS"
        server.greeting = (record,) if tls == "implicit" else server.greeting
        server.on("STARTTLS", b"<tag> OK go\r\n", record)
        with pytest.raises(TemporaryError, match="no answer in time"):
            Mailbox(server.settings(tls=tls), QUICK).open()


@pytest.mark.parametrize("host", ["imap.example.com", "192.0.2.1", "localhost.example"])
def test_without_tls_only_this_machine_is_spoken_to(tmp_path: Path, host: str):
    with ScriptedImap(tmp_path) as server:
        with pytest.raises(ValidationError, match="only a loopback host"):
            server.settings(host=host)
        smuggled = server.settings().model_copy(update={"host": host})
        with pytest.raises(ConfigError, match="only for this machine"):
            Mailbox(smuggled).open()


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_without_tls_this_machine_can_be_spoken_to(tmp_path: Path, host: str):
    with ScriptedImap(tmp_path) as server:
        with Mailbox(server.settings(host=host)):
            pass
        assert len(server.said("LOGIN")) == 1
