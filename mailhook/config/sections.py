"""The sections of config.yaml and what each key may hold."""

from __future__ import annotations

from pathlib import Path
from types import NoneType
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from mailhook.config.kinds import (
    AuthservId,
    FilePath,
    Host,
    LocalListen,
    Section,
    Sender,
    Text,
    is_loopback,
    refusal,
)
from mailhook.config.oauth2 import OAuth2Settings
from mailhook.config.roads import ApiSettings, GuardSettings, Silence, WebSettings
from mailhook.config.secret import HOW, Secret

AFTER = "leave, seen, delete or {move: Folder}"
_SCALARS = (str, bool, int, float, NoneType)

_Switch = Annotated[bool, Field(strict=True)]
_Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
_Whole = Annotated[int, Field(strict=True)]


class FolderSettings(Section):
    """One folder of a mailbox; `idle` asks for a connection of its own that watches it."""

    name: Text
    idle: _Switch = False


class AfterSettings(Section):
    """What becomes of a mail after its outcome is committed; `target` only for move."""

    verb: Literal["leave", "seen", "move", "delete"] = "leave"
    target: Text | None = Field(default=None, alias="move")

    @model_validator(mode="after")
    def _move_has_a_target(self) -> Self:
        if (self.verb == "move") != (self.target is not None):
            raise refusal("move, and only move, needs a target", AFTER)
        return self


class MailboxSettings(Section):
    """One IMAP account. Of `folders`, the first is watched unless it says otherwise."""

    name: Text
    host: Host
    tls: Literal["implicit", "starttls", "none"] = "implicit"
    port: Annotated[_Whole, Field(ge=1, le=65_535)] = Field(
        default_factory=lambda data: 993 if data["tls"] == "implicit" else 143
    )
    ca_file: FilePath | None = None
    username: Text
    oauth2: OAuth2Settings | None = None
    password: Secret | None = Field(default=None, validate_default=True)
    folders: Annotated[tuple[FolderSettings, ...], Field(min_length=1)] = Field(
        default_factory=lambda: (FolderSettings(name="INBOX", idle=True),)
    )
    idle: _Switch = True
    poll_seconds: Annotated[_Number, Field(ge=0.1, le=86_400)] = 60
    # A client must renew IDLE within 29 minutes, RFC 2177 section 3.
    probe_seconds: Annotated[_Number, Field(ge=0.1, le=1_740)] = 25
    max_message_bytes: Annotated[_Whole, Field(ge=100, le=1_000_000_000)] = 2_000_000
    after: AfterSettings = Field(default_factory=AfterSettings)

    @field_validator("tls")
    @classmethod
    def _plain_text_stays_here(cls, tls: str, info: ValidationInfo) -> str:
        if tls == "none" and "host" in info.data and not is_loopback(info.data["host"]):
            raise refusal(
                "without TLS only a loopback host is allowed (localhost, 127.0.0.1, ::1)",
                "implicit or starttls",
            )
        return tls

    @field_validator("password")
    @classmethod
    def _password_or_tokens(cls, password: Secret | None, info: ValidationInfo) -> Secret | None:
        if "oauth2" in info.data and (password is None) == (info.data["oauth2"] is None):
            if password:
                raise refusal("stands beside oauth2, and only one of them can be used")
            raise refusal("is missing, and so is oauth2", f"one of them; a password as {HOW}")
        return password

    @field_validator("folders", mode="before")
    @classmethod
    def _first_folder_is_watched(cls, folders: object) -> object:
        if not isinstance(folders, list):
            return folders
        named = [{"name": item} if isinstance(item, _SCALARS) else item for item in folders]
        if named and isinstance(named[0], dict):
            named[0] = {"idle": True} | named[0]
        return named

    @field_validator("after", mode="before")
    @classmethod
    def _after_in_words(cls, after: object) -> object:
        if after in ("leave", "seen", "delete"):
            return {"verb": after}
        if isinstance(after, dict) and after.keys() == {"move"} and after["move"] is not None:
            return {"verb": "move"} | after
        if isinstance(after, AfterSettings):
            return after
        move = after == "move" or (isinstance(after, dict) and "move" in after)
        raise refusal("move needs a target, and nothing else" if move else "is unknown", AFTER)


class TrustSettings(Section):
    """What counts as proof of who sent a mail."""

    senders: Annotated[tuple[Sender, ...], Field(min_length=1)] = ("truora.com",)
    authserv_id: tuple[AuthservId, ...] = ()
    require: Literal["dmarc", "dkim", "none"] = "dmarc"
    signing_keys: tuple[Secret, ...] = ()
    tag: Secret | None = None

    @field_validator("authserv_id", mode="before")
    @classmethod
    def _one_or_several(cls, names: object) -> object:
        if names is None:
            return ()
        return (names,) if isinstance(names, str) else names


class SnapshotSettings(Section):
    """A copy of the store for analysts, made anew every `minutes`, readable by `group`."""

    path: FilePath
    minutes: Annotated[_Number, Field(ge=0.1, le=10_080)] = 15
    group: Text | None = None


class StoreSettings(Section):
    """The SQLite file; after so many days bytes and events are pruned, never where null."""

    path: FilePath = Field(default=Path("mailhook.db"), validate_default=True)
    raw: Literal["full", "headers", "none"] = "full"
    raw_days: Annotated[_Whole, Field(ge=1, le=36_500)] | None = 90
    event_days: Annotated[_Whole, Field(ge=1, le=36_500)] | None = None
    match_window_seconds: Annotated[_Number, Field(ge=0, le=86_400)] = 180
    snapshot: SnapshotSettings | None = None


class NotifySettings(Section):
    """Where alarms go: the secret is an Apprise URL."""

    url: Secret


class MetricsSettings(Section):
    """Where figures for Prometheus and `/healthz` are served, on this machine only."""

    listen: LocalListen = "127.0.0.1:9464"


class LogSettings(Section):
    """The log lines of the service."""

    format: Literal["auto", "json", "pretty", "journal"] = "auto"
    level: Literal["debug", "info", "warning", "error"] = "info"


class Settings(Section):
    """All of config.yaml."""

    store: StoreSettings = Field(default_factory=StoreSettings)
    mailboxes: tuple[MailboxSettings, ...] = ()
    trust: TrustSettings = Field(default_factory=TrustSettings)
    web: WebSettings | None = None
    api: ApiSettings | None = None
    guard: GuardSettings = Field(default_factory=GuardSettings)
    expect: dict[Text, Silence] = Field(default_factory=dict)
    notify: tuple[NotifySettings, ...] = ()
    log: LogSettings = Field(default_factory=LogSettings)
    metrics: MetricsSettings | None = None
