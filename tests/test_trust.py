"""A signing key that anybody can guess would make anybody's token a proof."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from command import Home

from mailhook.config import TrustSettings
from mailhook.errors import ConfigError
from mailhook.trust import Trust

FIT = "an-invented-signing-key-0123456789"


def settings(folder: Path, *keys: str) -> TrustSettings:
    for nth, key in enumerate(keys):
        (folder / f"key-{nth}").write_text(key)
    files = [{"file": str(folder / f"key-{nth}")} for nth in range(len(keys))]
    return TrustSettings.model_validate({"signing_keys": files})


def test_a_key_that_protects_is_taken(tmp_path: Path):
    assert Trust.of(settings(tmp_path, FIT)).keys == (FIT.encode(),)


@pytest.mark.parametrize("key", ["short", "your-256-bit-secret", "changeme"])
def test_a_short_or_guessable_key_is_refused_by_its_place_and_never_shown(tmp_path: Path, key: str):
    with pytest.raises(ConfigError) as refused:
        Trust.of(settings(tmp_path, FIT, key))
    assert refused.value.problems[0].path == "trust.signing_keys[1]"
    assert key not in str(refused.value)


def test_check_says_so(tmp_path: Path):
    (tmp_path / "key").write_text("changeme")
    home = Home(tmp_path, trust={"signing_keys": [{"file": str(tmp_path / "key")}]})
    done = home.call("check")
    assert done.code == 1
    assert "trust.signing_keys[0]" in done.out + done.err


def test_an_own_check_of_signatures_asks_dns_and_nothing_else_does():
    assert Trust.of(TrustSettings(require="dkim")).lookup
    assert Trust.of(TrustSettings()).lookup is None
    assert Trust.of(TrustSettings(require="none")).lookup is None


def test_where_what_checks_signatures_is_not_installed_the_settings_are_refused(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr("mailhook.trust.find_spec", lambda name: None if name == "dns" else name)
    with pytest.raises(ConfigError, match=r"trust\.require: .*not installed: dns") as refused:
        Trust.of(TrustSettings(require="dkim"))
    assert "pip install 'mailhook[dkim]'" in str(refused.value)


def test_it_goes_whole_to_the_process_that_examines_ahead(tmp_path: Path):
    (tmp_path / "tag").write_text("an-invented-tag")
    written = {"require": "dkim", "tag": {"file": str(tmp_path / "tag")}}
    trust = pickle.loads(pickle.dumps(Trust.of(TrustSettings.model_validate(written))))  # noqa: S301
    assert trust.lookup
    assert trust.tag.behind("an-invented-tag x") == "x"
