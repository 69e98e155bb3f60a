"""The keys the file may hold, read off the models."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import TypeAlias, get_args, get_origin

from pydantic import BaseModel

from mailhook.config.document import Loc
from mailhook.config.secret import Secret
from mailhook.config.sections import AfterSettings, Settings

_WORD = re.compile(r"[\w.-]{1,60}")

Pattern: TypeAlias = tuple[str, ...]
"""A place whatever its position in lists: `("mailboxes", "*", "port")`."""

# Where the file spells a section otherwise than the model does.
_SPELLED: dict[type[BaseModel], tuple[str, ...]] = {AfterSettings: ("move",)}


@cache
def sections() -> dict[Pattern, type[BaseModel]]:
    """Where each model stands in the file."""
    return dict(_walk(Settings, ()))


@cache
def known() -> frozenset[Pattern]:
    """Every key the file may hold."""
    return frozenset((*at, key) for at, model in sections().items() for key in keys_of(model))


def keys_of(model: type[BaseModel]) -> tuple[str, ...]:
    """The keys a section may hold, as the file spells them."""
    return _SPELLED.get(model, tuple(model.model_fields))


def pattern(loc: Loc) -> Pattern:
    """The place whatever its position in lists."""
    return tuple("*" if isinstance(step, int) else step for step in loc)


def spelled(loc: Loc) -> Loc:
    """The place up to its first unknown key: what stands below that means nothing here."""
    steps = pattern(loc)
    ends = (n + 1 for n, key in enumerate(steps) if key != "*" and steps[: n + 1] not in known())
    return loc[: next(ends, None)]


def is_secret(at: Pattern) -> bool:
    """Whether a secret's reference stands there."""
    return issubclass(sections().get(at, Settings), Secret)


def secret_depth(loc: Loc) -> int | None:
    """How many leading steps of the place lead to a secret's reference, None if none do."""
    steps = pattern(loc)
    depths = range(1, len(steps) + 1)
    return next((n for n in depths if is_secret(steps[:n])), None)


def suggestion(loc: Loc) -> str:
    """What an unknown key was probably meant to be, or where it belongs; else empty."""
    import difflib

    *parent, key = pattern(loc)
    model = sections().get(tuple(parent))
    names = keys_of(model) if model else ()
    if near := difflib.get_close_matches(key.lower()[:64], names, n=1):
        return f"did you mean '{near[0]}'?"
    if homes := sorted(dotted(at[:-1]) for at in known() if at[-1] == key and len(at) > 1):
        return f"it belongs in {homes[0]}"
    return f"known here: {', '.join(names)}" if names else ""


def may_be_said(key: str) -> bool:
    """Whether an unknown key looks like a setting's name; one with a digit may be a secret."""
    return not any(letter.isdigit() for letter in key) or key.lower() in {at[-1] for at in known()}


def dotted(loc: Loc) -> str:
    """The place as operators write it: `mailboxes[0].port`."""
    text = ""
    for step in loc:
        if isinstance(step, int) or step == "*":
            text += f"[{'' if step == '*' else step}]"
        else:
            text += f".{_shown(step)}" if text else _shown(step)
    return text


def _shown(key: str) -> str:
    """The key's first word: a secret may stand behind it, if a colon was forgotten."""
    word = _WORD.match(key)
    return key if word and word[0] == key else f"{word[0] if word else ''}…"


def _walk(model: type[BaseModel], at: Pattern) -> Iterator[tuple[Pattern, type[BaseModel]]]:
    yield at, model
    for name, field in model.model_fields.items():
        listed = get_origin(field.annotation) is tuple
        for kind in (field.annotation, *get_args(field.annotation)):
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                yield from _walk(kind, (*at, name, "*") if listed else (*at, name))
