"""The mails about the delivery of hooks itself, in three languages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from mailhook.testing.envelope import FAREWELLS, GREETINGS, Envelope, written
from mailhook.testing.wording import Language

Kind: TypeAlias = Literal["failing", "disabled", "enabled"]


@dataclass(frozen=True, slots=True)
class Alert:
    """What the vendor tells of a subscription; `failed` and `ratio` are shares, 0 to 1."""

    kind: Kind
    endpoint: str
    failed: float = 0
    ratio: float = 0.8
    window_minutes: int = 60


def of_alert(alert: Alert, language: Language, envelope: Envelope) -> bytes:
    """The mail that tells of the alert."""
    told = _WORDS[language][alert.kind].format(
        endpoint=alert.endpoint,
        failed=f"{100 * alert.failed:.0f}",
        ratio=f"{100 * alert.ratio:.0f}",
        minutes=alert.window_minutes,
    )
    text = f"{GREETINGS[language]}\n\n{told}\n{FAREWELLS[language]}\n"
    return written(envelope, _SUBJECTS[language][alert.kind], text)


_SUBJECTS: Mapping[Language, Mapping[Kind, str]] = {
    "en": {
        "failing": "Your webhook is failing",
        "disabled": "Webhook disabled",
        "enabled": "Webhook enabled",
    },
    "es": {
        "failing": "Su webhook está fallando",
        "disabled": "Webhook desactivado",
        "enabled": "Webhook activado",
    },
    "pt": {
        "failing": "Seu webhook está falhando",
        "disabled": "Webhook desativado",
        "enabled": "Webhook ativado",
    },
}

_WORDS: Mapping[Language, Mapping[Kind, str]] = {
    "en": {
        "failing": """\
we could not deliver some of your events: {failed}% of the delivery attempts to
{endpoint} failed in the last {minutes} minutes.

If more than {ratio}% of the attempts fail, the subscription will be disabled.
""",
        "disabled": """\
your webhook {endpoint} has been automatically
disabled because more than {ratio}% of the delivery attempts failed within {minutes}
minutes. Events will not be sent until you enable it again.
""",
        "enabled": "your webhook {endpoint} has been enabled again.\n",
    },
    "es": {
        "failing": """\
Las entregas de su webhook están fallando: en los últimos {minutes} minutos falló
el {failed} % de los intentos.

URL del webhook: {endpoint}

Si más del {ratio} % falla, la suscripción se desactivará.
""",
        "disabled": """\
Su webhook fue desactivado automáticamente porque más del {ratio} % de los intentos
fallaron en {minutes} minutos.

URL del webhook: {endpoint}
""",
        "enabled": "Su webhook fue activado.\n\nURL del webhook: {endpoint}\n",
    },
    "pt": {
        "failing": """\
As entregas do seu webhook estão falhando: {failed} % das tentativas falharam
nos últimos {minutes} minutos.

URL do webhook: {endpoint}

Se mais de {ratio} % falharem, a assinatura será desativada.
""",
        "disabled": """\
Seu webhook foi desativado automaticamente porque mais de {ratio} % das tentativas
falharam em {minutes} minutos.

URL do webhook: {endpoint}
""",
        "enabled": "Seu webhook foi ativado.\n\nURL do webhook: {endpoint}\n",
    },
}
