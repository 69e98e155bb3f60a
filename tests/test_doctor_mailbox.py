"""The doctor at real mailboxes: what it says of them, and that it leaves them as they are."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import certificates
import mails
import pytest
import yaml
from command import Done, call
from dovecot import Account, Dovecot, installed, start
from honest_imap import PLAIN, Box, Mail
from on_disk import tmp_path as tmp_path  # noqa: PLC0414 - a fixture
from scripted_imap import CUT, ScriptedImap

from mailhook.doctor import line
from mailhook.sources.imap import Line, Mailbox

_JUNK = r"""
namespace inbox {
  mailbox Unwanted {
    special_use = \Junk
    auto = create
  }
}
"""
NOW = datetime(2026, 8, 3, tzinfo=UTC)


@pytest.fixture(scope="module")
def sorting(dovecot: Dovecot) -> Iterator[Dovecot]:
    """A server that has a folder for junk."""
    assert installed()
    assert dovecot
    server = start(extra=_JUNK)
    yield server
    server.stop()


@pytest.fixture
def account(sorting: Dovecot, tmp_path: Path) -> Account:
    tmp_path.chmod(0o700)
    return Account(sorting, f"hooks-{uuid.uuid4().hex[:12]}", tmp_path)


def junk(account: Account, *raws: bytes) -> None:
    with account.dovecot.client(account.user) as client:
        for raw in raws:
            client.append("Unwanted", "", "", raw)  # type: ignore[arg-type]


def doctor(config: Path, *arguments: str) -> Done:
    return call("-c", config, "doctor", *arguments)


def sentence(done: Done) -> str:
    return " ".join(done.out.split())


def seen(account: Account) -> list[bytes]:
    with account.dovecot.client(account.user) as client:
        client.select("INBOX", readonly=True)
        found: list[bytes] = client.search(None, "SEEN")[1]
        return found


def test_a_good_mailbox_is_well_fits_the_screen_and_is_left_as_it_was(account: Account):
    account.append(mails.check_finished("CHK1"), mails.write("hello"))
    config = account.config()
    before = sorted(account.home.iterdir())
    done = doctor(config)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("nothing is wrong\n\nadvice\n- ")
    assert "wrong\n-" not in done.out
    assert max(map(len, done.out.splitlines())) <= 80
    assert "IDLE begins and ends in" in done.out
    assert "UIDPLUS, MOVE, CONDSTORE, NAMESPACE" in done.out
    assert sorted(account.home.iterdir()) == before
    assert (account.count(), seen(account)) == (2, [b""])


def test_what_is_wrong_is_told_with_the_lines_to_set_and_ends_in_1(account: Account):
    account.append(*(mails.check_finished(f"CHK{nth}") for nth in range(3)))
    config = account.config(after={"move": "Done"}, folders=["INBOX", "Hoks"])
    settings = yaml.safe_load(config.read_text())
    config.write_text(yaml.safe_dump(settings | {"trust": {"authserv_id": "mx.wrong.example"}}))
    done = doctor(config)
    assert done.code == 1
    for words in (
        "trust.authserv_id mx.wrong.example occurs in none of 3 mails",
        "the folder of `after: {move: Done}` is not there",
        "hooks, Hoks: there is no such folder",
        "3 look like hooks and come from truora.com",
    ):
        assert words in sentence(done)
    assert "\ntrust:\n  authserv_id: mx.example.com\n" in done.out
    assert max(map(len, done.out.splitlines())) <= 80


def test_as_json_it_has_the_same(account: Account):
    account.append(mails.check_finished("CHK1"))
    done = doctor(account.config(), "--json")
    report = json.loads(done.out)
    assert report.keys() == {"is_well", "remarks", "senders", "proposal"}
    assert report["is_well"]
    assert {one["group"] for one in report["remarks"]} == {"ok", "advice"}
    assert report["senders"] == [
        {
            "mailbox": "hooks",
            "folder": "INBOX",
            "domain": "truora.com",
            "mails": 1,
            "proven": 1,
            "passing": 1,
            "forwarded": 0,
            "unknown_key": 0,
            "said": {"dmarc=pass by mx.example.com": 1},
        }
    ]


def test_proven_hooks_in_junk_are_wrong_and_what_to_set_is_told(account: Account):
    junk(account, mails.check_finished("CHK1"), mails.check_finished("CHK2"))
    done = doctor(account.config())
    assert done.code == 1
    assert "hooks, Unwanted: 2 mails look like hooks, and nobody reads them there: set" in (
        sentence(done)
    )
    assert "`folders: [INBOX, Unwanted]`" in done.out
    both = doctor(account.config(folders=["INBOX", "Unwanted"]))
    assert "nobody reads them" not in sentence(both)
    assert both.code == 0


def test_forged_hooks_in_junk_are_where_they_belong(account: Account):
    junk(account, mails.check_finished("CHK1", proof=None))
    done = doctor(account.config())
    assert done.code == 0
    assert "nothing proves them, so leave them where they are" in sentence(done)


def test_the_last_two_hundred_mails_are_looked_at(account: Account):
    old = mails.check_finished("CHK1", proof=None, sender="a@old.example")
    account.append(old, *[mails.check_finished("CHK2")] * 200)
    done = doctor(account.config())
    assert "of the last 200 mails 200 look like hooks" in sentence(done)
    assert "old.example" not in done.out


def test_a_refused_login_is_told_without_the_name(account: Account):
    config = account.config()
    (account.home / "password").write_text("battery-staple")
    done = doctor(config)
    assert done.code == 1
    assert "hooks: the server refuses the login, so no mail is read: `mailhook check` says why" in (
        sentence(done)
    )
    assert account.user not in done.out
    assert "battery" not in done.out


READING = ("CAPABILITY", "LOGIN", "LIST", "EXAMINE", "UID SEARCH", "UID FETCH", "NOOP", "IDLE")


def config_of(home: Path, server: ScriptedImap, **changes: object) -> Path:
    home.chmod(0o700)
    path = home / "config.yaml"
    trust = {"authserv_id": "mx.example.com"}
    path.write_text(yaml.safe_dump({"mailboxes": [server.mailbox(**changes)], "trust": trust}))
    return path


def test_one_connection_and_no_command_that_changes_anything(tmp_path: Path):
    with ScriptedImap(tmp_path, mails.check_finished("CHK1")) as server:
        server.boxes["Junk"] = Box()
        server.boxes["Junk"].add(Mail(mails.check_finished("CHK2")))
        server.capabilities = f"{PLAIN} IDLE"
        done = doctor(config_of(tmp_path, server, after={"move": "Junk"}))
        commands = [line for line in server.log if not line.startswith(("DONE", "LOGOUT"))]
    assert "hooks, Junk: 1 mail looks like a hook" in sentence(done)
    assert len(server.said("LOGIN")) == 1
    assert [one for one in commands if not one.startswith(READING)] == []
    assert all("PEEK" in one or "SIZE" in one for one in commands if one.startswith("UID FETCH"))


def test_a_server_without_idle_and_uidplus_is_advised_on(tmp_path: Path):
    with ScriptedImap(tmp_path) as server:
        server.capabilities = "IMAP4rev1"
        done = doctor(config_of(tmp_path, server, after="delete"))
    assert done.code == 0
    assert "the server has no IDLE, so new mail is found only each 60 s" in sentence(done)
    assert "no UIDPLUS, so `after: delete` can only mark mails as deleted" in sentence(done)


def test_a_server_that_refuses_idle_is_told(tmp_path: Path):
    with ScriptedImap(tmp_path) as server:
        server.capabilities = f"{PLAIN} IDLE"
        server.on("IDLE", b"<tag> NO not now\r\n")
        assert "the server refuses IDLE" in sentence(doctor(config_of(tmp_path, server)))


def test_of_a_large_mail_only_the_headers_are_fetched(tmp_path: Path):
    large = mails.check_finished("CHK1") + b"x" * 400_000
    with ScriptedImap(tmp_path, large) as server:
        done = doctor(config_of(tmp_path, server))
        (fetch,) = [one for one in server.said("UID FETCH") if "PEEK" in one]
    assert "BODY.PEEK[HEADER]" in fetch
    assert done.code == 0


def test_a_connection_that_breaks_is_one_sentence_and_the_rest_is_told(tmp_path: Path):
    with ScriptedImap(tmp_path, mails.check_finished("CHK1")) as server:
        server.on("LIST", CUT)
        done = doctor(config_of(tmp_path, server, folders=["Other"]))
    assert done.code == 1
    assert "hooks: the server could not be reached, or broke off" in sentence(done)
    assert "disk of the store" in sentence(done)


HOSTILE = [
    b"",
    b"\0" * 5000,
    b"From: " + b"<" * 60_000 + b"\r\n\r\nEvent: Check finished\r\nCheck ID: CHK1\r\n",
    b"Authentication-Results: a.b; " * 500 + b"\r\nFrom: a@b.example\r\n\r\nhello",
    (b"Authentication-Results: mx.example.com; dmarc=pass (\r\n" * 500) + b"From: a@b.example\r\n",
    "From: a@b\x1b[2J.example\r\nSubject: \u202e\r\n\r\nEvent: Check finished\r\n".encode(),
    b"Authentication-Results: \x1b[2J.example; dmarc=pass\r\nFrom: a@x.example\r\n\r\nx",
]


def test_hostile_mails_are_looked_at_and_move_no_terminal(tmp_path: Path):
    with ScriptedImap(tmp_path, *HOSTILE) as server:
        done = doctor(config_of(tmp_path, server))
    assert done.code in {0, 1}
    assert done.err == ""
    assert "\x1b" not in done.out
    assert "\u202e" not in done.out
    assert "bug" not in done.out


def test_the_certificates_last_day_and_the_protocol_are_known(tmp_path: Path):
    good = certificates.make(tmp_path)
    with ScriptedImap(tmp_path, context=good.context()) as server:
        settings = server.settings(tls="implicit", ca_file=str(good.crt))
        with Mailbox(settings) as mailbox:
            found = mailbox.line()
        done = doctor(config_of(tmp_path, server, tls="implicit", ca_file=str(good.crt)))
    assert found.tls == "TLSv1.3"
    assert found.certificate_until
    assert "TLSv1.3, the certificate is good for 0 more days: see that it is renewed" in (
        sentence(done)
    )


@pytest.mark.parametrize(("days", "group"), [(13, "advice"), (14, "ok"), (90, "ok")])
def test_a_certificate_that_soon_ends_is_advised_on(days: int, group: str, tmp_path: Path):
    with ScriptedImap(tmp_path) as server:
        settings = server.settings()
    known = Line(frozenset({"IDLE"}), "TLSv1.3", NOW + timedelta(days=days), 0.01, 0.01)
    (remark,) = [one for one in line.remarks(settings, known, NOW) if "TLS" in one.words]
    assert remark.group == group


def test_a_slow_line_is_advised_on(tmp_path: Path):
    with ScriptedImap(tmp_path) as server:
        settings = server.settings()
    known = Line(frozenset({"IDLE"}), None, None, 0.01, 3.0)
    first, *_ = line.remarks(settings, known, NOW)
    assert (first.group, "that is slow" in first.words) == ("advice", True)
