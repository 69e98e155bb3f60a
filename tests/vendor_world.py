"""A world to test in: the vendor, a mail server it writes to, and the service with both roads."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import mails
import yaml
from dovecot import Account, Dovecot
from ports import free_port
from service import Service
from stores import asked

from mailhook.testing import HandClock, Postbox, Terms, Vendor

KEY = "world-signing-key-0123456789abcdef"

ROWS = """
SELECT e.key, e.event_type, e.event_action, e.subject_id, e.truora_id, e.authenticity,
       c.email_at, c.web_at, c.sightings,
       (SELECT count(*) FROM conflicts WHERE event_id = e.id) AS conflicts
FROM events e JOIN channels c ON c.event_id = e.id ORDER BY e.id
"""


class Receiver(Service):
    """`mailhook run` with a mailbox and the endpoint, both always at the same place."""

    def __init__(self, home: Path, mailbox: dict[str, object], port: int) -> None:
        self._port = port
        super().__init__(home, mailbox)

    def configure(self, *mailboxes: dict[str, object]) -> None:
        """Write the settings."""
        super().configure(*mailboxes)
        path = self.home / "config.yaml"
        settings = yaml.safe_load(path.read_text())
        secret = self.home / "signing-key"
        secret.write_text(KEY)
        secret.chmod(0o600)
        settings["trust"]["signing_keys"] = [{"file": str(secret)}]
        settings["web"] = {
            "listen": f"127.0.0.1:{self._port}",
            "url": f"http://127.0.0.1:{self._port}/hooks",
        }
        path.write_text(yaml.safe_dump(settings))


@dataclass
class World:
    """`vendor` tells `receiver` by both roads; its clock stands still until it is moved."""

    account: Account
    port: int
    vendor: Vendor
    receiver: Receiver | None = None
    _mails: int = field(default=0)

    def open(self) -> None:
        """Start the service, and wait until it listens."""
        mailbox = self.account.mailbox()
        self.receiver = Receiver(self.account.home, mailbox, self.port)
        self.receiver.until(lambda line: line["event"] == "running")

    def shut(self) -> None:
        """End the service as systemd does."""
        if self.receiver:
            code, _ = self.receiver.stop()
            assert code == 0
            self.receiver.process.communicate()
        self.receiver = None

    def kill(self) -> None:
        """Leave nothing running."""
        if self.receiver:
            self.receiver.process.kill()
            self.receiver.process.communicate()

    def read_mails(self) -> None:
        """Wait until every mail the vendor has sent was read, whenever that was."""
        self.vendor.settle()
        assert [one.error for one in self.vendor.letters if one.error] == []
        sent = sum(one.sent_at is not None for one in self.vendor.letters)
        while self._read() < sent:
            assert self.receiver
            self.receiver.until(lambda line: line["event"] == "batch")

    def rows(self) -> list[dict[str, Any]]:
        """The events, each with the roads it came by."""
        names = "key type action subject truora_id authenticity email_at web_at sightings conflicts"
        found = asked(self.store, ROWS)
        return [dict(zip(names.split(), row, strict=True)) for row in found]

    def alerts(self) -> list[tuple[object, ...]]:
        """Kind, endpoint and state of each alert."""
        return asked(self.store, "SELECT kind, endpoint, state FROM alerts ORDER BY id")

    @property
    def store(self) -> Path:
        """The service's."""
        return self.account.home / "mailhook.db"

    def _read(self) -> int:
        ((count,),) = asked(self.store, "SELECT count(*) FROM deliveries WHERE channel = 'email'")
        assert isinstance(count, int)
        return count


@contextmanager
def world(dovecot: Dovecot, home: Path, terms: Terms | None = None) -> Iterator[World]:
    """A vendor that began some hours ago, and an inbox nobody has used before."""
    account = Account(dovecot, f"hooks-{uuid.uuid4().hex[:12]}", home)
    port = free_port()
    url = f"http://127.0.0.1:{port}/hooks"
    post = Postbox(f"lmtp://127.0.0.1:{dovecot.lmtp_port}", account.user)
    clock = HandClock(datetime.now(UTC) - timedelta(hours=8))
    terms = terms or Terms(results=mails.PROOF, connections=2)
    with Vendor(url, KEY.encode(), post, terms, clock) as vendor:
        made = World(account, port, vendor)
        try:
            yield made
        finally:
            made.kill()


def told(world: World) -> list[dict[str, Any]]:
    """The events of hooks, without those of the alerts."""
    return [row for row in world.rows() if row["type"] != "webhook"]


def detail(world: World) -> dict[str, Any]:
    """What the first alert says."""
    ((text,),) = asked(world.store, "SELECT detail FROM alerts ORDER BY id LIMIT 1")
    found: dict[str, Any] = json.loads(str(text))
    return found
