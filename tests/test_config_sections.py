"""What each key may hold, what it is without being written, and what must hold between keys."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from mailhook import config
from mailhook.config import Settings
from mailhook.errors import ConfigError

MAILBOX = """\
mailboxes:
  - name: hooks
    host: imap.example.com
    username: hooks@example.com
    password: {file: pw}
"""
SECOND = MAILBOX.partition("\n")[2]


@pytest.fixture
def load(tmp_path: Path) -> Callable[[str], Settings]:
    def loaded(text: str) -> Settings:
        path = tmp_path / "config.yaml"
        path.write_text(text)
        return config.load(path)

    return loaded


def refused(load: Callable[[str], Settings], text: str) -> list[tuple[str, str, str]]:
    """The problems as (path, message, hint)."""
    with pytest.raises(ConfigError) as caught:
        load(text)
    return [(p.path, p.message, p.hint) for p in caught.value.problems]


DIGITS, DEFAULT = "digits only, no quotes", "write one, or remove the line to get the default"
AFTER = "leave, seen, delete or {move: Folder}"
LIST = "[a, b], or one item a line, each after '- '"
ADDRESS = "such as imap.example.com, 192.0.2.7 or ::1, no brackets"
SENDER = "such as truora.com or a@truora.com"
SERVER = "such as mx.example.com, *.example.com or unnamed"
SECTION = "key: value, one a line, indented alike"

IN_A_MAILBOX = [
    ("port: '993'", "port", "must be a whole number", DIGITS),
    ("port: 0143", "port", "must be a whole number", DIGITS),
    ("port: 993.0", "port", "must be a whole number", DIGITS),
    ("port: true", "port", "must be a whole number", DIGITS),
    ("port: 0", "port", "must be at least 1", ""),
    ("port: 65536", "port", "must be at most 65535", ""),
    ("port:", "port", "has no value", DEFAULT),
    ("poll_seconds: 60s", "poll_seconds", "must be a number", f"{DIGITS}, no unit"),
    ("poll_seconds: '60'", "poll_seconds", "must be a number", f"{DIGITS}, no unit"),
    ("poll_seconds: .inf", "poll_seconds", "must be a number", f"{DIGITS}, no unit"),
    ("poll_seconds: 0", "poll_seconds", "must be at least 0.1", ""),
    ("poll_seconds: 86401", "poll_seconds", "must be at most 86400", ""),
    ("probe_seconds: 1741", "probe_seconds", "must be at most 1740", ""),
    ("max_message_bytes: 2MB", "max_message_bytes", "must be a whole number", DIGITS),
    ("max_message_bytes: 99", "max_message_bytes", "must be at least 100", ""),
    ("idle: 1", "idle", "must be true or false", ""),
    ("idle: 'yes'", "idle", "must be true or false", ""),
    ("tls: startls", "tls", "must be implicit, starttls or none", "did you mean 'starttls'?"),
    ("tls: off", "tls", "off is read as false", 'for the word itself write "off"'),
    (
        *("tls: none", "tls"),
        "without TLS only a loopback host is allowed (localhost, 127.0.0.1, ::1)",
        "implicit or starttls",
    ),
    ("folders: INBOX", "folders", "must be a list", LIST),
    ("folders: []", "folders", "is an empty list", "remove the line to get the default"),
    ("folders: [2024]", "folders[0]", "is read as a number", "put it in quotes"),
    ("folders: [A, No]", "folders[1]", "No is read as false", 'for the word itself write "No"'),
    ("folders: [A, ]\n    idle: ~", "idle", "has no value", DEFAULT),
    ("folders: [[A]]", "folders[0]", "must be a section with keys", SECTION),
    ("folders: [{idle: true}]", "folders[0].name", "is missing", ""),
    ("folders: [A, B, A]", "folders[2]", "is listed twice", ""),
    ("folders: [INBOX, {name: inbox}]", "folders[1]", "is listed twice", ""),
    ("after: remove", "after", "is unknown", AFTER),
    ("after: move", "after", "move needs a target, and nothing else", AFTER),
    ("after: {move: }", "after", "move needs a target, and nothing else", AFTER),
    ("after: {move: A, seen: true}", "after", "move needs a target, and nothing else", AFTER),
    ("after: {move: ''}", "after.move", "is empty", ""),
    ("after: {move: no}", "after.move", "no is read as false", 'for the word itself write "no"'),
    (
        *("after: {move: Inbox}", "after.move"),
        *("mail would be moved into a folder that is itself watched", "name another folder"),
    ),
    (
        *("folders: [A, B]\n    after: {move: B}", "after.move"),
        *("mail would be moved into a folder that is itself watched", "name another folder"),
    ),
]


@pytest.mark.parametrize(("line", "key", "message", "hint"), IN_A_MAILBOX)
def test_a_mailbox_key_refuses_what_it_cannot_mean(
    line: str, key: str, message: str, hint: str, load: Callable[[str], Settings]
):
    told = refused(load, f"{MAILBOX}    {line}\n")
    assert told == [(f"mailboxes[0].{key}", message, hint)]


IN_ITS_PLACE = [
    ("host", "imaps://imap.example.com", "is a URL", "only the host's name, such as imap."),
    ("host", "imap.example.com:993", "names a port too", "the port has a key of its own: port"),
    ("host", "'[::1]'", "is no host name", ADDRESS),
    ("host", "a host", "is no host name", ADDRESS),
    ("host", "10", "is read as a number", "put it in quotes"),
    ("name", "NO", "NO is read as false", 'for the word itself write "NO"'),
    ("name", "' '", "is empty", ""),
    ("username", "12345", "is read as a number", "put it in quotes"),
    ("username", "on", "on is read as true", 'for the word itself write "on"'),
    ("username", '"a\\nb"', "holds a control character", "write it on one line, without \\ escap"),
    ("username", "x" * 1001, "is longer than 1000 characters", ""),
    ("password", "{}", "needs exactly one of file, env, credential, command", "{file: path}, "),
]


@pytest.mark.parametrize(("key", "value", "message", "hint"), IN_ITS_PLACE)
def test_a_needed_key_refuses_what_it_cannot_mean(
    key: str, value: str, message: str, hint: str, load: Callable[[str], Settings]
):
    text = re.sub(rf"\b{key}: .*", lambda _: f"{key}: {value}", MAILBOX)
    ((path, said, advice),) = refused(load, text)
    assert (path, said) == (f"mailboxes[0].{key}", message)
    assert advice.startswith(hint)
    assert bool(advice) == bool(hint)


ELSEWHERE = [
    ("store: a.db", "store", "must be a section with keys", SECTION),
    ("store: {path: /}", "store.path", "names no file", "a path that ends in a file's name"),
    ("store: {path: 7}", "store.path", "is read as a number", "put it in quotes"),
    ("store: {raw: ful}", "store.raw", "must be full, headers or none", "did you mean 'full'?"),
    ("store: {match_window_seconds: -1}", "store.match_window_seconds", "must be at least 0", ""),
    ("mailboxes: {name: a}", "mailboxes", "must be a list", LIST),
    ("mailboxes: [hooks]", "mailboxes[0]", "must be a section with keys", SECTION),
    ("trust: {senders: truora.com}", "trust.senders", "must be a list", LIST),
    (
        "trust: {senders: ['@truora.com']}",
        *("trust.senders[0]", "begins with @", "write the domain alone, without @"),
    ),
    (
        "trust: {senders: ['*.truora.com']}",
        *("trust.senders[0]", "holds a wildcard", "a domain covers its subdomains as it is"),
    ),
    (
        "trust: {senders: [truora.com, truora]}",
        *("trust.senders[1]", "is neither a domain nor a whole address", SENDER),
    ),
    (
        "trust: {authserv_id: '*'}",
        *("trust.authserv_id", "is no name of a mail server", SERVER),
    ),
    (
        "trust: {authserv_id: [mx.example.com, 'mx; dmarc=pass']}",
        *("trust.authserv_id[1]", "is no name of a mail server", SERVER),
    ),
    ("trust: {require: spf}", "trust.require", "must be dmarc, dkim or none", ""),
    ("trust: {signing_keys: {file: key}}", "trust.signing_keys", "must be a list", LIST),
    (
        "api: {key: {file: key}, base: {account: 'https://api.example.com/v1?x=1'}}",
        *(
            "api.base.account",
            "has a ? or #, behind which no address can go on",
            "https://api.example.com",
        ),
    ),
    (
        "api: {key: {file: key}, base: {account: 'http://api.account.truora.com'}}",
        *("api.base.account", "is no https URL", "https:// and the name of a host; http:// only"),
    ),
    ("log: {level: INFO}", "log.level", "must be debug, info, warning or error", "did you mean"),
    ("log: [json]", "log", "must be a section with keys", SECTION),
]


@pytest.mark.parametrize(("text", "path", "message", "hint"), ELSEWHERE)
def test_a_section_refuses_what_it_cannot_mean(
    text: str, path: str, message: str, hint: str, load: Callable[[str], Settings]
):
    ((where, said, advice),) = refused(load, text)
    assert (where, said, bool(advice)) == (path, message, bool(hint))
    assert advice.startswith(hint)


def test_every_needed_key_of_a_mailbox_is_missed(load: Callable[[str], Settings]):
    told = refused(load, "mailboxes: [{}]")
    assert [path for path, _, _ in told] == [
        f"mailboxes[0].{key}" for key in ("name", "host", "username", "password")
    ]
    assert [message for _, message, _ in told] == [
        *["is missing"] * 3,
        "is missing, and so is oauth2",
    ]


def test_two_mailboxes_share_neither_name_nor_account(load: Callable[[str], Settings]):
    assert refused(load, MAILBOX + SECOND.replace("imap.ex", "IMAP.ex")) == [
        ("mailboxes[1].name", "is also the name of mailboxes[0]", ""),
        (
            *("mailboxes[1].username", "is the same account as mailboxes[0]"),
            "one mailbox may have several folders",
        ),
    ]


@pytest.mark.parametrize("change", ["host: imap2.example.com", "username: other@example.com"])
def test_two_accounts_may_share_a_host_or_a_user_name(change: str, load: Callable[[str], Settings]):
    key = change.partition(":")[0]
    second = SECOND.replace("name: hooks\n", "name: more\n", 1).splitlines()
    lines = [f"    {change}" if line.strip().startswith(f"{key}:") else line for line in second]
    assert len(load(MAILBOX + "\n".join(lines)).mailboxes) == 2


@pytest.mark.parametrize(
    ("lines", "port"),
    [("", 993), ("tls: implicit", 993), ("tls: starttls", 143), ("tls: starttls\n    port: 1", 1)],
)
def test_the_port_follows_tls_unless_it_is_written(
    lines: str, port: int, load: Callable[[str], Settings]
):
    assert load(f"{MAILBOX}    {lines}\n").mailboxes[0].port == port


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.9.9.9", "'::1'"])
def test_without_tls_only_this_machine_is_reached(host: str, load: Callable[[str], Settings]):
    text = MAILBOX.replace("imap.example.com", host) + "    tls: none\n"
    assert load(text).mailboxes[0].port == 143


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("[INBOX]", [("INBOX", True)]),
        ("[A, B]", [("A", True), ("B", False)]),
        ("[{name: A}, {name: B, idle: true}]", [("A", True), ("B", True)]),
        ("[{name: A, idle: false}, B]", [("A", False), ("B", False)]),
        ("['2024', 'no']", [("2024", True), ("no", False)]),
    ],
)
def test_the_first_folder_is_watched_unless_told_otherwise(
    written: str, meant: list[tuple[str, bool]], load: Callable[[str], Settings]
):
    folders = load(f"{MAILBOX}    folders: {written}\n").mailboxes[0].folders
    assert [(folder.name, folder.idle) for folder in folders] == meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("leave", ("leave", None)),
        ("seen", ("seen", None)),
        ("delete", ("delete", None)),
        ("{move: Done}", ("move", "Done")),
    ],
)
def test_what_becomes_of_a_mail_afterwards_is_one_word_or_a_move(
    written: str, meant: tuple[str, str | None], load: Callable[[str], Settings]
):
    after = load(f"{MAILBOX}    after: {written}\n").mailboxes[0].after
    assert (after.verb, after.target) == meant


@pytest.mark.parametrize(
    ("written", "names"),
    [
        ("~", ()),
        ("mx.example.com", ("mx.example.com",)),
        ("unnamed", ("unnamed",)),
        ("[mx.example.com, '*.example.net']", ("mx.example.com", "*.example.net")),
    ],
)
def test_the_servers_that_check_mail_are_none_one_or_several(
    written: str, names: tuple[str, ...], load: Callable[[str], Settings]
):
    assert load(f"trust: {{authserv_id: {written}}}").trust.authserv_id == names


def test_relative_paths_start_from_the_files_folder_and_a_tilde_is_the_users_home(
    load: Callable[[str], Settings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("HOME", "/home/mailhook")
    monkeypatch.chdir("/")
    settings = load(f"store: {{path: a/b.db}}\n{MAILBOX}    ca_file: ~/ca.pem\n")
    assert settings.store.path == tmp_path / "a" / "b.db"
    assert settings.mailboxes[0].ca_file == Path("/home/mailhook/ca.pem")
    assert settings.mailboxes[0].password.file == tmp_path / "pw"
    assert load("store: {path: /var/lib/x.db}").store.path == Path("/var/lib/x.db")
