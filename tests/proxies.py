"""nginx and Caddy as docs/web.md sets them up, on loopback, with a certificate of a day."""

from __future__ import annotations

import re
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import certificates
from endpoints import SECONDS, read_all
from ports import free_port

ROOT = Path(__file__).parents[1]
NAMES = ("nginx", "caddy")
MISSING = "{} is neither installed nor to be had by `make servers`"
_NGINX = """
daemon off; master_process off; pid {home}/nginx.pid; error_log stderr;
events {{}}
http {{
    access_log off;
    client_body_temp_path {home}/body; proxy_temp_path {home}/proxy;
    fastcgi_temp_path {home}/fastcgi; uwsgi_temp_path {home}/uwsgi; scgi_temp_path {home}/scgi;
    {block}
}}
"""


def found(name: str) -> str | None:
    """The program: installed, or fetched by `make servers`."""
    fetched = ROOT / ".venv" / "servers"
    path = ":".join(str(fetched / folder) for folder in ("usr/sbin", "usr/bin"))
    return (
        shutil.which(name)
        or shutil.which(name, path=path)
        or shutil.which(name, path="/usr/sbin:/sbin")
    )


def block(language: str) -> str:
    """The only example of that language in docs/web.md."""
    text = (ROOT / "docs" / "web.md").read_text()
    (example,) = re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    return str(example)


@dataclass(frozen=True)
class Proxy:
    """Speaks TLS at `port` for the name of the example."""

    port: int
    certificate: certificates.Certificate

    def connect(self, source: str = "127.0.0.1") -> ssl.SSLSocket:
        context = ssl.create_default_context(cafile=str(self.certificate.crt))
        made = socket.create_connection(("127.0.0.1", self.port), SECONDS, (source, 0))
        return context.wrap_socket(made, server_hostname="hooks.example.com")

    def said(self, *sent: bytes, source: str = "127.0.0.1") -> bytes:
        with self.connect(source) as connection:
            try:
                for part in sent:
                    connection.sendall(part)
            except OSError:
                pass  # it has said enough
            return read_all(connection)


def _command(name: str, home: Path, changes: dict[str, str]) -> list[str]:
    text = block({"nginx": "nginx", "caddy": "caddyfile"}[name])
    for old, new in changes.items():
        assert old in text, f"the example says nothing of {old}"
        text = text.replace(old, new)
    program = found(name) or name
    if name == "nginx":
        (home / "nginx.conf").write_text(_NGINX.format(home=home, block=text))
        return [program, "-e", "stderr", "-p", str(home), "-c", str(home / "nginx.conf")]
    options = "{\n\tadmin off\n\tauto_https off\n}\n"
    (home / "Caddyfile").write_text(options + text)
    return [program, "run", "--config", str(home / "Caddyfile"), "--adapter", "caddyfile"]


def _changes(
    name: str, port: int, upstream: int, certificate: certificates.Certificate
) -> dict[str, str]:
    common = {"127.0.0.1:8080": f"127.0.0.1:{upstream}"}
    if name == "nginx":
        return common | {
            "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
            "/etc/ssl/hooks.example.com.crt": str(certificate.crt),
            "/etc/ssl/hooks.example.com.key": str(certificate.key),
        }
    site = f"https://hooks.example.com:{port} {{\n\ttls {certificate.crt} {certificate.key}\n"
    return common | {"hooks.example.com {\n": f"{site}\tbind 127.0.0.1\n"}


@contextmanager
def running(name: str, home: Path, upstream: int) -> Iterator[Proxy]:
    """The proxy in front of what listens at `upstream`."""
    port = free_port()
    certificate = certificates.make(home, "DNS:hooks.example.com")
    command = _command(name, home, _changes(name, port, upstream, certificate))
    environment = {"HOME": str(home), "XDG_DATA_HOME": str(home), "XDG_CONFIG_HOME": str(home)}
    with (home / "proxy.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=home, env=environment, stdout=log, stderr=log)
    try:
        _await(process, port, home / "proxy.log")
        yield Proxy(port, certificate)
    finally:
        process.terminate()
        process.wait(SECONDS)


def _await(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    for _ in range(SECONDS * 50):
        assert process.poll() is None, log.read_text()
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise AssertionError(f"it does not listen: {log.read_text()}")
