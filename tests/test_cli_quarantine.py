"""quarantine: what waits for a person, and all that is known of it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import hooks
import mails
import pytest
from command import Home, process

RAW = mails.write(
    "Event: Check finished\nCheck ID: CHKforged\n" + "x" * 5000,
    subject="Check finished",
    proof=f"{mails.SERVER}; dmarc=fail header.from=truora.com",
    message_id="<forged@example.net>",
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("quarantine"))
    home.deliver(mails.check_finished("CHK1"), RAW, mails.write("hello", subject="Novedades"))
    return home


def test_the_newest_stands_first_with_its_reason_in_full(home: Home):
    done = home.call("quarantine", "list")
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert [line.split()[0] for line in lines[2:] if line[0].strip()] == ["3", "2"]
    reason = " ".join(line[lines[0].index("reason") :] for line in lines[2:])
    assert "unknown_notice: the sender is proven, but no reader understood" in re.sub(
        " +", " ", reason
    )
    assert max(map(len, lines)) <= 80


def test_the_list_as_json_is_whole_unless_limited(home: Home):
    rows = json.loads(home.call("quarantine", "list", "--json").out)
    assert [row["id"] for row in rows] == [3, 2]
    assert all("raw" not in row for row in rows)
    (row,) = json.loads(home.call("quarantine", "list", "--json", "--limit", "1").out)
    assert row["id"] == 3


def test_more_than_fifty_are_said_to_be_more(tmp_path: Path):
    home = Home(tmp_path)
    home.deliver(*(mails.write(f"hello {number}") for number in range(51)))
    done = home.call("quarantine", "list")
    assert done.err == "the newest 50 are shown; --limit shows more, --json all\n"
    assert len(json.loads(home.call("quarantine", "list", "--json").out)) == 51


def test_a_mail_with_one_notice_not_understood_waits_though_the_rest_is_recorded(tmp_path: Path):
    home = Home(tmp_path)
    event = '{"event_type": "check", "event_action": "finished", "object": {"check_id": "CHK1"}}'
    broken = '{"event_type": "check", "object": {}}'
    assert home.deliver(mails.write(f"[{event}, {broken}]")) == ["recorded"]
    assert "1 more in it not understood" in home.call("quarantine", "list").out


def test_one_is_shown_with_all_that_is_known_and_what_to_do(home: Home):
    done = home.call("quarantine", "show", 2)
    assert done.code == 0
    assert re.search(r"^message id +<forged@example.net>$", done.out, re.MULTILINE)
    assert re.search(r"^reason +untrusted: ", done.out, re.MULTILINE)
    assert re.search(r"^advice +if it is genuine, ", done.out, re.MULTILINE)
    assert "\nCheck ID: CHKforged\n" in done.out
    assert re.search(r"… [\d,]+ characters more; --raw gives all", done.err)
    assert done.err.endswith("step by step: mailhook explain 2\n")


def test_of_a_token_with_another_key_the_advice_is_about_the_key_and_does_what_it_says(
    tmp_path: Path,
):
    (tmp_path / "key").write_bytes(hooks.KEY)
    trust = {"authserv_id": mails.SERVER, "signing_keys": [{"file": str(tmp_path / "key")}]}
    home = Home(tmp_path, trust=trust)
    body = hooks.signed(hooks.check("CHK1", mails.NOON), made_at=mails.NOON, key=hooks.OTHER_KEY)
    assert home.deliver(mails.write(body.decode())) == ["quarantined"]
    told = " ".join(home.call("quarantine", "show", 1).out.split())
    assert "unknown_key: " in told
    assert "put the new key first there, restart mailhook, then `mailhook replay --quar" in told
    assert "quarantine release" not in told
    (tmp_path / "key").write_bytes(hooks.OTHER_KEY)
    assert home.call("replay", "--quarantined").code == 0
    assert "CHK1" in home.call("events").out


def test_what_was_recorded_can_be_shown_as_well(home: Home):
    told = home.call("quarantine", "show", 1).out
    assert re.search(r"^events +CHK1/check.finished$", told, re.MULTILINE)


def test_no_word_of_it_is_broken_at_80_columns(home: Home):
    (row,) = json.loads(home.call("query", "--json", "SELECT * FROM deliveries WHERE id = 2").out)
    told = home.call("quarantine", "show", 2).out
    assert all(row[name] in told for name in ("location", "sha256", "message_id"))


def test_raw_gives_the_very_bytes(home: Home):
    done = home.call("quarantine", "show", 2, "--raw")
    assert (done.code, done.raw, done.err) == (0, RAW, "")
    assert process("-c", home.config, "quarantine", "show", 2, "--raw").raw == RAW


def test_one_as_json_has_every_column_and_the_text(home: Home):
    shown = json.loads(home.call("quarantine", "show", 2, "--json").out)
    assert shown["outcome"] == "quarantined"
    assert shown["raw"] == RAW.decode()
    assert shown["events"] == []


def test_an_unknown_id_is_a_usage_error(home: Home):
    done = home.call("quarantine", "show", 99)
    assert (done.code, done.out) == (2, "")
    assert "there is no delivery 99; `quarantine list` shows what waits" in done.err


def test_bytes_that_were_not_kept_are_said_to_be_gone(tmp_path: Path):
    home = Home(tmp_path, store={"raw": "none"})
    mail = tmp_path / "a.eml"
    mail.write_bytes(mails.check_finished("CHK1"))
    assert home.call("ingest", mail).code == 0
    assert "its bytes are not kept any more" in home.call("quarantine", "show", 1).err
    done = home.call("quarantine", "show", 1, "--raw")
    assert (done.code, done.out) == (65, "")
