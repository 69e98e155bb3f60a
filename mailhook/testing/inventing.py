"""Events of every product of the catalogue, with objects of plausible, invented values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from random import Random

from mailhook import catalog, times
from mailhook.catalog import EventInfo
from mailhook.model import Json
from mailhook.testing.happening import Happening
from mailhook.testing.wording import vocabulary

_PREFIXES = {
    "check_id": "CHK",
    "continuous_check_id": "CCK",
    "process_id": "IDP",
    "identity_process_id": "IDP",
    "validation_id": "VLD",
    "enrollment_id": "ENR",
    "flow_id": "IPF",
    "session_id": "WDI",
    "outbound_id": "OTB",
    "account_id": "ACC",
    "client_id": "TCI",
}
_NAMES = "Ana Pérez|João Muñoz|Lucía Ñáñez|Marcos da Silva|Camila Rojas|Tomás O’Neill".split("|")
_TEXTS: Mapping[str, Callable[[Random], Json]] = {
    "national_id": lambda random: str(random.randrange(10**7, 10**10)),
    "document_number": lambda random: str(random.randrange(10**7, 10**10)),
    "email": lambda random: f"person{random.randrange(1000)}@example.com",
    "ip_address": lambda random: f"192.0.2.{random.randrange(1, 255)}",
    "username": lambda random: f"user{random.randrange(1000)}@example.com",
    "created_by": lambda random: f"user{random.randrange(1000)}@example.com",
    "company_name": lambda _: "Los Andes S.A.S.",
    "company_address": lambda _: "Calle 26 4-21",
    "birthplace": lambda random: random.choice(["Bogotá", "São Paulo", "Lima"]),
    "height": lambda random: f"1.{random.randrange(50, 99)}",
    "rh": lambda random: random.choice(["O+", "A+", "B-"]),
    "frequency": lambda random: random.choice(["7d", "1m"]),
}
# What is never thin enough for a hook: the vendor's objects leave most of these out.
_MOST_MEMBERS = 8
# The status of the subject after an action, in the resource's words.
_STATUS = {"finished": "completed", "succeeded": "success", "failed": "failure"}
_BEGUN = {"created": "not_started", "started": "in_progress", "delayed": "delayed"}
_STATUS_KINDS = ("status", "session_status")


class Inventor:
    """Makes events; the same seed makes the same ones."""

    def __init__(self, seed: int | str = 0) -> None:
        self._random = Random(seed)  # noqa: S311 - it is to be the same again
        self.kinds: tuple[EventInfo, ...] = tuple(
            event for event in catalog.load().events if event.type != "webhook"
        )

    def event(
        self, at: datetime, type_name: str = "", action: str = "", **members: Json
    ) -> Happening:
        """An event of that time; of any kind where none is named.

        `members` stand in its object as they are, instead of what would be invented; None
        leaves one out. Raises ValueError for a kind that the catalogue does not have.
        """
        kind = self._kind(type_name, action)
        content = self._object(kind, at) | members
        told = {name: value for name, value in content.items() if value is not None}
        return Happening(kind.type, kind.action.name, told, at, f"HKE{self._hex(40)}")

    def _kind(self, type_name: str, action: str) -> EventInfo:
        fitting = [
            kind
            for kind in self.kinds
            if type_name in {"", kind.type} and action in {"", kind.action.name}
        ]
        if not fitting:
            raise ValueError(f"the catalogue has no event {type_name}.{action}")
        return self._random.choice(fitting)

    def _object(self, kind: EventInfo, at: datetime) -> dict[str, Json]:
        fields = {one.field: one.kind for one in kind.variables}
        known = set(fields) & set(kind.id_fields)
        own = next((name for name in kind.id_fields if name in known), kind.id_fields[0])
        others = [name for name in fields if name not in kind.id_fields]
        chosen = self._random.sample(others, min(len(others), _MOST_MEMBERS))
        told: dict[str, Json] = {own: self._id(own)}
        told |= {name: self._value(name, fields[name], at) for name in sorted(chosen)}
        return told | self._status(kind, fields)

    def _status(self, kind: EventInfo, fields: Mapping[str, str]) -> dict[str, Json]:
        info = catalog.load().types[kind.type]
        usual = [one for one in info.status_fields if not one.startswith("override")]
        name = next((one for one in usual if one in fields), usual[0])
        if fields.get(name, "status") != "status":
            return {}
        words = _STATUS | _BEGUN if kind.type == "check" else _STATUS
        return {name: words.get(kind.action.name, "pending")}

    def _value(self, name: str, kind: str, at: datetime) -> Json:
        if kind == "number":
            return round(self._random.random(), 2) if "score" in name else self._random.randrange(9)
        if kind == "time":
            return times.short(at.replace(microsecond=0) - self._earlier(name))
        if kind == "boolean":
            return self._random.random() < 1 / 2
        if kind == "country":
            return self._random.choice(["CO", "BR", "MX", "PE", "CL"])
        if kind == "status":
            return self._random.choice(["declined", "expired"])
        return self._text(name) if kind == "text" else self._listed(kind)

    def _text(self, name: str) -> Json:
        if name in _TEXTS:
            return _TEXTS[name](self._random)
        if "phone_number" in name:
            return f"+5730{self._random.randrange(10**7, 10**8)}"
        return self._id(name) if name.endswith("_id") else self._random.choice(_NAMES)

    def _listed(self, kind: str) -> str:
        return self._random.choice([*vocabulary()["kinds"][kind]])

    def _earlier(self, name: str) -> timedelta:
        if "birth" in name or "issue" in name:
            return timedelta(days=self._random.randrange(7_000, 20_000))
        return timedelta(seconds=self._random.randrange(60))

    def _id(self, name: str) -> str:
        return f"{_PREFIXES.get(name, 'EXT')}{self._hex(32)}"

    def _hex(self, length: int) -> str:
        return f"{self._random.getrandbits(4 * length):0{length}x}"
