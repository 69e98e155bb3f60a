"""A real mail server that asks our issuer about each token: logins, polls, what it refuses."""

from __future__ import annotations

import os
import re
import shutil
import socket
import tempfile
import threading
import uuid
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import dovecot
import mails
import pytest
from command import call
from dovecot import Account, Dovecot
from issuer import CLIENT, SECRET, Issuer
from scripted_imap import ScriptedImap

from mailhook import checks, config
from mailhook.errors import ConfigError, LoginRefused, TemporaryError
from mailhook.oauth import tokens_of
from mailhook.sources.imap import Mailbox

_PASSDB = """
introspection_mode = post
introspection_url = {url}/introspect
username_attribute = username
active_attribute = active
active_value = true
"""
# Dovecot lets whoever has failed once wait longer and longer; our tests fail on purpose.
_EXTRA = """
auth_mechanisms = plain login {mechanisms}
auth_failure_delay = 0
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {passdb}
}}
"""


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    with Issuer() as server:
        yield server


def started(issuer: Issuer, mechanisms: str) -> Iterator[Dovecot]:
    if not dovecot.installed():
        if os.environ.get("CI"):
            pytest.fail("dovecot-imapd is not installed; under CI these tests must run")
        pytest.skip("dovecot-imapd is not installed")
    home = Path(tempfile.mkdtemp(prefix="passdb-"))
    home.chmod(0o711)
    passdb = home / "oauth2.conf"
    passdb.write_text(_PASSDB.format(url=issuer.url))
    server = dovecot.start(extra=_EXTRA.format(mechanisms=mechanisms, passdb=passdb))
    yield server
    server.stop()
    shutil.rmtree(home)


@pytest.fixture(scope="module")
def both(issuer: Issuer) -> Iterator[Dovecot]:
    yield from started(issuer, "xoauth2 oauthbearer")


@pytest.fixture(scope="module")
def older(issuer: Issuer) -> Iterator[Dovecot]:
    yield from started(issuer, "xoauth2")


@pytest.fixture(params=["both", "older"])
def account(request: pytest.FixtureRequest, issuer: Issuer, tmp_path: Path) -> Account:
    """A mailbox that the issuer's next tokens are for."""
    server = request.getfixturevalue(request.param)
    made = Account(server, f"hooks-{uuid.uuid4().hex[:12]}", tmp_path)
    issuer.user, issuer.lives_seconds = made.user, 3600
    issuer.log.clear()
    return made


def oauth2(issuer: Issuer, home: Path, **changes: object) -> dict[str, Any]:
    secret = home / "client-secret"
    secret.write_text(SECRET)
    secret.chmod(0o600)
    told = {"provider": "other", "token_url": f"{issuer.url}/token", "client_id": CLIENT}
    return {"password": None, "oauth2": told | {"client_secret": {"file": str(secret)}} | changes}


def refused(mailbox: Mailbox) -> str:
    with pytest.raises(ConfigError) as caught, closing(mailbox):
        mailbox.open()
    return str(caught.value)


def test_a_login_by_token_is_as_good_as_any(account: Account, issuer: Issuer):
    settings = account.settings(**oauth2(issuer, account.home))
    for _ in range(2):
        with Mailbox(settings) as mailbox:
            assert mailbox.check() == []
    assert issuer.grants("client_credentials") == 1


def test_a_token_the_server_no_longer_takes_is_replaced_at_once(account: Account, issuer: Issuer):
    settings = account.settings(**oauth2(issuer, account.home))
    with Mailbox(settings):
        pass
    issuer.forget_access_tokens()
    with Mailbox(settings) as mailbox:
        assert mailbox.check() == []
    assert issuer.grants("client_credentials") == 2


def test_a_token_for_somebody_else_is_refused_with_what_to_do(account: Account, issuer: Issuer):
    issuer.user = "somebody-else"
    issuer.forget_access_tokens()
    with pytest.raises(LoginRefused) as caught:
        Mailbox(account.settings(**oauth2(issuer, account.home))).open()
    said = str(caught.value)
    assert "mailboxes[hooks].oauth2: " in said
    assert f"refuses the token for {account.user} (" in said
    assert "status " in said
    assert "check username, scopes" in said
    (token,) = issuer.tokens
    assert token not in said
    assert issuer.grants("client_credentials") == 1


def test_poll_reads_mail_by_tokens_that_end_between_two_rounds(account: Account, issuer: Issuer):
    path = account.config(**oauth2(issuer, account.home))
    account.append(mails.check_finished("CHK1"))
    assert call("-c", str(path), "poll").code == 0
    issuer.forget_access_tokens()
    account.append(mails.check_finished("CHK2"))
    done = call("-c", str(path), "poll", "--json")
    assert (done.code, done.err) == (0, "")
    assert '"recorded": 1' in done.out
    assert issuer.grants("client_credentials") == 2


def test_poll_reads_mail_by_a_device_login_that_rotates(account: Account, issuer: Issuer):
    issuer.device = {"interval": 0}
    told = oauth2(issuer, account.home, flow="device_code", device_url=f"{issuer.url}/device")
    path = account.config(**told)
    assert call("-c", str(path), "oauth", "login").code == 0
    account.append(mails.check_finished("CHK1"))
    assert call("-c", str(path), "poll").code == 0
    assert issuer.grants("refresh_token") == 0  # the login's own token is still good
    for _ in range(2):
        issuer.forget_access_tokens()
        assert call("-c", str(path), "poll").code == 0
    assert issuer.grants("refresh_token") == 2


def test_check_tells_what_is_wrong_with_tokens_under_their_key(account: Account, issuer: Issuer):
    path = account.config(**oauth2(issuer, account.home))
    settings = config.load(path)
    assert checks.problems(settings) == []
    tokens = tokens_of(settings.mailboxes[0])
    tokens.drop(tokens.access_token())
    issuer.refuse("invalid_client", "AADSTS7000222: expired")
    (problem,) = checks.problems(settings)
    assert problem.path == "mailboxes[hooks].oauth2.client_secret"
    (account.home / "client-secret").unlink()
    (problem,) = checks.problems(settings)
    assert problem.path == "mailboxes[hooks].oauth2.client_secret"
    assert "cannot be read" in problem.message


def test_an_issuer_that_is_down_is_no_refused_login(account: Account, issuer: Issuer):
    settings = account.settings(**oauth2(issuer, account.home))
    issuer.on_next(lambda asked: asked.send(b"", 502))
    with pytest.raises(TemporaryError, match=r"HTTP 502"):
        Mailbox(settings).open()
    with Mailbox(settings):
        pass


def scripted(server: ScriptedImap, issuer: Issuer, home: Path, offer: str) -> Mailbox:
    server.capabilities = f"IMAP4rev1 {offer}"
    return Mailbox(server.settings(**oauth2(issuer, home)))


def test_a_server_without_login_by_token_is_told(issuer: Issuer, tmp_path: Path):
    with ScriptedImap(tmp_path) as server:
        mailbox = scripted(server, issuer, tmp_path, "AUTH=PLAIN")
        assert "offers no login by token" in refused(mailbox)
    assert server.said("AUTHENTICATE") == []


def test_a_server_busy_for_the_moment_does_not_cost_the_token(issuer: Issuer, tmp_path: Path):
    with ScriptedImap(tmp_path) as server:
        server.on("AUTHENTICATE", b"<tag> NO [UNAVAILABLE] later\r\n")
        mailbox = scripted(server, issuer, tmp_path, "AUTH=XOAUTH2")
        issuer.log.clear()
        for _ in range(2):
            with pytest.raises(TemporaryError, match="refused for now"):
                mailbox.open()
    assert issuer.grants("client_credentials") == 1


def test_a_server_that_hangs_up_and_quotes_shows_no_token(issuer: Issuer, tmp_path: Path):
    with ScriptedImap(tmp_path) as server:
        # Without the tag, imaplib cannot make sense of what comes, and quotes it.
        server.on("AUTHENTICATE", b"+ \r\n")
        mailbox = scripted(server, issuer, tmp_path, "AUTH=XOAUTH2")
        issuer.forget_access_tokens()
        with pytest.raises(TemporaryError) as caught:
            mailbox.open()
    (token,) = issuer.tokens
    spelled = b64encode(f"user=hooks@example.com\1auth=Bearer {token}\1\1".encode()).decode()
    assert "hung up during the login" in str(caught.value)
    assert spelled[:40] not in str(caught.value)


# As Google sends it.
CHALLENGE = b'{"status":"400","schemes":"Bearer","scope":"https://mail.google.com/"}'


class Challenging(threading.Thread):
    """Refuses one login with a challenge; `lines` has what the client said."""

    def __init__(self, offer: str) -> None:
        super().__init__()
        self.offer, self.lines = offer, list[bytes]()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]

    def run(self) -> None:
        with self.listener, self.listener.accept()[0] as line, line.makefile("rwb", 0) as talk:
            talk.write(b"* OK ready\r\n")
            tag = self.heard(talk).split()[0]
            talk.write(b"* CAPABILITY IMAP4rev1 %s\r\n" % self.offer.encode())
            talk.write(b"%s OK done\r\n" % tag)
            tag = self.heard(talk).split()[0]
            talk.write(b"+ \r\n")
            first = self.heard(talk)
            talk.write(b"+ %s\r\n" % b64encode(CHALLENGE))
            self.heard(talk)
            talk.write(b"%s NO refused: %s\r\n" % (tag, first))
            self.heard(talk)

    def heard(self, talk: Any) -> bytes:
        self.lines.append(talk.readline().strip())
        return self.lines[-1]

    def refuses(self, issuer: Issuer, home: Path, username: str) -> str:
        self.start()
        told = {"name": "hooks", "host": "127.0.0.1", "port": self.port, "tls": "none"}
        told |= {"username": username} | oauth2(issuer, home)
        try:
            return refused(Mailbox(config.MailboxSettings.model_validate(told)))
        finally:
            self.join(10)


@pytest.mark.parametrize(
    ("offer", "last"), [("AUTH=XOAUTH2", b""), ("AUTH=XOAUTH2 AUTH=OAUTHBEARER", b"AQ==")]
)
def test_a_challenge_is_answered_as_its_mechanism_wants_and_told(
    offer: str, last: bytes, issuer: Issuer, tmp_path: Path
):
    server = Challenging(offer)
    said = server.refuses(issuer, tmp_path, "hooks@example.com")
    assert server.lines[3] == last
    assert "(refused: …; status 400, scope https://mail.google.com/, schemes Bearer)" in said


@pytest.mark.parametrize(
    ("offer", "first"),
    [
        ("AUTH=XOAUTH2", b"user=a=b,c\1auth=Bearer TOKEN\1\1"),
        ("AUTH=OAUTHBEARER", b"n,a=a=3Db=2Cc,\1auth=Bearer TOKEN\1\1"),
    ],
)
def test_a_token_is_sent_as_its_mechanism_spells_it(
    offer: str, first: bytes, issuer: Issuer, tmp_path: Path
):
    server = Challenging(offer)
    server.refuses(issuer, tmp_path, "a=b,c")
    sent = b64decode(server.lines[2])
    assert re.sub(rb"access-[0-9a-f]+", b"TOKEN", sent) == first
