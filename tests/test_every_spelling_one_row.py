"""One fact told as a token, as JSON, by labels in three languages and as the API lists it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import permutations
from pathlib import Path
from typing import Any

import mails
import pytest
from stores import asked

from mailhook import token
from mailhook.config import TrustSettings
from mailhook.model import Batch, Delivery, Outcome
from mailhook.pipeline import Trust, ingest
from mailhook.store import Store

KEY = "one-fact-signing-key-0123456789abcdef"
CHECK = "CHK" + "b" * 32
PROCESS = "IDP" + "c" * 32
VALIDATION = "VLD" + "d" * 32

CHECK_FINISHED = {
    "event": {
        "event_type": "check",
        "event_action": "finished",
        "object": {
            "check_id": CHECK,
            "type": "person",
            "country": "CO",
            "status": "completed",
            "score": 0.87,
            "is_politically_exposed": False,
            "date_of_birth": "1992-08-02T00:00:00Z",
        },
    },
    "es": """Evento: Verificación de antecedentes finalizada
ID de la verificación: {id}
Tipo de verificación: Persona
País: Colombia
Estado de la verificación: Completado
Puntaje: 0,87
Políticamente expuesto: No
Fecha de nacimiento: 1992-08-02T00:00:00Z
Fecha y hora: {time}
""",
    "en": """Check finished

- **Check ID:** `{id}`
- **Check type:** person
- **Country:** CO
- **Check status:** Completed
- **Check score:** 0.87
- **Is politically exposed:** No
- **Date of birth:** 1992-08-02T00:00:00Z
- **Timestamp:** {time}
""",
    "pt": """EVENTO = CONSULTA CONCLUIDA
ID DA CONSULTA = {id}
TIPO DE CONSULTA = PESSOA
PAIS = COLOMBIA
STATUS DA CONSULTA = CONCLUIDO
PONTUACAO = 0,87
POLITICAMENTE EXPOSTO = NAO
DATA DE NASCIMENTO = 1992-08-02T00:00:00Z
DATA DO EVENTO = {time}
""",
}
PROCESS_FAILED = {
    "event": {
        "event_type": "identity_process",
        "event_action": "failure",
        "object": {
            "process_id": PROCESS,
            "account_id": "acme.co",
            "country": "BR",
            "failure_status": "declined",
        },
    },
    "es": """Producto: Identidad digital
Evento: Fallido
ID del proceso: {id}
ID de la cuenta: acme.co
País: Brasil
Estado de fallo: Rechazado
Fecha del evento: {time}
""",
    "en": """Event\tIdentity process failed
Process ID\t{id}
Account ID\tacme.co
Country\tBrazil
Failure status\tDeclined
Event date\t{time}
""",
    "pt": """Processo de identidade reprovado

ID do processo de identidade
{id}

ID da conta
acme.co

País
Brasil

Status da falha
Recusado

Data e hora
{time}
""",
}
FACTS = {"a check that ends": CHECK_FINISHED, "a process that fails": PROCESS_FAILED}
TIME = "2026-08-03T10:00:00Z"


def spellings(fact: Mapping[str, Any]) -> dict[str, bytes]:
    event = fact["event"] | {"timestamp": TIME, "version": "1.0"}
    subject = event["object"].get("check_id") or event["object"]["process_id"]
    hook = event | {"id": "HKE" + "1" * 40}
    listed = {"events": [event | {"object": json.dumps(event["object"])}], "next": None}
    texts = {name: fact[name].format(id=subject, time=TIME) for name in ("es", "en", "pt")}
    texts["token"] = token.sign({"iss": "Truora", "events": [hook]}, KEY.encode())
    texts["json"] = json.dumps(hook, indent=2)
    texts["api"] = json.dumps(listed)
    return {name: mails.write(text, subject="Truora") for name, text in texts.items()}


def deliver(path: Path, *raws: bytes) -> list[Outcome]:
    trust = Trust(TrustSettings(authserv_id=(mails.SERVER,)), (KEY.encode(),))
    deliveries = [Delivery("email", f"file:{nth}", mails.NOON, raw) for nth, raw in enumerate(raws)]
    with Store(path) as store:
        return ingest(Batch(tuple(deliveries)), store, trust)


ORDERS = [*permutations(("token", "es", "api")), *permutations(("json", "pt", "en"))]


@pytest.mark.parametrize("fact", FACTS)
@pytest.mark.parametrize("order", ORDERS, ids="-".join)
def test_one_fact_is_one_row_without_a_conflict_in_whatever_order(
    tmp_path: Path, fact: str, order: tuple[str, ...]
):
    store = tmp_path / "mailhook.db"
    told = spellings(FACTS[fact])
    rest = [name for name in told if name not in order]
    outcomes = deliver(store, *(told[name] for name in (*order, *rest)))
    assert outcomes == ["recorded", *["duplicate"] * 5]
    assert asked(store, "SELECT count(*) FROM events") == [(1,)]
    assert asked(store, "SELECT count(*) FROM sightings") == [(6,)]
    assert asked(store, "SELECT field, had, got FROM conflicts") == []
    ((content,),) = asked(store, "SELECT object FROM events")
    members = FACTS[fact]["event"]["object"]
    assert isinstance(content, str)
    assert members.items() <= json.loads(content).items()
