"""A served store, and what is got from it: by urllib, or by a socket of one's own."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from command import Home
from ports import free_port
from prometheus_client.parser import text_string_to_metric_families

from mailhook import config
from mailhook.config import Settings
from mailhook.sources.place import url
from mailhook.store import Store

_SECONDS = 20


@dataclass(frozen=True)
class Got:
    status: int
    headers: dict[str, str]
    text: str


def mailbox(name: str = "hooks", **told: object) -> dict[str, object]:
    plain = {"name": name, "host": "imap.example.com", "username": name, "password": {"env": "X"}}
    return plain | told


def home(folder: Path, *, listen: str | None = None, **settings: object) -> Home:
    """A home whose metrics are on, at a free port."""
    listen = listen or f"127.0.0.1:{free_port()}"
    return Home(folder, **{"mailboxes": [mailbox()], "metrics": {"listen": listen}} | settings)


def settings(home: Home) -> Settings:
    return config.load(home.config)


def beat(home: Home, error: str | None = None) -> None:
    """Writer and folders, as a service leaves them that has just been round."""
    with Store(home.store) as store:
        store.beat("writer")
        for box in settings(home).mailboxes:
            for folder in box.folders:
                store.beat(url(box, folder.name), error)


def port(home: Home) -> int:
    metrics = settings(home).metrics
    assert metrics
    return int(metrics.listen.rpartition(":")[2])


def get(
    home: Home, path: str = "/metrics", *, method: str = "GET", accept: str | None = None
) -> Got:
    headers = {"Accept": accept} if accept else {}
    asked = Request(f"http://127.0.0.1:{port(home)}{path}", method=method, headers=headers)
    try:
        with urlopen(asked, timeout=_SECONDS) as answer:  # noqa: S310 - http
            return Got(answer.status, dict(answer.headers), answer.read().decode())
    except HTTPError as error:
        with error:
            return Got(error.code, dict(error.headers), error.read().decode())


def knock(home: Home, sent: bytes = b"") -> socket.socket:
    """A connection on which so much has been sent."""
    connection = socket.create_connection(("127.0.0.1", port(home)), timeout=_SECONDS)
    connection.sendall(sent)
    return connection


def samples(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Each sample's value by its name and labels."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(text: str, name: str, **labels: str) -> float | None:
    return samples(text).get((name, frozenset(labels.items())))
