"""An authorization server of our own on loopback: it grants, refuses, dawdles, talks nonsense."""

from __future__ import annotations

import json
import secrets
import sys
import threading
import time
from base64 import b64decode, urlsafe_b64decode
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, unquote_plus, urlsplit

from certificates import Certificate
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

CLIENT, SECRET = "mailhook-client", "s3cret+/ of the client"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
TENANT = "tenant.example.com"

Told = dict[str, Any]
Answerer = Callable[["Asked"], None]


@dataclass
class Grant:
    user: str
    ends_at: float


@dataclass
class Issuer:
    """What it holds may be changed at any time; `log` has each request's form, in order."""

    certificate: Certificate | None = None
    user: str = "hooks@example.com"
    lives_seconds: float = 3600
    rotates: bool = True
    pending: list[str] = field(default_factory=list)
    device: Told = field(default_factory=dict)
    tokens: dict[str, Grant] = field(default_factory=dict)
    refresh: set[str] = field(default_factory=set)
    log: list[dict[str, str]] = field(default_factory=list)
    faults: list[BaseException | None] = field(default_factory=list)
    mute: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._script: list[Answerer] = []
        self.service_key = _service_key()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.issuer = self
        if self.certificate:
            context = self.certificate.context()
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.mute.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)
        assert not self.faults

    @property
    def url(self) -> str:
        port = self._server.server_address[1]
        return f"https://localhost:{port}" if self.certificate else f"http://127.0.0.1:{port}"

    def on_next(self, answer: Answerer) -> None:
        """Let the next request to any page be answered so; may be called several times."""
        self._script.append(answer)

    def refuse(self, error: str, description: str = "", status: int = 400) -> None:
        """Let the next request be refused by this code."""
        told = {"error": error, "error_description": description}
        self.on_next(lambda asked: asked.answer(told, status))

    def grants(self, kind: str) -> int:
        """How often a token was asked for by this grant type."""
        return sum(form.get("grant_type") == kind for form in self.log)

    def forget_access_tokens(self) -> None:
        self.tokens.clear()

    def new_refresh_token(self) -> str:
        self.refresh.add(made := f"refresh-{secrets.token_hex(8)}")
        return made

    def key_file(self, path: Path) -> Path:
        """The key of a service account as Google's console makes it."""
        pem = self.service_key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        told = {
            "type": "service_account",
            "client_email": "hooks@project.example.com",
            "private_key_id": "k1",
            "private_key": pem.decode(),
            "token_uri": f"{self.url}/token",
        }
        path.write_text(json.dumps(told, indent=2))
        path.chmod(0o600)
        return path

    def answer(self, asked: Asked) -> None:
        if self._script:
            self._script.pop(0)(asked)
        elif asked.path == "/token" or asked.path.endswith("/oauth2/v2.0/token"):
            asked.answer(*self._token(asked))
        elif asked.path == "/device":
            asked.answer(self._device(), 200)
        elif asked.path == "/introspect":
            asked.answer(self._introspected(asked.form["token"]), 200)
        elif asked.path == f"/{TENANT}/v2.0/.well-known/openid-configuration":
            asked.answer(self._discovered(), 200)
        else:
            asked.answer({"error": "invalid_tenant"}, 400)

    def _token(self, asked: Asked) -> tuple[Told, int]:
        form = asked.form
        match form.get("grant_type"):
            case "client_credentials":
                return self._for_client(asked)
            case "refresh_token":
                return self._refreshed(form["refresh_token"])
            case kind if kind == DEVICE:
                return self._for_device(form["device_code"])
            case kind if kind == JWT_BEARER:
                return self._for_assertion(form["assertion"])
        return {"error": "unsupported_grant_type"}, 400

    def _for_client(self, asked: Asked) -> tuple[Told, int]:
        if asked.client() != (CLIENT, SECRET):
            return {"error": "invalid_client", "error_description": "no such client"}, 401
        return self._granted(), 200

    def _refreshed(self, refresh_token: str) -> tuple[Told, int]:
        if refresh_token not in self.refresh:
            return {"error": "invalid_grant", "error_description": "Token was revoked."}, 400
        if not self.rotates:
            return self._granted(), 200
        self.refresh.remove(refresh_token)
        return self._granted() | {"refresh_token": self.new_refresh_token()}, 200

    def _for_device(self, device_code: str) -> tuple[Told, int]:
        assert device_code == "device-code"
        if self.pending:
            return {"error": self.pending.pop(0)}, 400
        return self._granted() | {"refresh_token": self.new_refresh_token()}, 200

    def _for_assertion(self, assertion: str) -> tuple[Told, int]:
        """RFC 7523: signed by the account's key, for us, for the user, and short-lived."""
        head, claims, signature = assertion.split(".")
        self.service_key.public_key().verify(
            _bytes(signature), f"{head}.{claims}".encode(), padding.PKCS1v15(), hashes.SHA256()
        )
        assert json.loads(_bytes(head)) == {"typ": "JWT", "alg": "RS256", "kid": "k1"}
        told = json.loads(_bytes(claims))
        assert told["iss"] == "hooks@project.example.com"
        assert told["aud"] == "https://oauth2.googleapis.com/token"  # wherever token_uri leads
        assert told["exp"] - told["iat"] == 3600
        if told["sub"] != self.user:
            return {"error": "invalid_grant", "error_description": "Invalid email or User ID"}, 400
        return self._granted() | {"scope": told["scope"]}, 200

    def _granted(self) -> Told:
        made = f"access-{secrets.token_hex(16)}"
        self.tokens[made] = Grant(self.user, time.time() + self.lives_seconds)
        return {"access_token": made, "token_type": "Bearer", "expires_in": self.lives_seconds}

    def _device(self) -> Told:
        return {
            "device_code": "device-code",
            "user_code": "ABCD-EFGH",
            "verification_uri": "https://login.example.com/device",
            "expires_in": 900,
            "interval": 1,
        } | self.device

    def _introspected(self, token: str) -> Told:
        grant = self.tokens.get(token)
        if grant is None or grant.ends_at < time.time():
            return {"active": False}
        return {"active": True, "username": grant.user, "scope": "mail"}

    def _discovered(self) -> Told:
        base = f"{self.url}/{TENANT}/oauth2/v2.0"
        return {
            "issuer": f"{self.url}/{TENANT}/v2.0",
            "authorization_endpoint": f"{base}/authorize",
            "token_endpoint": f"{base}/token",
            "device_authorization_endpoint": f"{self.url}/device",
        }


@cache
def _service_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


class _Server(ThreadingHTTPServer):
    issuer: Issuer
    daemon_threads = True
    block_on_close = False

    def handle_error(self, *_: object) -> None:
        error = sys.exception()
        if not isinstance(error, OSError):  # a client may hang up in the middle of an answer
            self.issuer.faults.append(error)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = 10

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self._answer({key: values[0] for key, values in parse_qs(raw.decode()).items()})

    def do_GET(self) -> None:
        self._answer({})

    def _answer(self, form: dict[str, str]) -> None:
        asked = Asked(self, urlsplit(self.path).path, form)
        if asked.path != "/introspect":
            self.server.issuer.log.append(form)
        self.server.issuer.answer(asked)

    def log_message(self, *_: object) -> None:
        pass


@dataclass
class Asked:
    """One request, and ways to answer it."""

    _handler: _Handler
    path: str
    form: dict[str, str]

    def client(self) -> tuple[str, str]:
        """Who asks, by the header or by the form (RFC 6749 section 2.3.1)."""
        kind, _, told = self._handler.headers.get("Authorization", "").partition(" ")
        if kind == "Basic":
            name, _, secret = b64decode(told).decode().partition(":")
            # Clients differ in whether they encode it first, as the standard asks.
            return unquote_plus(name), secret if secret == SECRET else unquote_plus(secret)
        return self.form.get("client_id", ""), self.form.get("client_secret", "")

    def answer(self, told: object, status: int = 200) -> None:
        self.send(json.dumps(told).encode(), status)

    def send(self, body: bytes, status: int = 200, **headers: str) -> None:
        self._handler.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            self._handler.send_header(name, value)
        self._handler.send_header("Content-Length", str(len(body)))
        self._handler.end_headers()
        self._handler.wfile.write(body)

    def drip(self, raw: bytes, seconds: float) -> None:
        """Write byte by byte, for as long as the client listens."""
        with suppress(OSError):
            for byte in raw:
                self._handler.wfile.write(bytes([byte]))
                if self._handler.server.issuer.mute.wait(seconds):
                    return

    def hang(self) -> None:
        self._handler.server.issuer.mute.wait(30)


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
