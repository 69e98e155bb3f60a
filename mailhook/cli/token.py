"""token verify, sign, recheck: look into hook tokens, make some to test with, believe late ones."""

from __future__ import annotations

import os
import sys
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from mailhook import config, times
from mailhook.cli import options, screen
from mailhook.cli.writing import Alone, writing
from mailhook.errors import ConfigError, UnreadableInput, UsageError
from mailhook.model import Delivery, Json

if TYPE_CHECKING:
    from mailhook.trust import Trust

_KEY = "MAILHOOK_TEST_KEY"
_BEGINNING = "eyJ"  # of every token's header, `{"`
_MOST_BYTES = 1_000_000
_PARTS = ("token", "signature", "events", "store", "verdict")

a_key = click.option(
    "--key",
    "key_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help=f"A file with a test key; else ${_KEY} holds one.",
)


@click.group()
def token() -> None:
    """Tokens of web hooks: look into one, make one to test with, believe late ones."""


@token.command()
@click.argument("what", metavar="[TOKEN|FILE|-]", default="-")
@a_key
@options.as_json
@click.pass_context
def verify(ctx: click.Context, what: str, key_file: Path | None, *, as_json: bool) -> None:
    """Show what a token says, who signed it, and what becomes of it.

    The token itself, a file, or standard input: bare, with Bearer, in JSON, or within
    a text. It is checked by trust.signing_keys, or by --key alone. Nothing is written.
    Exits 1 where it is not valid or tells no event.
    """
    from mailhook.explain import explain, hook
    from mailhook.store import Reader

    settings = _settings(ctx)
    trust = _trust(settings, key_file)
    body = _body(what)
    raw = (hook.chosen(body, trust) or _within(body, what)).encode()
    path = settings.store.path if settings else None
    store = ctx.with_resource(Reader(path)) if path and path.exists() else None
    window = settings.store.match_window_seconds if settings else 0
    delivery = Delivery("web", _location(raw), times.now(), raw)
    told = explain(delivery, trust, store, window)
    if as_json:
        screen.document(told)
    else:
        _show(told)
    sys.exit(0 if told["verdict"]["verdict"] == "read" else 1)


@token.command()
@click.argument("what", metavar="[FILE|-]", default="-")
@a_key
@click.option("--yes", is_flag=True, help="Even with a key that the settings trust.")
@click.pass_context
def sign(ctx: click.Context, what: str, key_file: Path | None, *, yes: bool) -> None:
    """Make a token to test with, of a JSON event and a test key.

    A file, or standard input: one event, a list of events, or whole claims with their
    own iss, iat and events. The key comes from --key, or $MAILHOOK_TEST_KEY, never from
    the command line. A key that trust.signing_keys names is refused without --yes:
    who posts such a token makes an event that everybody takes for genuine.
    """
    from mailhook import signing_keys
    from mailhook.token import sign as signed

    key = _key(key_file)
    if key is None:
        raise UsageError(f"with which key? --key FILE, or ${_KEY}")
    if reason := signing_keys.unfit(key):
        raise UsageError(f"no endpoint would take this test key: {reason}")
    if not yes:
        _refuse_real(_settings(ctx), key)
    click.echo(signed(_claims(_file(what)), key))


@token.command()
@options.as_json
@click.pass_context
def recheck(ctx: click.Context, *, as_json: bool) -> None:
    """Examine refused tokens again, once trust.signing_keys is mended.

    Those that verify now become events, as if they had just arrived; the others stay.
    Where the service runs, it does the work, by the keys it has: restart it before.
    """
    from mailhook.recheck import in_words

    settings = options.settings(ctx)
    shown = screen.Counting("examined")
    with writing(settings, "token recheck", lambda: _alone(settings)) as call:
        try:
            counts = call({}, progress=shown.add).value
        finally:
            shown.stop()
    if as_json:
        screen.document(counts)
    else:
        click.echo(in_words(counts))


def _alone(settings: config.Settings) -> Alone:
    """The work by this process. Raises ConfigError where a signing key cannot be had."""
    from mailhook.control import commands
    from mailhook.trust import Trust

    trust = Trust.of(settings.trust)
    return lambda store: commands.recheck(store, lambda: trust)


def _settings(ctx: click.Context) -> config.Settings | None:
    """The settings, where there are any; one that was named must be there."""
    if ctx.obj is not None:
        return config.load(config.find(ctx.obj))
    try:
        path = config.find(None)
    except ConfigError:
        screen.words("no settings file: there is no trust.signing_keys to compare with")
        return None
    return config.load(path)


def _trust(settings: config.Settings | None, key_file: Path | None) -> Trust:
    """What the settings believe, or with a test key that alone."""
    from mailhook.trust import Trust

    key = _key(key_file)
    if key is not None:
        return Trust(config.Settings().trust, (key,))
    return Trust.of(settings.trust if settings else config.Settings().trust)


def _key(key_file: Path | None) -> bytes | None:
    """The test key, without the line end that an editor leaves."""
    if key_file is None:
        found = os.environ.get(_KEY)
        return found.encode() if found else None
    return config.Secret(file=key_file.absolute()).reveal().encode()


def _refuse_real(settings: config.Settings | None, key: bytes) -> None:
    for nth, secret in enumerate(settings.trust.signing_keys if settings else ()):
        real = None
        with suppress(ConfigError):
            real = secret.reveal().encode()
        if real is None:
            screen.words(f"trust.signing_keys[{nth}] cannot be read here, so was not compared")
        elif real.strip() == key.strip():
            raise UsageError(
                f"this key is trust.signing_keys[{nth}]: who posts the token makes an event that"
                " everybody takes for genuine; take a test key, or say --yes"
            )


def _body(what: str) -> bytes:
    """What was given: standard input, a file, or the argument itself."""
    if what == "-" or os.path.exists(what):  # noqa: PTH110 - Path's raises where a token is too long a name
        return _file(what)
    return _spelled(what)


def _spelled(what: str) -> bytes:
    return what.encode("utf-8", "surrogateescape")


def _file(what: str) -> bytes:
    try:
        with _opened(what) as stream:
            raw = stream.read(_MOST_BYTES + 1)
    except OSError as error:
        raise UnreadableInput(f"{what}: {(error.strerror or 'cannot be read').lower()}") from None
    if len(raw) > _MOST_BYTES:
        raise UnreadableInput(f"{what}: it is over {_MOST_BYTES:,} bytes")
    return raw


def _opened(what: str) -> AbstractContextManager[BinaryIO]:
    return nullcontext(sys.stdin.buffer) if what == "-" else Path(what).open("rb")


def _within(body: bytes, what: str) -> str:
    """The first token in a text around it. Raises UnreadableInput.

    What was given may be a mistyped file; a cut token is not repeated.
    """
    from mailhook.token import find, is_one

    found = next(filter(is_one, find(body.decode("utf-8", "replace"))), None)
    if found is None and body == _spelled(what) and _BEGINNING not in what:
        raise UnreadableInput(f"{what}: there is no such file, and it is no token")
    if found is None:
        raise UnreadableInput("there is no token in it: three parts of letters with dots between")
    return found


def _claims(raw: bytes) -> dict[str, Json]:
    """The claims to be signed. Raises UnreadableInput."""
    from mailhook import strict_json

    try:
        value = strict_json.loads(raw)
    except ValueError as error:
        raise UnreadableInput(f"the event is no JSON: {error}") from None
    if isinstance(value, dict) and isinstance(value.get("events"), list):
        return value
    if not isinstance(value, dict | list):
        raise UnreadableInput("an event is a JSON object")
    events: list[Json] = value if isinstance(value, list) else [value]
    return {"iss": "Truora", "iat": int(times.now().timestamp()), "events": events}


def _location(raw: bytes) -> str:
    import hashlib

    return f"web:{hashlib.sha256(raw).hexdigest()}"


def _show(told: dict[str, dict[str, Any]]) -> None:
    from mailhook.cli.explain import show

    for name in _PARTS:
        screen.heading(name)
        show(told[name])
