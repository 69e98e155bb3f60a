"""The shape of `truora.yaml`, and reading it."""

from __future__ import annotations

from pathlib import Path
from typing import TypedDict, cast

import yaml

PATH = Path(__file__).with_name("truora.yaml")


class ProductEntry(TypedDict, total=False):
    """A line of `products`; `type` is its most general type, `legacy` the legacy page's words."""

    label: str
    type: str
    legacy: str
    names: str


class WordEntry(TypedDict, total=False):
    """A line of `actions`."""

    rank: int
    repeats: bool
    final: bool
    follows_final: bool
    words: str


class ActionEntry(TypedDict, total=False):
    """An action of one type; `words` are action words in this type only, `names` whole names."""

    rule: str
    variables: str
    names: str
    words: str
    alert: str


class TypeEntry(TypedDict, total=False):
    """A type; `id` and `status` list wire names, the first that is there counts.

    `prefix` lists the letters that ids of its subjects begin with.
    """

    product: str
    subject: str
    id: str
    status: str
    aliases: str
    names: str
    prefix: str
    fields: dict[str, str]
    actions: dict[str, ActionEntry]


class ResourceEntry(TypedDict, total=False):
    """A line of `resources`; its keys are explained there."""

    of: str
    prefix: str
    base: str
    path: str
    id: str
    within: str
    status: str
    open: str
    final: str


class AlertEntry(TypedDict):
    """The words of failure and status mails."""

    hooks: str
    phrases: dict[str, str]
    negations: str
    conditions: str
    generally: str
    labels: dict[str, str]


class Source(TypedDict):
    """The whole file."""

    products: dict[str, ProductEntry]
    actions: dict[str, WordEntry]
    types: dict[str, TypeEntry]
    fields: dict[str, str]
    ids: dict[str, str]
    resources: dict[str, ResourceEntry]
    meta: dict[str, str]
    statuses: dict[str, str]
    kinds: dict[str, dict[str, str]]
    countries: dict[str, str]
    fillers: str
    articles: str
    columns: str
    closings: str
    sign_offs: str
    tests: str
    label_words: dict[str, str]
    doubts: str
    examples: str
    adverbs: str
    generic: str
    alerts: AlertEntry


def read(raw: bytes) -> Source:
    """The catalogue's file as it is written."""
    return cast("Source", yaml.load(raw, yaml.CSafeLoader))
