"""A real Dovecot on loopback, without root: one process tree a session, fresh users a test."""

from __future__ import annotations

import imaplib
import os
import pwd
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

PASSWORD = "correct-horse"

_CONFIG = """
protocols = imap
listen = 127.0.0.1
base_dir = {home}/run
log_path = {home}/log
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
mail_location = maildir:{home}/mail/%u
mail_access_groups =
first_valid_uid = 0
ssl = {ssl}
{ssl_files}
disable_plaintext_auth = no
{extra}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={home}/mail/%u
}}
namespace inbox {{
  inbox = yes
  separator = {separator}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
}}
service imap {{
  process_limit = 64
}}
"""


@dataclass
class Dovecot:
    home: Path
    port: int
    tls_port: int
    process: subprocess.Popen[bytes]

    def append(self, user: str, mails: list[bytes], folder: str = "INBOX") -> None:
        with self.client(user) as client:
            if folder != "INBOX":
                client.create(folder)
            for mail in mails:
                answer = client.append(folder, None, None, mail)
                assert answer[0] == "OK", answer

    def client(self, user: str) -> imaplib.IMAP4:
        client = imaplib.IMAP4("127.0.0.1", self.port)
        client.login(user, PASSWORD)
        return client

    def count(self, user: str, folder: str = "INBOX") -> int:
        with self.client(user) as client:
            return int(client.select(folder, readonly=True)[1][0] or 0)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)


def installed() -> bool:
    return shutil.which("dovecot") is not None


def start(home: Path, *, extra: str = "", separator: str = "/", certificate: Path | None = None) -> Dovecot:
    for name in ("run", "mail"):
        (home / name).mkdir(parents=True, exist_ok=True)
    account = pwd.getpwuid(os.getuid())
    port, tls_port = _free_port(), _free_port()
    files = f"ssl_cert = <{certificate}.crt\nssl_key = <{certificate}.key" if certificate else ""
    group = __import__("grp").getgrgid(os.getgid()).gr_name
    config = home / "dovecot.conf"
    config.write_text(
        _CONFIG.format(
            home=home,
            user=account.pw_name,
            group=group,
            uid=os.getuid(),
            gid=os.getgid(),
            ssl="yes" if certificate else "no",
            ssl_files=files,
            extra=extra,
            separator=separator,
            port=port,
            tls_port=tls_port if certificate else 0,
            password=PASSWORD,
        )
    )
    process = subprocess.Popen(["dovecot", "-F", "-c", str(config)], stderr=subprocess.PIPE)
    _await_port(port, process, home)
    return Dovecot(home, port, tls_port, process)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await_port(port: int, process: subprocess.Popen[bytes], home: Path) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if process.poll() is not None:
            message = process.stderr.read().decode() if process.stderr else ""
            raise RuntimeError(f"dovecot ended: {message}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)  # the port is the only sign that it is up
    raise RuntimeError((home / "log").read_text())
