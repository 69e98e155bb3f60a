"""How a mailbox gets tokens from an authorization server, in place of a password."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self, TypeAlias
from urllib.parse import quote, urlsplit

from pydantic import AfterValidator, Field, field_validator, model_validator

from mailhook.config.kinds import FilePath, Section, Text, is_loopback, refusal
from mailhook.config.secret import Secret, SecretText

Provider: TypeAlias = Literal["google", "microsoft", "other"]
Flow: TypeAlias = Literal["service_account", "client_credentials", "device_code"]

NEEDED: dict[tuple[Provider, Flow], frozenset[str]] = {
    ("google", "service_account"): frozenset({"key"}),
    ("microsoft", "client_credentials"): frozenset({"tenant", "client_id", "client_secret"}),
    ("microsoft", "device_code"): frozenset({"tenant", "client_id"}),
    ("other", "client_credentials"): frozenset({"token_url", "client_id", "client_secret"}),
    ("other", "device_code"): frozenset({"token_url", "device_url", "client_id"}),
}
"""The ways there are to a token, and the keys that each cannot do without."""

_USUAL: dict[Provider, Flow] = {
    "google": "service_account",
    "microsoft": "client_credentials",
    "other": "client_credentials",
}
_EVERYWHERE = frozenset({"provider", "flow", "scopes", "ca_file"})
_ALSO: dict[tuple[Provider, Flow], frozenset[str]] = {
    ("microsoft", "client_credentials"): frozenset({"authority"}),
    ("microsoft", "device_code"): frozenset({"authority", "token_file"}),
    ("other", "device_code"): frozenset({"client_secret", "token_file"}),
}
ALLOWED = {way: keys | _EVERYWHERE | _ALSO.get(way, frozenset()) for way, keys in NEEDED.items()}
"""All keys that each way can use."""
# Microsoft gives a daemon what an administrator granted (.default) and nothing by name.
_SCOPES: dict[tuple[Provider, Flow], tuple[str, ...]] = {
    ("google", "service_account"): ("https://mail.google.com/",),
    ("microsoft", "client_credentials"): ("https://outlook.office365.com/.default",),
    ("microsoft", "device_code"): ("https://outlook.office.com/IMAP.AccessAsUser.All",),
}
_LONGEST_NAME = 100
_OF_URLS = "https:// and the name of a host; http:// only to this machine itself"


def refuse_plain_text(url: str) -> str:
    """The URL, if what is sent there cannot be read on the way.

    Raises:
        PydanticCustomError: it is neither https nor http to this machine itself.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise refusal("is no URL", _OF_URLS) from None
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))
    if not host or not is_safe or "@" in parts.netloc or parts.fragment:
        raise refusal("is no https URL", _OF_URLS)
    return url


def _one_word(value: str) -> str:
    if any(character.isspace() for character in value):
        raise refusal("holds a blank", "each scope is an item of its own: [a, b]")
    return value


Url = Annotated[Text, AfterValidator(refuse_plain_text)]
Scope = Annotated[Text, AfterValidator(_one_word)]


class OAuth2Settings(Section):
    """One way to a token; `token_file` is where `mailhook oauth login` keeps what it gets."""

    provider: Provider
    flow: Flow = Field(default_factory=lambda data: _USUAL[data["provider"]])
    tenant: Text | None = None
    client_id: Text | None = None
    client_secret: Secret | None = None
    key: SecretText | None = None
    scopes: tuple[Scope, ...] = Field(
        default_factory=lambda data: _SCOPES.get((data["provider"], data["flow"]), ())
    )
    token_url: Url | None = None
    device_url: Url | None = None
    authority: Url = "https://login.microsoftonline.com"
    ca_file: FilePath | None = None
    token_file: FilePath | None = None

    @field_validator("tenant")
    @classmethod
    def _tenant_is_one_step(cls, tenant: str | None) -> str | None:
        if tenant and quote(tenant, safe="") != tenant:
            raise refusal("is no tenant", "the directory's id, or a domain such as example.com")
        return tenant

    @field_validator("authority")
    @classmethod
    def _authority_is_a_host(cls, authority: str) -> str:
        if urlsplit(authority).scheme != "https" or urlsplit(authority).path.strip("/"):
            raise refusal("is more than a host", "such as https://login.microsoftonline.us")
        return authority.rstrip("/")

    @model_validator(mode="after")
    def _keys_go_together(self) -> Self:
        way = (self.provider, self.flow)
        if way == ("google", "device_code"):
            raise refusal(
                "Google gives no access to mail by device code",
                "service_account with Google Workspace, else a password (an app password)",
            )
        if way not in NEEDED:
            flows = " or ".join(flow for provider, flow in NEEDED if provider == self.provider)
            raise refusal(f"{self.provider} has no flow {self.flow}", f"flow: {flows}")
        if missing := sorted(key for key in NEEDED[way] if getattr(self, key) is None):
            raise refusal(f"{self.flow} at {self.provider} needs {', '.join(missing)} too")
        if idle := sorted(self.model_fields_set - ALLOWED[way]):
            raise refusal(
                f"{self.flow} at {self.provider} has no use for {', '.join(idle)}",
                f"it knows {', '.join(sorted(ALLOWED[way]))}",
            )
        return self

    def at_home(self, mailbox: str, folder: Path) -> OAuth2Settings:
        """These settings with a `token_file`: the one named, else the mailbox's in the folder."""
        if self.token_file or self.flow != "device_code":
            return self
        return self.model_copy(update={"token_file": folder / token_file_name(mailbox)})


def token_file_name(mailbox: str) -> str:
    """`oauth-<mailbox>.json`, with whatever no file's name may hold spelled as in a URL."""
    spelled = quote(mailbox, safe=" @+")
    if len(spelled) > _LONGEST_NAME:
        import hashlib

        spelled = hashlib.sha256(mailbox.encode()).hexdigest()
    return f"oauth-{spelled}.json"
