"""trust.tag: labels count only behind the secret word, and nobody is shown it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import mails
import pytest
from command import Home

from mailhook.config import TrustSettings
from mailhook.errors import ConfigError
from mailhook.explain import explain
from mailhook.model import Finding
from mailhook.pipeline import examine
from mailhook.tag import Tag, unfit
from mailhook.trust import Trust

WORD = "kestrel-4711-plum"
LABELS = ["Event: Check finished", "Check ID: CHK1", "Check status: Completed"]
TAGGED = [f"{WORD} {line}" for line in LABELS]


@pytest.fixture
def tagged(trust: Trust) -> Trust:
    return replace(trust, tag=Tag(WORD))


def look(trust: Trust, lines: list[str], **options: object) -> Finding:
    raw = mails.write("\n".join(lines) + "\n", **options)  # type: ignore[arg-type]
    return examine(mails.delivered(raw), trust)


def page(lines: list[str]) -> str:
    return "".join(f"<p>{line}</p>" for line in lines)


def table(lines: list[str]) -> str:
    rows = (line.rpartition(": ") for line in lines)
    return (
        "<table>" + "".join(f"<tr><td>{a}</td><td>{b}</td></tr>" for a, _, b in rows) + "</table>"
    )


def test_labels_behind_the_tag_are_read_as_they_would_be_without(tagged: Trust, trust: Trust):
    (event,) = look(tagged, TAGGED, message_id="<a@truora.com>").events
    assert (event,) == look(trust, LABELS, message_id="<a@truora.com>").events


@pytest.mark.parametrize("html", [page(TAGGED), table(TAGGED), page([f"• {x}" for x in TAGGED])])
def test_they_are_read_in_a_page_as_well(tagged: Trust, html: str):
    (event,) = look(tagged, [], html=html).events
    assert (event.subject_id, event.status) == ("CHK1", "completed")


UNTAGGED = [
    pytest.param(LABELS, id="no tag"),
    pytest.param([f"kestrel-4711-plun {line}" for line in LABELS], id="another word"),
    pytest.param([f"{WORD}x {line}" for line in LABELS], id="a longer word"),
    pytest.param([f"{WORD[:-1]} {line}" for line in LABELS], id="a shorter word"),
    pytest.param([f"{WORD.upper()} {line}" for line in LABELS], id="in capitals"),
    pytest.param([f"{line} {WORD}" for line in LABELS], id="behind the line"),
    pytest.param([WORD, *LABELS], id="on a line of its own"),
    pytest.param([f"[tag] {line}" for line in LABELS], id="as it is shown"),
]


@pytest.mark.parametrize("lines", UNTAGGED)
def test_labels_without_it_are_held_and_a_reason_says_so(tagged: Trust, lines: list[str]):
    for finding in (look(tagged, lines), look(tagged, [], html=page(lines))):
        assert (finding.verdict, finding.events) == ("quarantined", ())
        if lines is LABELS:
            assert finding.reason == "untagged: its labels do not stand behind trust.tag"


def test_a_line_that_a_value_forged_does_not_count_beside_those_behind_the_tag(tagged: Trust):
    (event,) = look(tagged, [*TAGGED, "Check status: Rejected", "Country: CO"]).events
    assert event.status == "completed"
    assert "country" not in event.object


def test_a_value_that_was_wrapped_is_whole(tagged: Trust):
    lines = [
        *TAGGED,
        f"{WORD} Favourite: as long as one line of a mail may ever be in",
        "most programs",
    ]
    (event,) = look(tagged, lines).events
    assert event.object["Favourite"] == "as long as one line of a mail may ever be in most programs"


@pytest.mark.parametrize("lines", [TAGGED, LABELS])
def test_it_is_no_proof(tagged: Trust, lines: list[str]):
    assert look(tagged, lines, proof=None).events == ()


def test_where_no_proof_is_required_it_is_asked_for_all_the_same(tagged: Trust):
    lax = replace(tagged, settings=TrustSettings(require="none"))
    (event,) = look(lax, TAGGED, proof=None).events
    assert event.authenticity == "unverified"
    assert look(lax, LABELS, proof=None).events == ()


def test_an_alert_of_the_vendor_needs_none(tagged: Trust):
    finding = look(tagged, ["Your webhook has been disabled"], subject="Webhook disabled")
    assert [event.event_action for event in finding.events] == ["disabled"]


def test_a_passed_on_mail_needs_it_too(tagged: Trust):
    inner = mails.write("\n".join(LABELS), proof=None)
    lax = replace(tagged, settings=TrustSettings(require="none"))
    finding = look(lax, ["see"], attachments=(("message/rfc822", "a.eml", inner),))
    assert finding.events == ()


def strings(value: object) -> str:
    return json.dumps(value, default=repr)


def test_it_is_blanked_in_all_that_is_told_and_stays_in_the_bytes(tagged: Trust):
    lines = [*TAGGED, f"{WORD} Note: {WORD}", f"and {WORD} in prose", f"{WORD} Odd {WORD}: x"]
    raw = mails.write("\n".join(lines), subject=f"{WORD} Check finished")
    delivery = mails.delivered(raw)
    finding = examine(delivery, tagged)
    assert finding.events
    assert finding.subject == "[tag] Check finished"
    assert WORD not in strings(replace(finding, delivery=mails.delivered(b"")))
    assert WORD not in strings(explain(delivery, tagged))
    assert WORD.encode() in finding.delivery.raw


def test_json_that_holds_it_is_blanked(tagged: Trust):
    event = {"event_type": "check", "event_action": "finished", "object": {"check_id": WORD}}
    (read,) = look(tagged, [json.dumps(event)]).events
    assert WORD not in strings(read)


@pytest.mark.parametrize("word", ["", "short", "two words", "trüora-wort", "x" * 201, "a<b>&c;d"])
def test_a_word_that_protects_nothing_or_would_not_arrive_is_refused(word: str):
    assert unfit(word)


def test_it_is_read_by_reference_and_never_shown(tmp_path: Path):
    (tmp_path / "tag").write_text(WORD)
    made = Trust.of(TrustSettings.model_validate({"tag": {"file": str(tmp_path / "tag")}}))
    assert made.tag
    assert made.tag.behind(f"{WORD} x") == "x"
    assert WORD not in repr(made) + repr(made.tag)
    (tmp_path / "tag").write_text("a b c d e f g h")
    with pytest.raises(ConfigError, match=r"trust\.tag") as refused:
        Trust.of(TrustSettings.model_validate({"tag": {"file": str(tmp_path / "tag")}}))
    assert "a b c" not in str(refused.value)


def test_the_command_line_takes_it_and_shows_it_nowhere(tmp_path: Path):
    (tmp_path / "tag").write_text(WORD)
    (tmp_path / "tag").chmod(0o600)
    trust = {"tag": {"file": str(tmp_path / "tag")}, "authserv_id": "mx.example.com"}
    home = Home(tmp_path, trust=trust)
    for name, lines in {"good": [*TAGGED, f"{WORD} Note: {WORD}"], "held": LABELS}.items():
        raw = mails.write("\n".join(lines), subject=f"Check finished {WORD}")
        (tmp_path / f"{name}.eml").write_bytes(raw)
    shown = [home.call("ingest", str(tmp_path / "good.eml"), str(tmp_path / "held.eml"))]
    shown += [home.call(*words) for words in (
        ("events", "--json"), ("export",), ("deliveries", "--json"), ("quarantine", "list"),
        ("quarantine", "show", "1"), ("quarantine", "show", "2", "--json"),
        ("explain", str(tmp_path / "good.eml")), ("explain", str(tmp_path / "held.eml"), "--json"),
    )]  # fmt: skip
    assert "CHK1" in shown[1].out
    for done in shown:
        assert WORD not in done.out + done.err
