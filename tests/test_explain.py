"""explain: every step's decision for one message, and nothing written."""

from __future__ import annotations

import json
import os
from pathlib import Path

import mails
import pytest
from command import Done, Home, call

CHECK = "CHK" + "a" * 32
RAW = mails.check_finished(CHECK, message_id="<one@truora.com>")
FORGED = mails.check_finished(CHECK, proof=None)
HALF = mails.write(
    '[{"event_type": "check", "event_action": "finished", "object": {"check_id": "CHK1"}},'
    ' {"event_type": "check", "object": {}}]'
)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def saved(home: Home, raw: bytes) -> Path:
    path = home.folder / "mail.eml"
    path.write_bytes(raw)
    return path


def told(done: Done) -> dict[str, dict[str, object]]:
    assert "bug" not in done.err
    whole: dict[str, dict[str, object]] = json.loads(done.out)
    return whole


def test_a_file_is_explained_from_its_bytes_to_the_verdict(home: Home):
    done = home.call("explain", "--json", saved(home, RAW))
    assert done.code == 0
    parts = told(done)
    assert list(parts) == "delivery message sender reading events store verdict".split()
    assert str(parts["delivery"]["location"]).startswith("file:")
    assert parts["message"]["message_id"] == "<one@truora.com>"
    assert parts["sender"] == {
        "from": "notifications@truora.com",
        "proven": True,
        "why": f"dmarc=pass for truora.com by {mails.SERVER}",
    }
    assert parts["reading"]["reader"] == "labelled"
    (event,) = parts["events"].values()
    assert isinstance(event, dict)
    assert (event["event"], event["subject"]) == ("check.finished", CHECK)
    assert parts["store"] == {"known": "there is no store yet"}
    assert parts["verdict"]["verdict"] == "read"


def test_it_says_where_what_is_required_stands_in_a_second_header_alone(home: Home):
    second = (("Authentication-Results", mails.PROOF),)
    first = f"{mails.SERVER}; dkim=pass header.d=truora.com"
    raw = mails.check_finished(CHECK, proof=first, headers=second)
    sender = told(home.call("explain", "--json", saved(home, raw)))["sender"]
    assert sender["proven"] is False
    assert "no dmarc result by mx.example.com; it stands only in a second" in str(sender["why"])


def test_it_reads_well_at_80_columns_from_top_to_bottom(home: Home):
    home.deliver(RAW)
    lines = home.call("explain", saved(home, RAW)).out.splitlines()
    headings = [line for line in lines if line and not line.startswith(" ")]
    assert headings == "delivery message sender reading events store verdict".split()
    assert all(len(line) <= 80 or len(line.split()) == 2 for line in lines)
    assert "      check_id  " + CHECK in lines, "members bear the vendor's own names"


def test_a_delivery_is_found_by_its_id_and_by_its_location(home: Home):
    home.deliver(RAW, FORGED)
    (row,) = json.loads(home.call("query", "--json", "SELECT * FROM deliveries WHERE id = 2").out)
    by_id = home.call("explain", "2", "--json")
    assert by_id.out == home.call("explain", row["location"], "--json").out
    assert told(by_id)["delivery"]["location"] == row["location"]


def test_it_says_what_the_store_would_do_with_it_now(home: Home):
    key = f"{CHECK}/check.finished"
    assert told(home.call("explain", "--json", saved(home, RAW)))["store"] == {
        "known": "there is no store yet"
    }
    home.deliver(RAW)
    again = {"would_be": f"one more sighting of {key}", "fills": "", "conflicts_in": ""}
    assert told(home.call("explain", "--json", saved(home, RAW)))["store"] == {
        "these_bytes": "delivery 1, by email: recorded",
        "then": None,
        key: again,
    }
    other = mails.write(f"Event: Check finished\nCheck ID: {CHECK}\nCountry: Peru\nStatus: Error\n")
    assert told(home.call("explain", "--json", saved(home, other)))["store"] == {
        "these_bytes": "not in the store",
        key: again | {"fills": "object", "conflicts_in": "status, object.status"},
    }
    new = mails.check_finished("CHKnew")
    store = told(home.call("explain", "--json", saved(home, new)))["store"]
    assert store["CHKnew/check.finished"] == {
        "would_be": "a new row",
        "fills": "",
        "conflicts_in": "",
    }


RULE = mails.write(
    "Hola equipo:\n\nEvento: Verificación finalizada\nID de la verificación: "
    f"{CHECK}\nEstado - Completada\nSucursal: Lima\n\nSaludos,\nRiesgos\n",
    subject="Verificación creada",
)


def test_each_field_is_shown_with_the_words_on_which_it_was_read(home: Home):
    reading = told(home.call("explain", "--json", saved(home, RULE)))["reading"]
    notice = reading["notice 1"]
    assert isinstance(notice, dict)
    assert notice["object"] == {"check_id": CHECK, "status": "completed", "Sucursal": "Lima"}
    assert notice["read_in"] == {
        "check_id": f"ID de la verificación: {CHECK}",
        "status": "Estado - Completada",
        "Sucursal": "Sucursal: Lima",
        "event": "Evento: Verificación finalizada",
    }
    assert reading["left_over"] == ["Hola equipo:", "Saludos,", "Riesgos"]


def test_where_subject_and_body_disagree_the_body_counts_and_it_is_said(home: Home):
    done = home.call("explain", "--json", saved(home, RULE))
    (conflict,) = told(done)["reading"]["conflicts"]
    assert conflict == (
        "'Verificación creada' says check.created, but 'Evento: Verificación finalizada' says"
        " check.finished, which counts"
    )
    assert "which counts" in " ".join(home.call("explain", saved(home, RULE)).out.split())


def test_a_forwarded_notice_is_shown_as_one_without_proof(home: Home):
    raw = mails.write(
        "FYI\n\n---------- Forwarded message ---------\nFrom: Truora <x@truora.com>\n"
        f"Date: Mon, 3 Aug 2026\nSubject: Check finished\nTo: a\n\nCheck ID: {CHECK}\n",
        subject="Fwd: Check finished",
    )
    done = home.call("explain", "--json", saved(home, raw))
    assert done.code == 1
    notice = told(done)["reading"]["notice 1"]
    assert isinstance(notice, dict)
    assert (notice["forwarded"], notice["object"]) == (True, {"check_id": CHECK})
    assert "only passes on" in str(told(done)["verdict"]["reason"])


def test_nothing_is_written(home: Home):
    home.deliver(RAW)
    before = home.store.read_bytes()
    home.call("explain", saved(home, mails.check_finished("CHKnew")))
    assert home.store.read_bytes() == before


@pytest.mark.parametrize(
    ("raw", "code", "verdict", "reason"),
    [
        (RAW, 0, "read", ""),
        (mails.write("Lunch?", proof=None), 0, "ignored", "no_notice"),
        (FORGED, 1, "quarantined", "untrusted"),
        (mails.write("hello"), 1, "quarantined", "unknown_notice"),
        (b"", 1, "quarantined", "malformed_message"),
        (HALF, 1, "read", ""),
    ],
)
def test_it_ends_in_1_where_a_person_would_have_to_look(
    home: Home, raw: bytes, code: int, verdict: str, reason: str
):
    done = home.call("explain", "--json", saved(home, raw))
    assert done.code == code
    said = told(done)["verdict"]
    assert (said["verdict"], str(said["reason"] or "").partition(":")[0]) == (verdict, reason)
    assert bool(said["advice"]) == (verdict == "quarantined")
    assert home.call("explain", saved(home, raw)).code == code


def test_what_was_read_in_a_forged_hook_is_shown_though_it_is_not_believed(home: Home):
    parts = told(home.call("explain", "--json", saved(home, FORGED)))
    assert parts["events"] == {}
    notice = parts["reading"]["notice 1"]
    assert isinstance(notice, dict)
    assert notice["object"]["check_id"] == CHECK


def test_without_settings_a_file_is_explained_by_the_defaults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MAILHOOK_CONFIG", raising=False)
    Path("mail.eml").write_bytes(RAW)
    done = call("explain", "mail.eml", "--json")
    assert done.code == 1
    assert "no settings file: explained by the defaults, which prove no sender" in done.err
    assert told(done)["sender"]["proven"] is False
    assert list(tmp_path.iterdir()) == [tmp_path / "mail.eml"]


def test_without_settings_an_id_cannot_be_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MAILHOOK_CONFIG", raising=False)
    assert call("explain", "1").code == 78


UNKNOWN = ["7", "²", "9" * 30, "imap://nobody@example.com/INBOX;UIDVALIDITY=1/;UID=1", "x" * 5000]


@pytest.mark.parametrize("what", UNKNOWN, ids=range(len(UNKNOWN)))
def test_what_is_neither_file_nor_delivery_ends_in_65(home: Home, what: str):
    home.deliver(RAW)
    done = home.call("explain", what)
    assert (done.code, done.out) == (65, "")
    assert "there is no such file, and no such delivery in the store" in done.err


@pytest.mark.parametrize("kind", ["folder", "fifo"])
def test_what_is_no_file_ends_in_65(home: Home, kind: str):
    path = home.folder / kind
    path.mkdir() if kind == "folder" else os.mkfifo(path)
    done = home.call("explain", path)
    assert (done.code, done.out) == (65, "")
    assert str(path) in done.err


def test_a_mail_that_was_too_large_is_explained_as_such_not_by_its_headers(home: Home):
    path = saved(home, mails.write("x" * 2_100_000))
    home.call("ingest", path)
    for what in ("1", path):
        done = home.call("explain", what, "--json")
        assert done.code == 1
        assert str(told(done)["verdict"]["reason"]).startswith("too_large: 2,")


def test_a_mail_of_which_only_headers_were_kept_cannot_be_explained(tmp_path: Path):
    home = Home(tmp_path, store={"raw": "headers"})
    home.call("ingest", saved(home, RAW))
    done = home.call("explain", "1")
    assert (done.code, done.out) == (65, "")
    assert "the store keeps only its headers" in done.err


def test_settings_that_are_wrong_are_said_and_not_replaced_by_the_defaults(home: Home):
    home.write({"stor": {}})
    assert home.call("explain", saved(home, RAW)).code == 78
