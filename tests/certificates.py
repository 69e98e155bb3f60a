"""Throw-away certificates for servers on loopback, made with the `openssl` command."""

from __future__ import annotations

import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Certificate:
    """`stem`.crt and `stem`.key, signed by themselves."""

    stem: Path

    @property
    def crt(self) -> Path:
        return self.stem.with_name(self.stem.name + ".crt")

    @property
    def key(self) -> Path:
        return self.stem.with_name(self.stem.name + ".key")

    def context(self) -> ssl.SSLContext:
        """For a server that shows this certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.crt, self.key)
        return context


def make(home: Path, names: str = "DNS:localhost,IP:127.0.0.1") -> Certificate:
    """A certificate for the names, good for a day."""
    made = Certificate(home / names.translate(str.maketrans(":,", "--")))
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=test"
    subject = ["-days", "1", "-addext", f"subjectAltName={names}"]
    files = ["-keyout", str(made.key), "-out", str(made.crt)]
    subprocess.run([*command.split(), *subject, *files], check=True, capture_output=True)
    return made


def expired(good: Certificate, home: Path) -> Certificate:
    """The same, but good until yesterday."""
    made = Certificate(home / "expired")
    made.key.write_bytes(good.key.read_bytes())
    command = ["openssl", "x509", "-in", str(good.crt), "-signkey", str(good.key), "-days", "-1"]
    subprocess.run([*command, "-out", str(made.crt)], check=True, capture_output=True)
    return made
