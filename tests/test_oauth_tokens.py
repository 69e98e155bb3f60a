"""Tokens: fetched when needed, used again while good, from each issuer and through each trouble."""

from __future__ import annotations

import json
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import certificates
import pytest
from issuer import CLIENT, JWT_BEARER, SECRET, TENANT, Asked, Issuer
from ports import free_port

from mailhook.config import MailboxSettings
from mailhook.errors import ConfigError, LoginRefused, TemporaryError
from mailhook.oauth import Tokens, tokens_of
from mailhook.oauth.grant import Grant, Malformed
from mailhook.oauth.http import Bounds, IssuerSession


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with Issuer() as server:
        yield server


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> certificates.Certificate:
    return certificates.make(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def secure(certificate: certificates.Certificate) -> Iterator[Issuer]:
    with Issuer(certificate) as server:
        yield server


def mailbox(oauth2: dict[str, object], **changes: object) -> MailboxSettings:
    told = {"name": "hooks", "host": "imap.example.com", "username": "hooks@example.com"}
    return MailboxSettings.model_validate(told | {"oauth2": oauth2} | changes)


def secret(home: Path, value: str = SECRET) -> dict[str, str]:
    path = home / f"client-secret-{len(value)}"
    path.write_text(value)
    path.chmod(0o600)
    return {"file": str(path)}


def other(issuer: Issuer, home: Path, **changes: object) -> MailboxSettings:
    told = {"provider": "other", "token_url": f"{issuer.url}/token", "client_id": CLIENT}
    return mailbox(told | {"client_secret": secret(home)} | changes)


def microsoft(issuer: Issuer, home: Path, **changes: object) -> MailboxSettings:
    told = {"provider": "microsoft", "tenant": TENANT, "client_id": CLIENT}
    told |= {"client_secret": secret(home), "authority": issuer.url}
    assert issuer.certificate
    return mailbox(told | {"ca_file": str(issuer.certificate.crt)} | changes)


def google(issuer: Issuer, home: Path, **changes: object) -> MailboxSettings:
    key = {"file": str(issuer.key_file(home / "key.json"))}
    return mailbox({"provider": "google", "key": key} | changes)


def wrong(settings: MailboxSettings, kind: type[ConfigError] = ConfigError) -> tuple[str, str, str]:
    with pytest.raises(kind) as caught:
        Tokens(settings).access_token()
    (problem,) = caught.value.problems
    assert SECRET not in str(problem)
    key = problem.path.removeprefix("mailboxes[hooks].oauth2").removeprefix(".")
    return key, problem.message, problem.hint


def later(settings: MailboxSettings) -> str:
    with pytest.raises(TemporaryError) as caught:
        Tokens(settings).access_token()
    told = str(caught.value)
    assert SECRET not in told
    assert told.startswith("mailbox hooks: ")
    assert told.endswith("; will be tried again")
    return told


def test_a_token_is_used_again_until_shortly_before_its_end(issuer: Issuer, tmp_path: Path):
    now = [1000.0]
    tokens = Tokens(other(issuer, tmp_path), lambda: now[0])
    first = tokens.access_token()
    assert first.is_fresh
    now[0] += 3600 - 61
    assert (tokens.access_token().value, tokens.access_token().is_fresh) == (first.value, False)
    now[0] += 2
    second = tokens.access_token()
    assert (second.value != first.value, second.is_fresh) == (True, True)
    assert issuer.grants("client_credentials") == 2


def test_a_token_the_mail_server_has_refused_is_not_used_again(issuer: Issuer, tmp_path: Path):
    tokens = Tokens(other(issuer, tmp_path))
    first = tokens.access_token()
    tokens.drop(first)
    second = tokens.access_token()
    assert (second.value != first.value, second.is_fresh) == (True, True)
    tokens.drop(first)  # by another connection, late
    assert not second.value.startswith(first.value)


def test_all_connections_of_a_mailbox_share_its_tokens(issuer: Issuer, tmp_path: Path):
    one, same = other(issuer, tmp_path), other(issuer, tmp_path)
    assert tokens_of(one) is tokens_of(same)
    assert tokens_of(one) is not tokens_of(other(issuer, tmp_path, client_id="another"))


def test_microsoft_gives_an_app_what_was_granted_to_it(secure: Issuer, tmp_path: Path):
    assert Tokens(microsoft(secure, tmp_path)).access_token().value in secure.tokens
    assert secure.log[-1]["scope"] == "https://outlook.office365.com/.default"


def test_google_gives_a_token_for_a_signed_assertion(issuer: Issuer, tmp_path: Path):
    assert Tokens(google(issuer, tmp_path)).access_token().value in issuer.tokens
    assert issuer.grants(JWT_BEARER) == 1


def test_a_scope_is_asked_for_where_one_is_named(issuer: Issuer, tmp_path: Path):
    Tokens(other(issuer, tmp_path, scopes=["mail", "more"])).access_token()
    assert issuer.log[-1]["scope"] == "mail more"


CODES = [
    ("invalid_client", "", "client_secret", "does not know the client"),
    ("invalid_client", "AADSTS7000222: The keys are expired.", "client_secret", "has expired"),
    ("invalid_client", "AADSTS7000215: Invalid client secret.", "client_secret", "is wrong"),
    ("unauthorized_client", "", "client_id", "may not get a token in this way"),
    ("unauthorized_client", "AADSTS700016: not found", "client_id", "no app with this id"),
    (
        *("unauthorized_client", "Client is unauthorized to retrieve access tokens using this"),
        *("scopes", "no domain-wide delegation"),
    ),
    ("invalid_request", "AADSTS90002: Tenant not found.", "tenant", "no such tenant"),
    ("invalid_scope", "", "scopes", "does not grant this scope"),
    ("invalid_resource", "AADSTS500011: x", "scopes", "does not grant this scope"),
    ("invalid_grant", "", "", "no longer valid"),
    ("invalid_grant", "AADSTS65001: consent", "", "nobody has agreed"),
    ("access_denied", "", "", "access was denied"),
    ("interaction_required", "", "", "nobody has agreed"),
    ("unsupported_grant_type", "", "flow", "does not offer this flow"),
    ("brand_new", "what is this", "", "the issuer refuses (brand_new: what is this)"),
]


@pytest.mark.parametrize("refused", CODES, ids=" ".join)
def test_a_refusal_says_what_is_wrong_under_its_key_and_what_to_do(
    refused: tuple[str, str, str, str], issuer: Issuer, tmp_path: Path
):
    code, said, key, words = refused
    issuer.refuse(code, said)
    told_of, message, hint = wrong(other(issuer, tmp_path), LoginRefused)
    assert (told_of, bool(hint)) == (key, True)
    assert words in message
    assert code in message


def test_a_refusal_that_quotes_the_secret_is_told_without_it(issuer: Issuer, tmp_path: Path):
    issuer.refuse("invalid_client", f"\x1b[2J{SECRET} is not your secret" + "x" * 999)
    _, message, _ = wrong(other(issuer, tmp_path))
    assert "… is not your secret" in message
    assert "\x1b" not in message
    assert len(message) < 400


def test_a_wrong_secret_is_told_by_the_issuer_of_each_kind(secure: Issuer, tmp_path: Path):
    assert secure.certificate
    path = str(secure.certificate.crt)
    settings = other(secure, tmp_path, client_secret=secret(tmp_path, "battery"), ca_file=path)
    assert wrong(settings)[0] == "client_secret"
    settings = microsoft(secure, tmp_path, client_secret=secret(tmp_path, "battery"))
    assert wrong(settings)[0] == "client_secret"


def test_a_tenant_that_is_not_there_is_told(secure: Issuer, tmp_path: Path):
    key, message, _ = wrong(microsoft(secure, tmp_path, tenant="gone.example.com"))
    assert (key, message.partition(" at ")[0]) == ("tenant", "there is no tenant gone.example.com")


def test_a_user_whom_google_does_not_know_is_told(issuer: Issuer, tmp_path: Path):
    issuer.user = "somebody.else@example.com"
    assert wrong(google(issuer, tmp_path))[2] == "check username"


@pytest.mark.parametrize("text", ["", "hello", "[]", "{}", '{"type": "authorized_user"}'])
def test_what_is_no_key_of_a_service_account_is_told_unquoted(
    text: str, issuer: Issuer, tmp_path: Path
):
    settings = google(issuer, tmp_path)
    (tmp_path / "key.json").write_text(text)
    with pytest.raises(ConfigError) as caught:
        Tokens(settings).access_token()
    assert "hello" not in str(caught.value)
    assert "key.json" in str(caught.value)


def test_a_key_that_names_a_plain_address_is_not_used(issuer: Issuer, tmp_path: Path):
    settings, path = google(issuer, tmp_path), tmp_path / "key.json"
    path.write_text(path.read_text().replace(issuer.url, "http://login.example.com"))
    assert "no https URL" in wrong(settings)[1]


def redirect(asked: Asked) -> None:
    asked.send(b"", 307, Location="https://elsewhere.example.com/token")


TROUBLE = [
    pytest.param(
        lambda asked: asked.answer({"error": "server_error"}, 503), "(HTTP 503)", id="503"
    ),
    pytest.param(lambda asked: asked.send(b"slow down", 429), "(HTTP 429)", id="429"),
    pytest.param(lambda asked: asked.send(b"<html>hello", 200), "no JSON object", id="html"),
    pytest.param(lambda asked: asked.send(b"[1]", 200), "no JSON object", id="list"),
    pytest.param(lambda asked: asked.send(b"<html>", 403), "(HTTP 403)", id="proxy"),
    pytest.param(redirect, "where no secret is sent", id="redirect"),
    pytest.param(lambda asked: asked.send(b" " * 300_000), "more than 262,144 bytes", id="huge"),
    pytest.param(lambda asked: asked.answer({}), "no token", id="empty"),
    pytest.param(
        lambda asked: asked.answer({"access_token": "a\x01b"}), "could be sent", id="control"
    ),
    pytest.param(
        lambda asked: asked.answer({"access_token": "a", "expires_in": "soon"}),
        "not understood (ValueError)",
        id="number",
    ),
    pytest.param(
        lambda asked: asked.answer({"access_token": "a", "token_type": "mac"}), "Bearer", id="mac"
    ),
    pytest.param(
        lambda asked: asked.answer({"error": "temporarily_unavailable"}, 400), "no token", id="now"
    ),
    pytest.param(lambda asked: asked.drip(b"", 0), "the connection broke", id="nothing"),
]


@pytest.mark.parametrize(("answer", "words"), TROUBLE)
def test_an_issuer_in_trouble_is_tried_again_and_never_called_a_refusal(
    answer: object, words: str, issuer: Issuer, tmp_path: Path
):
    issuer.on_next(answer)  # type: ignore[arg-type]
    assert words in later(other(issuer, tmp_path))


@pytest.mark.parametrize("body", [b"<html>", b'{"access_token": 7}', b'{"expires_in": "x"}'])
def test_nonsense_reaches_nobody_through_any_library(body: bytes, secure: Issuer, tmp_path: Path):
    secure.on_next(lambda asked: asked.send(body))
    later(microsoft(secure, tmp_path))
    secure.on_next(lambda asked: asked.answer(secure._discovered()))  # noqa: SLF001
    secure.on_next(lambda asked: asked.send(body))
    later(microsoft(secure, tmp_path))


@pytest.mark.parametrize("body", [b"<html>", b'{"access_token": 7}', b'{"expires_in": "x"}'])
def test_nonsense_from_google_is_tried_again(body: bytes, issuer: Issuer, tmp_path: Path):
    issuer.on_next(lambda asked: asked.send(body))
    later(google(issuer, tmp_path))


@pytest.mark.parametrize(
    ("told", "seconds"), [("120", 120), ("86400", 1800), ("Wed, 21 Oct 2015", 0), ("-1", 0)]
)
def test_an_issuer_is_left_alone_for_as_long_as_it_wants(
    told: str, seconds: float, issuer: Issuer, tmp_path: Path
):
    issuer.on_next(lambda asked: asked.send(b"", 429, **{"Retry-After": told}))
    with pytest.raises(TemporaryError) as caught:
        Tokens(other(issuer, tmp_path)).access_token()
    assert caught.value.wait_seconds == seconds


def test_a_page_that_is_not_there_is_a_wrong_address(issuer: Issuer, tmp_path: Path):
    issuer.on_next(lambda asked: asked.send(b"<html>", 404))
    assert "no such page" in wrong(other(issuer, tmp_path))[1]


def test_an_issuer_that_is_down_or_without_a_name_is_tried_again(issuer: Issuer, tmp_path: Path):
    free = f"http://127.0.0.1:{free_port()}/token"
    assert "Connection refused" in later(other(issuer, tmp_path, token_url=free))
    unknown = other(issuer, tmp_path, token_url="https://login.invalid/token")
    assert "login.invalid: the name cannot be resolved" in later(unknown)


def test_a_certificate_nobody_vouches_for_is_for_the_operator(secure: Issuer, tmp_path: Path):
    key, message, hint = wrong(other(secure, tmp_path))
    assert (key, "certificate is not good" in message) == ("ca_file", True)
    assert "ca_file" in hint
    assert secure.log == []


SILENT = Bounds(connect=5, read=0.3, total=30)
SLOW = Bounds(connect=5, read=30, total=0.6)


def head(asked: Asked) -> None:
    asked.drip(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200, 0.1)


def body(asked: Asked) -> None:
    asked.drip(b"HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\n" + b" " * 200, 0.1)


@pytest.mark.parametrize(
    ("answer", "bounds", "words"),
    [
        (Asked.hang, SILENT, "no answer in time"),
        (head, SLOW, "within 0.6 s"),
        (body, SLOW, "within 0.6 s"),
    ],
)
def test_an_issuer_that_hangs_or_drips_is_left_in_time(
    answer: object, bounds: Bounds, words: str, issuer: Issuer
):
    issuer.on_next(answer)  # type: ignore[arg-type]
    with (
        IssuerSession("hooks", None, bounds) as session,
        pytest.raises(TemporaryError, match=words),
    ):
        session.post(f"{issuer.url}/token")


def test_a_proxy_of_the_environment_sees_nothing_meant_for_this_machine(
    issuer: Issuer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.invalid:3128")
    monkeypatch.delenv("NO_PROXY", raising=False)
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login nobody password battery\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Tokens(other(issuer, tmp_path)).access_token().value in issuer.tokens


class Proxy(threading.Thread):
    """An HTTP proxy for one connection, which it leads to the issuer wherever it should go."""

    def __init__(self, issuer: Issuer) -> None:
        super().__init__()
        self.issuer, self.asked = issuer, b""
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def run(self) -> None:
        port = urlsplit(self.issuer.url).port or 0
        with (
            self.listener,
            self.listener.accept()[0] as client,
            socket.create_connection(("127.0.0.1", port)) as server,
        ):
            while not self.asked.endswith(b"\r\n\r\n"):
                self.asked += client.recv(4096)
            client.sendall(b"HTTP/1.1 200 go ahead\r\n\r\n")
            back = threading.Thread(target=pour, args=(server, client))
            back.start()
            pour(client, server)
            back.join(10)


def pour(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while chunk := source.recv(65_536):
            sink.sendall(chunk)
        sink.shutdown(socket.SHUT_WR)


@pytest.mark.parametrize("name", ["login.example.com", "another.example.com"])
def test_a_proxy_is_gone_through_and_not_trusted(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    certificate = certificates.make(tmp_path, "DNS:login.example.com")
    with Issuer(certificate) as issuer:
        proxy = Proxy(issuer)
        proxy.start()
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        told = {"token_url": f"https://{name}/token", "ca_file": str(certificate.crt)}
        settings = other(issuer, tmp_path, **told)
        if name == "login.example.com":
            assert Tokens(settings).access_token().value in issuer.tokens
        else:
            assert "Hostname mismatch" in wrong(settings)[1]
        proxy.join(10)
    assert proxy.asked.startswith(f"CONNECT {name}:443 ".encode())


@pytest.mark.parametrize("library", ["msal", "authlib", "google.auth"])
def test_without_the_extra_it_says_what_to_install(
    library: str, secure: Issuer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    names = [name for name in sys.modules if name == library or name.startswith(f"{library}.")]
    for name in [library, *names, *(n for n in sys.modules if n.startswith("mailhook.oauth."))]:
        if name == library or name.split(".")[-1] in {"google", "microsoft", "other"}:
            monkeypatch.setitem(sys.modules, name, None)
    made = {"msal": microsoft, "authlib": other, "google.auth": google}[library]
    _, message, hint = wrong(made(secure, tmp_path))
    assert "is not installed" in message
    assert hint == "install mailhook[oauth] instead of mailhook"


@pytest.mark.parametrize(
    ("expires_in", "seconds"),
    [(3600, 3540), ("3600", 3540), (100, 50), (0, 0), (-5, 0), (10**12, 86_340), (None, 240)],
)
def test_a_token_is_good_until_a_minute_before_its_end_or_half_its_life(
    expires_in: object, seconds: float
):
    answer = json.loads(json.dumps({"access_token": "a", "expires_in": expires_in}))
    assert Grant.of(answer, 0).good_until == seconds
    with pytest.raises(Malformed):
        Grant.of(answer | {"refresh_token": "two words"}, 0)


def test_nothing_shows_a_token(issuer: Issuer, tmp_path: Path):
    tokens = Tokens(other(issuer, tmp_path))
    token = tokens.access_token()
    assert token.value not in repr(token) + repr(Grant(token.value, 0, token.value))
