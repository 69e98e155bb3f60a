"""A real Dovecot on loopback, without root: one process tree a session, fresh users a test."""

from __future__ import annotations

import grp
import imaplib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import yaml
from ports import free_port

from mailhook.config import MailboxSettings

PASSWORD = "correct-horse"

_CONFIG = """
protocols = imap{lmtp}
listen = 127.0.0.1
base_dir = {home}/run
log_path = {home}/log
default_internal_user = {internal_user}
default_internal_group = {group}
default_login_user = {login_user}
mail_location = maildir:{home}/mail/%u
mail_access_groups =
mail_fsync = never
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
  args = uid={uid} gid={gid} home={home}/mail/%u allow_all_users=yes
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

_LMTP = """
postmaster_address = postmaster@example.com
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {lmtp_port}
  }}
}}
"""


@dataclass
class Dovecot:
    home: Path
    port: int
    tls_port: int
    process: subprocess.Popen[bytes]
    lmtp_port: int = 0

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
        try:
            self.process.communicate(timeout=10)
        except subprocess.TimeoutExpired:  # a client is still connected
            self.process.kill()
            self.process.communicate()
        shutil.rmtree(self.home, ignore_errors=True)


@dataclass
class Account:
    """One user of a Dovecot, and the settings mailhook needs to read it."""

    dovecot: Dovecot
    user: str
    home: Path
    signing_key: str = ""

    def append(self, *mails: bytes, folder: str = "INBOX") -> None:
        self.dovecot.append(self.user, list(mails), folder)

    def count(self, folder: str = "INBOX") -> int:
        return self.dovecot.count(self.user, folder)

    def mailbox(self, **changes: object) -> dict[str, object]:
        """One item of `mailboxes:` as plain values."""
        secret = self.home / "password"
        secret.write_text(PASSWORD)
        secret.chmod(0o600)
        return {
            "name": "hooks",
            "host": "127.0.0.1",
            "port": self.dovecot.port,
            "tls": "none",
            "username": self.user,
            "password": {"file": str(secret)},
        } | changes

    def settings(self, **changes: object) -> MailboxSettings:
        return MailboxSettings.model_validate(self.mailbox(**changes))

    def config(self, **changes: object) -> Path:
        """A config.yaml for this mailbox alone, its store beside it."""
        trust: dict[str, object] = {"authserv_id": "mx.example.com"}
        if self.signing_key:
            (self.home / "signing-key").write_text(self.signing_key)
            (self.home / "signing-key").chmod(0o600)
            trust["signing_keys"] = [{"file": str(self.home / "signing-key")}]
        whole = {"mailboxes": [self.mailbox(**changes)], "trust": trust}
        path = self.home / "config.yaml"
        path.write_text(yaml.safe_dump(whole))
        return path


def installed() -> bool:
    return shutil.which("dovecot") is not None


def takes_mail() -> bool:
    """Whether it can be given mails by LMTP, which is a package of its own."""
    return installed() and any(
        (Path(folder) / "dovecot" / "lmtp").exists()
        for folder in ("/usr/lib", "/usr/libexec", "/usr/local/libexec")
    )


def start(
    *,
    extra: str = "",
    separator: str = "/",
    certificate: Path | None = None,
    lmtp: bool = False,
) -> Dovecot:
    """A server of its own folder; `certificate` names a `.crt` and a `.key` for port `tls_port`.

    With `lmtp` it takes mails for any user at `lmtp_port`.
    """
    # Its login processes refuse to run as root, and others cannot look into pytest's folders.
    home = Path(tempfile.mkdtemp(prefix="dovecot-"))
    home.chmod(0o711)
    (home / "mail").mkdir()
    caller = owner = pwd.getpwuid(os.getuid())
    is_root = os.getuid() == 0
    if is_root:
        owner = pwd.getpwnam("nobody")
        os.chown(home / "mail", owner.pw_uid, owner.pw_gid)
    port, tls_port, lmtp_port = free_port(), free_port(), free_port()
    files = f"ssl_cert = <{certificate}.crt\nssl_key = <{certificate}.key" if certificate else ""
    config = home / "dovecot.conf"
    config.write_text(
        _CONFIG.format(
            home=home,
            internal_user="dovecot" if is_root else caller.pw_name,
            login_user="dovenull" if is_root else caller.pw_name,
            group="dovecot" if is_root else grp.getgrgid(os.getgid()).gr_name,
            uid=owner.pw_uid,
            gid=owner.pw_gid,
            ssl="yes" if certificate else "no",
            ssl_files=files,
            lmtp=" lmtp" if lmtp else "",
            extra=extra + (_LMTP.format(lmtp_port=lmtp_port) if lmtp else ""),
            separator=separator,
            port=port,
            tls_port=tls_port if certificate else 0,
            password=PASSWORD,
        )
    )
    process = subprocess.Popen(["dovecot", "-F", "-c", str(config)], stderr=subprocess.PIPE)
    _await_port(port, process, home)
    return Dovecot(home, port, tls_port, process, lmtp_port if lmtp else 0)


def _await_port(port: int, process: subprocess.Popen[bytes], home: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if process.poll() is not None:
            message = process.stderr.read().decode() if process.stderr else ""
            raise RuntimeError(f"dovecot ended: {message}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)  # the port is the only sign that it is up
    raise RuntimeError((home / "log").read_text())
