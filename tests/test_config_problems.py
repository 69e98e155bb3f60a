"""A broken settings file: every problem at once, each with its path, its line and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailhook import config
from mailhook.config.document import MAX_DEPTH
from mailhook.config.reading import MAX_BYTES
from mailhook.errors import ConfigError

MAILBOX = """\
mailboxes:
  - name: hooks
    host: imap.example.com
    username: hooks@example.com
    password: {file: pw}
"""
SYNTAX = "look for a missing quote, bracket, colon or blank here or on the line before"
QUOTES = "if the value begins with that character, put it in quotes"
REFERS = "YAML anchors and aliases (& and *) are not allowed here"
TAGGED = "YAML tags (!) are not allowed here"
START = "begin with a copy of config.example.yaml"


def told(raw: str | bytes, home: Path) -> str:
    """What a person reads of the file."""
    path = home / "config.yaml"
    path.write_bytes(raw.encode() if isinstance(raw, str) else raw)
    with pytest.raises(ConfigError) as caught:
        config.load(path)
    assert caught.value.exit_code == 78
    return str(caught.value)


def test_all_problems_are_told_at_once_in_the_order_of_the_file(tmp_path: Path):
    text = """\
stor: {path: x}
mailboxes:
  - name: hooks
    host: imap.example.com
    port: 70000
    usrname: hooks@example.com
    password: {file: pw}
    after: {move: INBOX}
    tls: implicit
    tls: none
log: {level: debugg}
"""
    assert (
        told(text, tmp_path)
        == """\
line 1: stor: unknown key
    stor: ***
    hint: did you mean 'store'?
line 3: mailboxes[0].username: is missing
    - name: hooks
line 5: mailboxes[0].port: must be at most 65535
    port: 70000
line 6: mailboxes[0].usrname: unknown key
    usrname: ***
    hint: did you mean 'username'?
line 8: mailboxes[0].after.move: mail would be moved into a folder that is itself watched
    after: {move: INBOX}
    hint: name another folder
line 10: mailboxes[0].tls: is written twice in the same section
    tls: ***
    hint: keep one of the two
line 11: log.level: must be debug, info, warning or error
    log: {level: debugg}
    hint: did you mean 'debug'?"""
    )


UNKNOWN = {
    "at the top": ("stroe: {}", "stroe: unknown key", "stroe: ***", "did you mean 'store'?"),
    "in a section": (
        "log: {levle: info}",
        *("log.levle: unknown key", "log: {levle: ***", "did you mean 'level'?"),
    ),
    "in a mailbox": (
        MAILBOX + "    pol_seconds: 5",
        "mailboxes[0].pol_seconds: unknown key",
        *("pol_seconds: ***", "did you mean 'poll_seconds'?"),
    ),
    "in a folder": (
        MAILBOX + "    folders: [{name: A, idel: true}]",
        "mailboxes[0].folders[0].idel: unknown key",
        *("folders: [{name: A, idel: ***", "did you mean 'idle'?"),
    ),
    "in a secret": (
        "trust: {signing_keys: [{flie: key}]}",
        "trust.signing_keys[0]: is no reference to a secret",
        *("trust: {signing_keys: [ ***", "did you mean 'file'?"),
    ),
    "in capitals": ("Store: {}", "Store: unknown key", "Store: ***", "did you mean 'store'?"),
    "at the wrong place": (
        "match_window_seconds: 60",
        "match_window_seconds: unknown key",
        *("match_window_seconds: ***", "it belongs in store"),
    ),
    "like nothing known": (
        "log: {zzz: 1}",
        *("log.zzz: unknown key", "log: {zzz: ***", "known here: format, level"),
    ),
    "that is a word of YAML": (
        "log: {on: 1}",
        *("log.on: unknown key", "log: {on: ***", "known here: format, level"),
    ),
}


@pytest.mark.parametrize(("text", "problem", "line", "hint"), UNKNOWN.values(), ids=UNKNOWN)
def test_an_unknown_key_is_refused_with_what_was_probably_meant(
    text: str, problem: str, line: str, hint: str, tmp_path: Path
):
    number = text.count("\n") + 1
    assert told(text, tmp_path) == f"line {number}: {problem}\n    {line}\n    hint: {hint}"


NOT_YAML = {
    "a bracket is open": ("store: {}\nmailboxes: [\n", 3, ""),
    "a bracket is not closed": (
        "store: {path: a.db\nlog: {}\n",
        2,
        "did not find expected ',' or '}'",
    ),
    "a quote is open": ("store:\n  path: 'a.db\n", 3, ""),
    "two values stand in one line": ("store:\n  raw: full: x\n", 2, "mapping values are not all"),
    "a NUL": ("store: {}\0\n", 1, ""),
}


@pytest.mark.parametrize(("text", "line", "reason"), NOT_YAML.values(), ids=NOT_YAML)
def test_what_is_no_yaml_is_told_with_its_line_and_what_to_look_for(
    text: str, line: int, reason: str, tmp_path: Path
):
    said = told(text, tmp_path)
    assert said.startswith(f"line {line}: config.yaml: is not YAML: {reason}")
    assert said.endswith(f"\n    hint: {SYNTAX}")


FORMS = {
    "a tab indents": (
        MAILBOX + "\tport: 993\n",
        "line 6: config.yaml: a tab indents this line\n    port: 993\n    hint: indent with blanks",
    ),
    "not UTF-8": (
        MAILBOX.encode() + "# café\n".encode("latin-1"),
        "line 6: config.yaml: is not UTF-8 text\n    hint: save it as UTF-8",
    ),
    "UTF-16": (
        MAILBOX.encode("utf-16"),
        "line 1: config.yaml: is not UTF-8 text\n    hint: save it as UTF-8",
    ),
    "a second document": (
        MAILBOX + "---\nlog: {}\n",
        "line 6: config.yaml: a second document begins\n    ---\n    hint: remove the --- line",
    ),
    "too deep": (
        "[" * (MAX_DEPTH + 2) + "]" * (MAX_DEPTH + 2),
        "line 1: config.yaml: is nested deeper than 16 levels",
    ),
    "a hundred thousand brackets": (
        "[" * 100_000,
        "line 1: config.yaml: is nested deeper than 16 levels",
    ),
    "a list": (
        "- store\n",
        f"line 1: config.yaml: must hold sections such as store: and mailboxes:\n    hint: {START}",
    ),
    "a word": (
        "mailhook\n",
        f"line 1: config.yaml: must hold sections such as store: and mailboxes:\n    hint: {START}",
    ),
    "a key that is no word": (
        "store: {}\n? {a: b}\n: c\n",
        "line 2: config.yaml: a key must be one plain word",
    ),
    "an anchor": (
        "store: {path: &here a.db}\n",
        f"line 1: store.path: {REFERS}\n    store: {{path: &here a.db}}\n    hint: {QUOTES}",
    ),
    "an alias": (
        "store:\n  path: *here\n",
        f"line 2: store.path: {REFERS}\n    path: *here\n    hint: {QUOTES}",
    ),
    "a tag": (
        "store:\n  path: !env HOME\n",
        f"line 2: store.path: {TAGGED}\n    path: !env HOME\n    hint: {QUOTES}",
    ),
}


@pytest.mark.parametrize(("raw", "problem"), FORMS.values(), ids=FORMS)
def test_a_settings_file_is_plain_text_of_plain_values(
    raw: str | bytes, problem: str, tmp_path: Path
):
    assert told(raw, tmp_path) == problem


def test_a_file_too_large_for_settings_is_not_read(tmp_path: Path):
    said = told(b"#" * (MAX_BYTES + 1), tmp_path)
    assert said.startswith(f"{tmp_path}/config.yaml: is larger than 256 KiB")


def test_a_folder_given_as_settings_file_is_told(tmp_path: Path):
    with pytest.raises(ConfigError, match=r"cannot be read: is a directory\n +hint: it must be"):
        config.load(tmp_path)


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "store:\nmailboxes:\ntrust:\nlog:\n"])
def test_an_empty_file_and_empty_sections_mean_the_defaults(text: str, tmp_path: Path):
    path = tmp_path / "config.yaml"
    path.write_text(text)
    settings = config.load(path)
    assert settings.store.path == tmp_path / "mailhook.db"
    assert (settings.mailboxes, settings.trust.senders) == ((), ("truora.com",))


@pytest.mark.parametrize("raw", [b"\xef\xbb\xbf" + MAILBOX.encode(), MAILBOX.encode() + b"...\n"])
def test_a_byte_order_mark_and_an_end_of_document_do_no_harm(raw: bytes, tmp_path: Path):
    path = tmp_path / "config.yaml"
    path.write_bytes(raw.replace(b"\n", b"\r\n"))
    assert config.load(path).mailboxes[0].host == "imap.example.com"


def test_what_a_line_holds_cannot_move_the_terminal_and_is_cut(tmp_path: Path):
    said = told("log: {level: \N{RIGHT-TO-LEFT OVERRIDE}" + "x" * 300 + "}\n", tmp_path)
    line = said.split("\n")[1]
    assert line.startswith("    log: {level: \N{REPLACEMENT CHARACTER}xxx")
    assert (line.isprintable(), line.endswith("x…"), len(line)) == (True, True, 165)
