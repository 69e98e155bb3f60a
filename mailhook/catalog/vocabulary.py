"""What the catalogue hands out: the vendor's vocabulary as frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ActionInfo:
    """One thing that may happen to a subject.

    `rank` is its order within a subject's life: created 10, started 20, steps
    and delays 30, approved 40, finals 50, what may follow a final 60, unknown
    0. `repeats` says that it may happen again on one subject, `final` that the
    subject's status stands afterwards, `follows_final` that it may replace a
    final status. `alert_kind` is set on actions of the type `webhook` only.
    """

    name: str
    rank: int
    repeats: bool
    final: bool
    follows_final: bool
    alert_kind: str | None = None


@dataclass(frozen=True, slots=True)
class TypeInfo:
    """One type of event. `id_fields` and `status_fields`: the first that the object has counts.

    `prefixes` are the letters, capital, that ids of its subjects begin with.
    """

    name: str
    product: str
    subject_type: str
    id_fields: tuple[str, ...]
    status_fields: tuple[str, ...]
    prefixes: tuple[str, ...]
    actions: Mapping[str, ActionInfo]


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable of a rule event: the vendor's label, the wire name, its kind.

    `kind` is `text`, `number`, `time`, `boolean`, `country`, `status` or the
    name of an enumeration.
    """

    label: str
    field: str
    kind: str


@dataclass(frozen=True, slots=True)
class EventInfo:
    """One event of the vendor's lists, a row of `mailhook catalog`.

    `rule` is its name in the rules, `legacy` its product and word on the
    legacy hooks page; None where it is not in that list.
    """

    product: str
    type: str
    action: ActionInfo
    rule: str | None
    legacy: str | None
    id_fields: tuple[str, ...]
    variables: tuple[Variable, ...]


@dataclass(frozen=True, slots=True)
class Product:
    """One product: its label at the vendor and its types, the most general one first."""

    name: str
    label: str
    types: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EventName:
    """An event found in a text. `exact`: the whole text was its name."""

    type: str
    action: str
    exact: bool


@dataclass(frozen=True, slots=True)
class Resource:
    """Where the vendor's API tells how a subject stands now, and what of the answer says so.

    `base` is a key of `api.base`, `path` has `{id}` in it. `within` is the member that
    holds it, empty where the answer is the resource. Of `id_fields` and `status_fields`
    the first that is there counts; `open_statuses`, normalised, are no end, `final_statuses` are
    one; what is in neither says nothing of it.
    """

    name: str
    subject_type: str
    prefix: str
    base: str
    path: str
    id_fields: tuple[str, ...]
    within: str
    status_fields: tuple[str, ...]
    open_statuses: frozenset[str]
    final_statuses: frozenset[str]

    def is_open(self, status: str | None) -> bool:
        """Whether a subject of that status has not come to an end, or does not say."""
        return status is None or status in self.open_statuses
