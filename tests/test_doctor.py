"""What the doctor makes of recent mail: bytes in, sentences and lines out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import hooks
import mails
import pytest
import yaml

from mailhook.config import TrustSettings
from mailhook.doctor import Remark, senders, servers
from mailhook.doctor.proposal import propose
from mailhook.doctor.sights import Sight, look
from mailhook.health.senders import resembles
from mailhook.trust import Trust

OURS = mails.SERVER
UNSET = TrustSettings()
SET = TrustSettings(authserv_id=(OURS,))


def seen(trust: TrustSettings, *raws: bytes) -> list[Sight]:
    return [look(mails.delivered(raw, nth), Trust(trust)) for nth, raw in enumerate(raws, 1)]


def hook(proof: str | None = mails.PROOF, **options: object) -> bytes:
    return mails.check_finished("CHK1", proof=proof, **options)


def again(value: str, name: str = "Authentication-Results") -> tuple[tuple[str, str], ...]:
    """A further header below the first."""
    return ((name, value),)


def told(trust: TrustSettings, *raws: bytes) -> list[Remark]:
    sights = seen(trust, *raws)
    found = senders.told("hooks", "INBOX", sights)
    looked_at = {("hooks", "INBOX"): len(sights)}
    return [*senders.remarks(looked_at, found, trust), *servers.remarks("hooks", sights, trust)]


def words(remarks: Sequence[Remark], group: str) -> str:
    return "\n".join(remark.words for remark in remarks if remark.group == group)


def proposed(trust: TrustSettings, *raws: bytes) -> object:
    proposal = propose([seen(trust, *raws)], trust)
    return proposal and yaml.safe_load("\n".join(proposal.lines))["trust"]


def test_proven_hooks_are_well_and_nothing_is_proposed():
    remarks = told(SET, hook(), mails.write("hello"))
    assert words(remarks, "wrong") == ""
    assert "1 looks like a hook and comes from truora.com; topmost header: dmarc=pass by mx" in (
        words(remarks, "ok")
    )
    assert "mx.example.com has checked 2 of 2 mails" in words(remarks, "ok")
    assert proposed(SET, hook()) is None


def of_key(key: bytes, subject: str) -> bytes:
    event = hooks.check(subject, mails.NOON)
    return mails.write(hooks.signed(event, made_at=mails.NOON, key=key).decode())


@pytest.mark.parametrize(
    ("order", "group"),
    [
        ((hooks.KEY, hooks.OTHER_KEY, hooks.OTHER_KEY), "wrong"),
        ((hooks.OTHER_KEY, hooks.OTHER_KEY, hooks.KEY), "ok"),
    ],
)
def test_tokens_of_a_new_key_from_a_proven_sender_are_wrong_and_those_of_an_old_one_are_history(
    order: Sequence[bytes], group: str
):
    raws = [of_key(key, f"CHK{nth}") for nth, key in enumerate(order)]
    trust = hooks.TRUST.settings.model_copy(update={"signing_keys": (None,)})
    sights = [
        look(
            replace(mails.delivered(raw), received_at=mails.NOON + timedelta(minutes=nth)),
            Trust(trust, (hooks.KEY,)),
        )
        for nth, raw in enumerate(raws)
    ]
    (remark,) = senders.remarks({("a", "b"): 3}, senders.told("a", "b", sights), trust)
    assert remark.group == group
    told = "2 with a token that no key in trust.signing_keys has signed: if it was rotated, put the"
    assert (told in remark.words) == (group == "wrong")


def test_without_authserv_id_the_line_to_add_is_proposed():
    assert "trust.authserv_id is not set" in words(told(UNSET, hook()), "wrong")
    assert proposed(UNSET, hook()) == {
        "authserv_id": OURS,
        "senders": ["truora.com"],
        "require": "dmarc",
    }


@pytest.mark.parametrize(
    ("proofs", "wanted"),
    [
        (["dmarc=pass header.from=truora.com"], "unnamed"),
        (
            [f"mx{n}.messagingengine.com; dmarc=pass" for n in (1, 2)],
            ["mx1.messagingengine.com", "mx2.messagingengine.com"],
        ),
        ([f"mx{n}.messagingengine.com; dmarc=pass" for n in range(5)], "*.messagingengine.com"),
        ([f"mx.a{n}.com; dmarc=pass" for n in range(5)], None),
        ([f"mx{n}.co.uk; dmarc=pass" for n in range(5)], None),
        (["jane; dmarc=pass"], None),
    ],
)
def test_the_server_on_top_is_proposed_by_name_by_list_or_by_domain(
    proofs: list[str], wanted: str | list[str] | None
):
    found = proposed(UNSET, *(hook(f"{proof} header.from=truora.com") for proof in proofs))
    if wanted is None:
        assert found is None
    else:
        assert isinstance(found, dict)
        assert found["authserv_id"] == wanted
        TrustSettings.model_validate(found)


def test_mailboxes_of_several_providers_get_one_proposal():
    mailboxes = [
        seen(UNSET, hook(f"{name}; dmarc=pass header.from=truora.com"))
        for name in ("mx.google.com", "mx.zohomail.com", *(f"mx{n}.long.example" for n in range(4)))
    ]
    proposal = propose(mailboxes, UNSET)
    assert proposal
    assert yaml.safe_load("\n".join(proposal.lines))["trust"]["authserv_id"] == [
        "*.long.example",
        "mx.google.com",
        "mx.zohomail.com",
    ]


def test_before_the_first_hook_the_server_can_be_proposed_and_is_to_be_compared():
    raws = [mails.write("hello"), mails.write("hello", proof=None)]
    proposal = propose([seen(UNSET, *raws, *[mails.write("hello")] * 8)], UNSET)
    assert proposal
    assert (
        "this stands on top of 9 of 10 mails. Where the server writes nothing a forger's"
        in (proposal.cautions[0])
    )
    assert propose([seen(SET, *raws)], SET) is None


def test_what_is_set_and_occurs_is_kept_and_what_does_not_is_dropped():
    trust = TrustSettings(authserv_id=("gone.example.net", OURS))
    mailboxes = [seen(trust, hook()), seen(trust, hook("mx.google.com; dmarc=none"))]
    proposal = propose(mailboxes, trust)
    assert proposal
    assert proposal.lines[:4] == (
        "trust:",
        "  authserv_id:",
        "    - mx.example.com",
        "    - mx.google.com",
    )


def test_a_wrong_authserv_id_is_told_with_the_one_that_is_there():
    wrong = TrustSettings(authserv_id=("mx.wrong.example",))
    told_of = words(told(wrong, hook(), hook()), "wrong")
    assert "trust.authserv_id mx.wrong.example occurs in none of 2 mails" in told_of
    assert "the topmost header is of mx.example.com" in told_of
    assert "2 look like hooks and come from truora.com" in told_of
    found = proposed(wrong, hook())
    assert isinstance(found, dict)
    assert found["authserv_id"] == OURS


def test_where_no_mail_has_such_a_header_the_server_has_to_be_made_to_write_one():
    assert "no mail has an Authentication-Results header" in words(told(SET, hook(None)), "wrong")
    assert proposed(SET, hook(None)) is None


def test_a_method_that_stands_only_in_a_second_header_is_told():
    first, second = f"{OURS}; spf=pass smtp.mailfrom=truora.com", mails.PROOF
    remarks = told(SET, hook(first, headers=again(second)))
    assert (
        "mx.example.com says dmarc in 1 mail only in a second header, which does not count"
        in words(remarks, "wrong")
    )
    assert "does not strip" not in words(remarks, "wrong")


@pytest.mark.parametrize(
    ("raw", "strips"),
    [
        (hook(headers=again(f"{OURS}; dmarc=fail header.from=truora.com")), False),
        (hook(headers=again(f"{OURS}; dkim=pass header.d=other.example")), True),
        (hook(headers=again(mails.PROOF)), True),
        (hook(headers=again("mx.else.example; dmarc=fail header.from=truora.com")), True),
        (hook(mails.PROOF, sender="a@x.example"), False),
        (
            hook(
                f"{OURS}; dmarc=none header.from=x.example",
                headers=again(f"{OURS}; dmarc=pass header.from=truora.com"),
                sender="a@x.example",
            ),
            False,
        ),
        (hook(), True),
    ],
)
def test_a_forged_header_that_survived_shows_that_the_server_does_not_strip(
    raw: bytes,
    strips: bool,  # noqa: FBT001 - a row
):
    assert ("does not strip forged ones" in words(told(SET, raw), "wrong")) is not strips


def test_how_to_test_that_forged_headers_are_stripped_is_told_with_the_servers_name():
    advice = words(told(SET, hook()), "advice")
    assert "`Authentication-Results: mx.example.com; dmarc=pass header.from=truora.com`" in advice
    wildcard = TrustSettings(authserv_id=("*.example.com",))
    assert "Results: forged.example.com; dmarc=pass" in words(told(wildcard, hook()), "advice")
    unnamed = TrustSettings(authserv_id=("unnamed",))
    proof = "dmarc=pass header.from=truora.com"
    assert "`Authentication-Results: dmarc=pass" in words(told(unnamed, hook(proof)), "advice")


def test_a_domain_that_is_not_trusted_is_never_proposed_but_behind_a_mark():
    other = hook(f"{OURS}; dmarc=pass header.from=x.example", sender="a@x.example")
    proposal = propose([seen(UNSET, hook(), other)], UNSET)
    assert proposal
    assert proposal.lines == (
        "trust:",
        "  authserv_id: mx.example.com",
        "  senders:",
        "    - truora.com",
        "    #- x.example",
        "  require: dmarc",
    )
    assert "whoever owns a domain named here can make events" in proposal.cautions[-1]
    assert "not in trust.senders" in words(told(SET, other), "advice")
    assert words(told(SET, hook(), other), "wrong") == ""


@pytest.mark.parametrize(
    "domain",
    ["truora.com.example.net", "truora-mail.com", "tru0ra.com", "truora.co", "mail.truoraa.com"],
)
def test_a_look_alike_is_not_even_proposed_behind_a_mark(domain: str):
    other = hook(f"{OURS}; dmarc=pass header.from={domain}", sender=f"a@{domain}")
    assert propose([seen(SET, other)], SET) is None
    assert "its name only looks like one of these" in words(told(SET, other), "advice")


def test_a_name_that_only_shares_a_few_letters_is_no_look_alike():
    assert not resembles("mailer.example", ["truora.com", "ml@ail.example"])
    assert not resembles("ail.example", ["ml@ail.example"])
    assert not resembles("mail.truora.com", ["truora.com"])


def test_of_a_mail_provider_only_a_whole_address_is_proposed():
    other = hook(f"{OURS}; dmarc=pass header.from=gmail.com", sender="jane@gmail.com")
    proposal = propose([seen(SET, other)], SET)
    assert proposal
    assert "    #- THE.ADDRESS@gmail.com" in proposal.lines
    assert "whole address" in proposal.cautions[-1]


def test_a_domain_that_only_a_foreign_server_lets_pass_is_not_proposed():
    other = hook("mx.else.example; dmarc=pass header.from=x.example", sender="a@x.example")
    assert propose([seen(SET, hook(), hook(), hook(), hook(), other)], SET) is None


def test_a_server_that_proves_by_dkim_alone_is_to_be_believed_by_dkim():
    found = proposed(UNSET, hook(f"{OURS}; dkim=pass header.d=truora.com; dmarc=none"))
    assert isinstance(found, dict)
    assert found["require"] == "dkim"


def test_an_authserv_id_that_covers_the_servers_stays_as_it_is():
    trust = TrustSettings(authserv_id=("*.example.com",))
    other = hook(f"{OURS}; dmarc=pass header.from=x.example", sender="a@x.example")
    found = proposed(trust, other)
    assert isinstance(found, dict)
    assert found["authserv_id"] == "*.example.com"


def test_whole_addresses_of_the_settings_are_not_repeated():
    trust = TrustSettings(senders=("jane@x.example",))
    proposal = propose([seen(trust, hook())], trust)
    assert proposal
    assert "jane" not in "\n".join(proposal.lines)


def test_an_empty_folder_and_one_without_hooks_say_when_to_come_back():
    assert "INBOX: the folder is empty; run this again" in words(told(SET), "advice")
    remarks = told(SET, mails.write("hello", proof=None))
    assert "none of the last 1 mail looks like a hook" in words(remarks, "advice")


def test_of_many_domains_five_are_named():
    forged = [hook(None, sender=f"a@x{nth}.example") for nth in range(9)]
    remarks = told(SET, *forged, forged[0], hook())
    assert sum("and comes from x" in one.words for one in remarks) == 3
    assert "2 look like hooks and come from x0.example" in words(remarks, "advice")
    assert "comes from truora.com" in words(remarks, "ok")
    assert "5 more domains sent 5 mails" in words(remarks, "advice")


def test_with_require_none_nothing_is_wrong_that_is_recorded_all_the_same():
    trust = TrustSettings(require="none")
    assert words(told(trust, hook(None)), "wrong") == ""
    assert proposed(trust, hook()) is None
