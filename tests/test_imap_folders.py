"""Folders by the names people know them: any alphabet, any delimiter, any namespace."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import mails
import pytest
from dovecot import Account, Dovecot, start
from scripted_imap import ScriptedImap

from mailhook.config import load
from mailhook.errors import ConfigError
from mailhook.model import Position
from mailhook.sources.imap import Mailbox
from mailhook.store import Store
from mailhook.trust import Trust
from mailhook.worker.polling import poll

MAIL = mails.write("hello")
_PREFIXED = """
namespace inbox {
  prefix = INBOX.
}
"""


@pytest.fixture(scope="module")
def dotted(dovecot: Dovecot) -> Iterator[Dovecot]:
    """Folders as a Courier or cPanel server names them: `INBOX.Hooks`."""
    assert dovecot
    server = start(separator=".", extra=_PREFIXED)
    yield server
    server.stop()


def sweep(account: Account, folder: str, position: Position | None = None) -> Position | None:
    """Where the sweep of a folder with one mail leads to."""
    with Mailbox(account.settings(folders=[folder])) as mailbox:
        batches = list(mailbox.sweep(folder, position))
    if position is None:
        assert [len(batch.deliveries) for batch in batches] == [1]
        return batches[0].position
    assert batches == []
    return position


@pytest.mark.parametrize(
    "name", ["Hooks", "Entrada/Año 2026", "Notificações", "通知", "R&D", "100% sure", "a*b", 'q"t']
)
def test_a_folder_is_found_by_its_name_in_any_alphabet(account: Account, name: str):
    from imapclient.imap_utf7 import encode

    quoted = encode(name).decode().replace('"', '\\"')
    account.append(MAIL, folder=f'"{quoted}"')
    position = sweep(account, name)
    assert sweep(account, name, position) == position


@pytest.mark.parametrize("name", ["INBOX", "inbox", "Inbox"])
def test_inbox_is_inbox_however_it_is_written(account: Account, name: str):
    account.append(MAIL)
    position = sweep(account, name)
    assert position
    assert position.source.endswith("/INBOX")
    assert sweep(account, name, position) == position


@pytest.mark.parametrize(
    ("stands", "asked"),
    [
        ("INBOX.Hooks", "Hooks"),
        ("INBOX.Hooks", "INBOX.Hooks"),
        ("INBOX.Hooks", "INBOX/Hooks"),
        ("INBOX.Truora.Hooks", "Truora/Hooks"),
        ("INBOX.Truora.Hooks", "Truora.Hooks"),
    ],
)
def test_a_folder_is_found_behind_the_servers_prefix_and_delimiter(
    dotted: Dovecot, tmp_path: Path, stands: str, asked: str
):
    account = Account(dotted, f"{stands}-{asked}".replace("/", "-").lower(), tmp_path)
    account.append(MAIL, folder=stands)
    position = sweep(account, asked)
    assert sweep(account, asked, position) == position


def test_a_prefixed_folder_is_polled_again_and_again(dotted: Dovecot, tmp_path: Path):
    account = Account(dotted, "again", tmp_path)
    account.append(mails.check_finished("CHK" + "1" * 32), folder="INBOX.Hooks")
    settings = load(account.config(folders=["Hooks"], after={"move": "Done"}))
    with Store(settings.store.path) as store:
        first = poll(settings, store, Trust.of(settings.trust))
        account.append(mails.check_finished("CHK" + "2" * 32), folder="INBOX.Hooks")
        second = poll(settings, store, Trust.of(settings.trust))
    assert (first.outcomes, first.errors) == (["recorded"], [])
    assert (second.outcomes, second.errors) == (["recorded"], [])
    assert (account.count("INBOX.Hooks"), account.count("INBOX.Done")) == (0, 2)


def test_a_target_that_names_the_prefix_is_not_prefixed_twice(dotted: Dovecot, tmp_path: Path):
    account = Account(dotted, "twice", tmp_path)
    account.append(mails.check_finished("CHK" + "3" * 32))
    settings = load(account.config(after={"move": "INBOX.Done"}))
    with Store(settings.store.path) as store:
        assert poll(settings, store, Trust.of(settings.trust)).errors == []
    assert account.count("INBOX.Done") == 1


def test_a_missing_folder_is_for_the_operator_with_near_names(account: Account):
    account.append(MAIL, folder="Notifications")
    with Mailbox(account.settings(folders=["Notificatoins"])) as mailbox:
        with pytest.raises(ConfigError) as caught:
            list(mailbox.sweep("Notificatoins", None))
        (found,) = mailbox.check()
    (problem,) = caught.value.problems
    assert problem.path == "mailboxes[hooks].folders"
    assert problem.message == "there is no folder 'Notificatoins'"
    assert problem.hint == "there are: Notifications"
    assert found.path == "mailboxes[hooks].folders[0]"


def test_a_folder_that_has_gone_since_is_for_the_operator(account: Account):
    account.append(MAIL, folder="Hooks")
    position = sweep(account, "Hooks")
    with account.dovecot.client(account.user) as client:
        client.delete("Hooks")
    with (
        Mailbox(account.settings(folders=["Hooks"])) as mailbox,
        pytest.raises(ConfigError, match="there is no folder 'Hooks'"),
    ):
        list(mailbox.sweep("Hooks", position))


def test_a_name_that_only_stands_between_others_is_no_folder(tmp_path: Path):
    with ScriptedImap(tmp_path) as server:
        listed = b'* LIST (\\NoSelect \\HasChildren) "/" "Truora"\r\n<tag> OK done\r\n'
        server.on('LIST "" "Truora"', listed)
        server.on('LIST "" "*"', listed)
        with (
            Mailbox(server.settings()) as mailbox,
            pytest.raises(ConfigError, match="no folder 'Truora'"),
        ):
            list(mailbox.sweep("Truora", None))


def test_a_neighbour_with_an_unreadable_name_harms_nobody(tmp_path: Path):
    with ScriptedImap(tmp_path) as server:
        server.boxes["Hooks"] = server.inbox
        server.on('LIST "" "*"', b'* LIST () "/" "&//8"\r\n<tag> OK done\r\n')
        with Mailbox(server.settings()) as mailbox:
            assert len(list(mailbox.sweep("Hooks", None))) == 1


def test_the_url_of_a_folder_names_a_port_only_where_it_is_unusual(tmp_path: Path):
    with ScriptedImap(tmp_path) as server:
        usual = Mailbox(server.settings(port=143)).source("Año/R&D")
        unusual = Mailbox(server.settings(port=1143)).source("inbox")
    assert usual == "imap://hooks%40example.com@127.0.0.1/A%C3%B1o/R%26D"
    assert unusual == "imap://hooks%40example.com@127.0.0.1:1143/INBOX"
