"""What the vendor's notifications say, in English, Spanish and Portuguese."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

# The three languages, in that order.
Wording: TypeAlias = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Kind:
    """One event: how its mail is headed, its subject's id and what else is told."""

    prefix: str
    name: Wording
    id_label: Wording
    fields: tuple[tuple[Wording, Wording], ...]


def _same(value: str) -> Wording:
    return value, value, value


GREETING = ("Hello Ana,", "Hola, Ana:", "Olá, Ana,")
CLOSING = ("The Truora team", "El equipo de Truora", "A equipe Truora")
OPEN = ("Open in the dashboard", "Ver en el panel", "Abrir no painel")
TIME = ("Timestamp", "Fecha y hora", "Data e hora")
LINKS = (
    ("Help", "Ayuda", "Ajuda"),
    ("Terms", "Términos", "Termos"),
    ("Privacy", "Privacidad", "Privacidade"),
    ("Notifications", "Notificaciones", "Notificações"),
    ("Support", "Soporte", "Suporte"),
    ("Status", "Estado", "Situação"),
)
LEGAL = (
    "You get this because you are subscribed. It may hold personal data: share it with nobody.",
    "Recibe esto porque está suscrito. Puede contener datos personales: no lo comparta.",
    "Você recebe isto porque está inscrito. Pode conter dados pessoais: não compartilhe.",
)

_CHECK_ID = ("Check ID", "ID de la verificación", "ID da verificação")
_CHECK_STATUS = ("Check status", "Estado de la verificación", "Status da verificação")
_CHECK_SCORE = ("Check score", "Puntaje de la verificación", "Pontuação da verificação")
_PROCESS_ID = ("Identity process ID", "ID del proceso de identidad", "ID do processo de identidade")
_PROCESS_STATUS = ("Process status", "Estado del proceso", "Status do processo")
_VALIDATION_ID = ("Validation ID", "ID de la validación", "ID da validação")
_VALIDATION_STATUS = ("Validation status", "Estado de la validación", "Status da validação")
_SESSION_ID = ("Session ID", "ID de la sesión", "ID da sessão")
_SESSION_STATUS = ("Session status", "Estado de la sesión", "Status da sessão")
_REASON = ("Declined reason", "Motivo de rechazo", "Motivo da recusa")

_COMPLETED = ("Completed", "Completado", "Concluído")
_SUCCESS = ("Success", "Éxito", "Sucesso")
_FAILURE = ("Failure", "Fallido", "Falha")

_COUNTRY = (("Country", "País", "País"), ("Colombia", "Colombia", "Colômbia"))
_ACCOUNT = (
    ("Account ID", "ID de la cuenta", "ID da conta"),
    _same("ACC2d7e9f10b3c5a86e4f0d1b9c7a582e36"),
)
_FLOW = (("Flow ID", "ID del flujo", "ID do fluxo"), _same("IPF8e2d0a7c41b95f36d0c7a18e2b4f9d63"))
_PERSON = (
    ("Full name", "Nombre completo", "Nome completo"),
    ("Ana Example", "Ana Ejemplo", "Ana Exemplo"),
)

KINDS = (
    Kind(
        "CHK",
        ("Check finished", "Verificación de antecedentes finalizada", "Verificação finalizada"),
        _CHECK_ID,
        ((_CHECK_STATUS, _COMPLETED), (_CHECK_SCORE, _same("0.87")), _COUNTRY, _PERSON),
    ),
    Kind(
        "CHK",
        ("Check delayed", "Verificación de antecedentes retrasada", "Verificação atrasada"),
        _CHECK_ID,
        ((_CHECK_STATUS, ("Delayed", "Retrasado", "Atrasado")), _COUNTRY),
    ),
    Kind(
        "CCK",
        (
            "Continuous check changed",
            "Verificación continua cambiada",
            "Verificação contínua alterada",
        ),
        ("Continuous check ID", "ID de la verificación continua", "ID da verificação contínua"),
        ((("Frequency", "Frecuencia", "Frequência"), ("monthly", "mensual", "mensal")), _COUNTRY),
    ),
    Kind(
        "IDP",
        (
            "Identity process succeeded",
            "Proceso de identidad exitoso",
            "Processo de identidade com sucesso",
        ),
        _PROCESS_ID,
        (_ACCOUNT, _FLOW, _COUNTRY, (_PROCESS_STATUS, _SUCCESS)),
    ),
    Kind(
        "IDP",
        (
            "Identity process failed",
            "Proceso de identidad fallido",
            "Processo de identidade com falha",
        ),
        _PROCESS_ID,
        (
            _ACCOUNT,
            _FLOW,
            (_PROCESS_STATUS, _FAILURE),
            (_REASON, ("Photo of photo", "Foto de foto", "Foto de foto")),
        ),
    ),
    Kind(
        "VLD",
        (
            "Document validation succeeded",
            "Validación de documento exitosa",
            "Validação de documento com sucesso",
        ),
        _VALIDATION_ID,
        (_ACCOUNT, (_VALIDATION_STATUS, _SUCCESS), _COUNTRY),
    ),
    Kind(
        "VLD",
        (
            "Face recognition failed",
            "Reconocimiento facial fallido",
            "Reconhecimento facial com falha",
        ),
        _VALIDATION_ID,
        (
            _ACCOUNT,
            (("Threshold", "Umbral", "Limiar"), _same("0.9")),
            (_VALIDATION_STATUS, _FAILURE),
            (_REASON, ("No face detected", "No se detectó un rostro", "Nenhum rosto detectado")),
        ),
    ),
    Kind(
        "WDI",
        (
            "Truconnect process started",
            "Proceso de Truconnect iniciado",
            "Processo do Truconnect iniciado",
        ),
        _SESSION_ID,
        ((_SESSION_STATUS, ("In progress", "En progreso", "Em andamento")),),
    ),
)
