"""References to secrets. A value is read when it is needed and kept nowhere."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, ClassVar, Literal, TypeGuard

from pydantic import AfterValidator, Field, model_validator

from mailhook.config.kinds import FilePath, Section, Text, refusal
from mailhook.errors import ConfigError, Problem

Reference = Literal["file", "env", "credential", "command"]

REFERENCES: tuple[Reference, ...] = ("file", "env", "credential", "command")
HOW = "{file: path}, {env: NAME}, {credential: name} or {command: [program, argument]}"

COMMAND_SECONDS = 10
_MAX_BYTES = 65_536
_LINE_END = re.compile(r"\r?\n\Z")
_NOT_ONE_LINE = re.compile(r"[\r\n\0]")
_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


def is_reference(value: object) -> TypeGuard[Mapping[str, object]]:
    """Whether the value only points at a secret, so that showing it shows none."""
    return (
        isinstance(value, Mapping)
        and bool(value)
        and all(key in REFERENCES for key in value)
        and ("env" not in value or bool(_ENV_NAME.fullmatch(str(value["env"]))))
    )


def _env(value: str) -> str:
    if not _ENV_NAME.fullmatch(value):
        raise refusal("is no name of an environment variable", "the name alone, without $")
    return value


def _credential(value: str) -> str:
    if "/" in value or value in {".", ".."}:
        raise refusal("is a path", "the name given to LoadCredential= in the unit, without folder")
    return value


def _argument(value: str) -> str:
    if "\0" in value:
        raise refusal("holds a NUL character")
    return value


class Secret(Section):
    """A reference to a secret; exactly one of the four is set."""

    _one_line: ClassVar[bool] = True
    _shape: ClassVar[str] = "one line of text"

    file: FilePath | None = None
    env: Annotated[Text, AfterValidator(_env)] | None = None
    credential: Annotated[Text, AfterValidator(_credential)] | None = None
    command: (
        Annotated[tuple[Annotated[str, AfterValidator(_argument)], ...], Field(min_length=1)] | None
    ) = None

    @model_validator(mode="before")
    @classmethod
    def _is_one_reference(cls, value: object) -> object:
        if isinstance(value, cls):
            return value
        if not isinstance(value, dict):
            raise refusal("secrets come by reference only", HOW)
        for key in value:
            if key not in REFERENCES:
                import difflib

                near = difflib.get_close_matches(str(key), REFERENCES, n=1)
                raise refusal(
                    "is no reference to a secret", f"did you mean '{near[0]}'?" if near else HOW
                )
        if sum(given is not None for given in value.values()) != 1:
            raise refusal("needs exactly one of file, env, credential, command", HOW)
        return value

    def __str__(self) -> str:
        # A command's arguments may hold what must not be shown.
        shown = f"[{self.command[0]}, …]" if self.command else (self.file or self.env)
        return f"{{{self.kind}: {shown or self.credential}}}"

    def __repr_args__(self) -> Iterator[tuple[None, str]]:
        # Where pydantic and rich take what they print.
        yield None, str(self)

    @property
    def kind(self) -> Reference:
        """Which of the four references this is."""
        return next(name for name in REFERENCES if getattr(self, name) is not None)

    def reveal(self, *, command_seconds: float = COMMAND_SECONDS) -> str:
        """The secret itself, without one trailing line break, read anew at each call.

        Raises:
            ConfigError: it is not there, is empty, is not text, is not one line where
                it must be, or its command failed; the reference is named, the value never.
        """
        try:
            raw = self._printed(command_seconds) if self.command else self._read()
            if len(raw) > _MAX_BYTES:
                raise self._failure(f"is larger than {_MAX_BYTES} bytes", self._remedy())
            secret = _LINE_END.sub("", raw.decode())
        except UnicodeDecodeError:
            raise self._failure("is not UTF-8 text", self._remedy()) from None
        except OSError as error:
            reason = (error.strerror or "system error").lower()
            raise self._failure(f"cannot be read: {reason}", self._remedy()) from None
        if not secret:
            raise self._failure("is empty", self._remedy())
        if self._one_line and _NOT_ONE_LINE.search(secret):
            raise self._failure("holds more than one line", self._remedy())
        return secret

    def _read(self) -> bytes:
        if self.env:
            if self.env not in os.environ:
                raise self._failure("there is no such environment variable", self._remedy())
            return os.fsencode(os.environ[self.env])
        with (self.file or self._credential_file()).open("rb") as stream:
            return stream.read(_MAX_BYTES + 1)

    def _credential_file(self) -> Path:
        folder = os.environ.get("CREDENTIALS_DIRECTORY")
        if not folder or not self.credential:
            raise self._failure("$CREDENTIALS_DIRECTORY is not set", self._remedy())
        return Path(folder, self.credential)

    def _printed(self, seconds: float) -> bytes:
        # Only who names a command pays for what starts one.
        import subprocess

        from mailhook.config import command

        assert self.command is not None  # noqa: S101 - the caller has asked
        try:
            return command.output(self.command, seconds, _MAX_BYTES)
        except TimeoutError:
            message = f"did not end within {seconds:g} s"
        except command.TooMuch:
            message = f"printed more than {_MAX_BYTES} bytes"
        except subprocess.CalledProcessError as error:
            code = error.returncode
            message = f"failed with exit code {code}" if code > 0 else f"died of signal {-code}"
        raise self._failure(message, self._remedy())

    def _remedy(self) -> str:
        return {
            "file": f"{self._shape}, readable by the service's user only: chmod 600",
            "env": "set the variable in the service's environment",
            "credential": f"LoadCredential={self.credential}:/path in the service's unit; in a"
            f" shell CREDENTIALS_DIRECTORY=/folder, where a file is named {self.credential}",
            "command": "run it by hand as the service's user: it must print the secret alone",
        }[self.kind]

    def _failure(self, message: str, hint: str = "") -> ConfigError:
        return ConfigError([Problem(str(self), message, hint)])


class SecretText(Secret):
    """A reference to a secret of any number of lines, such as a key file."""

    _one_line = False
    _shape = "text"
