"""The settings of tokens: one way each, with its keys and no other, kept where nobody looks."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

import mailhook
from mailhook import config
from mailhook.config import MailboxSettings, OAuth2Settings, Settings
from mailhook.config.oauth2 import token_file_name
from mailhook.config.secret import SecretText
from mailhook.errors import ConfigError

BOX = {"name": "hooks", "host": "imap.example.com", "username": "hooks@example.com"}
APP = {"provider": "microsoft", "tenant": "t.example.com", "client_id": "app"}
SECRET = {"client_secret": {"env": "CLIENT_SECRET"}}
DEVICE = APP | {"flow": "device_code"}
OTHER = {"provider": "other", "token_url": "https://login.example.com/token", "client_id": "app"}
KEY = {"key": {"file": "key.json"}}


def loaded(home: Path, **mailbox: object) -> Settings:
    path = home / "config.yaml"
    path.write_text(yaml.safe_dump({"mailboxes": [BOX | mailbox]}))
    return config.load(path)


def refused(home: Path, **mailbox: object) -> list[tuple[str, str, str]]:
    with pytest.raises(ConfigError) as caught:
        loaded(home, **mailbox)
    told = ((p.path, p.message, p.hint) for p in caught.value.problems)
    return [(path.removeprefix("mailboxes[0]."), message, hint) for path, message, hint in told]


def test_a_mailbox_has_a_password_or_tokens(tmp_path: Path):
    ((path, message, hint),) = refused(tmp_path)
    assert (path, message) == ("password", "is missing, and so is oauth2")
    assert hint.startswith("one of them; a password as {file: path}")
    both = refused(tmp_path, password={"env": "A"}, oauth2=APP | SECRET)
    assert both == [("password", "stands beside oauth2, and only one of them can be used", "")]
    assert loaded(tmp_path, oauth2=APP | SECRET).mailboxes[0].password is None
    assert loaded(tmp_path, password={"env": "A"}).mailboxes[0].oauth2 is None


WAYS = [
    ({"provider": "google"} | KEY, "service_account", "https://mail.google.com/"),
    (APP | SECRET, "client_credentials", "https://outlook.office365.com/.default"),
    (DEVICE, "device_code", "https://outlook.office.com/IMAP.AccessAsUser.All"),
    (OTHER | SECRET, "client_credentials", ""),
    (OTHER | {"flow": "device_code", "device_url": "http://[::1]:8/d"}, "device_code", ""),
]


@pytest.mark.parametrize(("told", "flow", "scopes"), WAYS)
def test_each_provider_has_a_usual_flow_and_usual_scopes(
    told: dict[str, object], flow: str, scopes: str
):
    made = OAuth2Settings.model_validate(told)
    assert (made.flow, " ".join(made.scopes)) == (flow, scopes)
    assert OAuth2Settings.model_validate(told | {"scopes": ["mail"]}).scopes == ("mail",)


WRONG = [
    (APP, "", "client_credentials at microsoft needs client_secret too"),
    ({"provider": "google"}, "", "service_account at google needs key too"),
    ({"provider": "google", "flow": "device_code"}, "", "Google gives no access to mail by device"),
    (APP | {"flow": "service_account"}, "", "microsoft has no flow service_account"),
    (APP | SECRET | KEY, "", "client_credentials at microsoft has no use for key"),
    (DEVICE | SECRET, "", "device_code at microsoft has no use for client_secret"),
    (OTHER, "", "client_credentials at other needs client_secret too"),
    ({"provider": "gogle"}, ".provider", "must be google, microsoft or other"),
    ({}, ".provider", "is missing"),
    (OTHER | SECRET | {"token_url": "http://login.example.com/t"}, ".token_url", "is no https URL"),
    (OTHER | SECRET | {"token_url": "https://a:b@x/"}, ".token_url", "is no https URL"),
    (OTHER | SECRET | {"token_url": "https://[x/"}, ".token_url", "is no URL"),
    (APP | SECRET | {"authority": "http://127.0.0.1"}, ".authority", "is more than a host"),
    (APP | SECRET | {"tenant": "a/b"}, ".tenant", "is no tenant"),
    (APP | SECRET | {"scopes": ["a b"]}, ".scopes[0]", "holds a blank"),
    (APP | SECRET | {"scope": ["a"]}, ".scope", "unknown key"),
    (APP | {"client_secret": "battery"}, ".client_secret", "secrets come by reference only"),
    ({"provider": "google", "key": "battery"}, ".key", "secrets come by reference only"),
]


@pytest.mark.parametrize(("told", "key", "words"), WRONG)
def test_what_does_not_go_together_is_told_at_its_place(
    told: dict[str, object], key: str, words: str, tmp_path: Path
):
    ((path, message, _),) = refused(tmp_path, oauth2=told)
    assert path == f"oauth2{key}"
    assert message.startswith(words)


def test_no_secret_written_in_the_file_is_shown(tmp_path: Path):
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, oauth2={"provider": "google", "key": "battery-staple"})
    assert "battery" not in str(caught.value)


def test_a_login_is_kept_in_the_state_directory_else_beside_the_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def place(**changes: object) -> Path | None:
        made = loaded(tmp_path, oauth2=DEVICE | changes).mailboxes[0].oauth2
        return made.token_file if made else None

    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    assert place() == tmp_path / "oauth-hooks.json"
    assert place(token_file="mine.json") == tmp_path / "mine.json"
    monkeypatch.setenv("STATE_DIRECTORY", "/var/lib/mailhook:/var/lib/more")
    assert place() == Path("/var/lib/mailhook/oauth-hooks.json")
    made = loaded(tmp_path, oauth2=APP | SECRET).mailboxes[0].oauth2
    assert made
    assert made.token_file is None


def test_a_name_of_a_mailbox_makes_a_name_of_a_file():
    assert token_file_name("hooks") == "oauth-hooks.json"
    assert token_file_name("../a b") == "oauth-..%2Fa b.json"
    assert len(token_file_name("é" * 1000)) < 100
    assert token_file_name("é" * 1000) != token_file_name("é" * 999)


def test_a_key_file_may_have_several_lines_and_a_password_may_not(tmp_path: Path):
    path = tmp_path / "key.json"
    path.write_text('{\n"a": 1\n}\n')
    assert SecretText(file=path).reveal() == '{\n"a": 1\n}'
    with pytest.raises(ConfigError, match="more than one line"):
        config.Secret(file=path).reveal()


def test_every_secret_of_a_login_is_looked_at(tmp_path: Path):
    (tmp_path / "key.json").write_text("{\n}")
    (tmp_path / "key.json").chmod(0o644)
    settings = loaded(tmp_path, oauth2={"provider": "google"} | KEY)
    assert config.secret_problems(settings) == []
    assert config.warnings(settings)[0].path == "mailboxes[hooks].oauth2.key"
    (problem,) = config.secret_problems(loaded(tmp_path, oauth2=APP | SECRET))
    assert problem.path == "mailboxes[hooks].oauth2.client_secret"


def test_settings_for_tokens_are_one_key_for_what_is_shared_between_connections():
    one, two = (MailboxSettings.model_validate(BOX | {"oauth2": APP | SECRET}) for _ in range(2))
    assert (one == two, hash(one) == hash(two)) == (True, True)


RECIPES = (Path(mailhook.__file__).parents[1] / "docs" / "oauth.md").read_text()
BLOCKS = re.findall(r"```yaml\n(.*?)```", RECIPES, re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS)
def test_each_recipe_of_the_documentation_is_valid(block: str, tmp_path: Path):
    (tmp_path / "config.yaml").write_text(block)
    assert config.load(tmp_path / "config.yaml").mailboxes[0].oauth2


def test_the_documentation_has_a_recipe_for_each_provider():
    providers = [yaml.safe_load(one)["mailboxes"][0]["oauth2"]["provider"] for one in BLOCKS]
    assert set(providers) == {"google", "microsoft", "other"}
