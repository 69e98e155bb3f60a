"""What goes wrong in a month and when; seconds count from its beginning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

HOUR, DAY = 3_600.0, 86_400.0
BEGAN_AT = datetime(2026, 8, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Span:
    """From when on something is wrong, and until when."""

    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Plan:
    """One month. A hook that is switched off is switched on by hand a day later.

    While the `key` is wrong the vendor signs with one that the service does not have. From
    `flaky` the endpoint is away for too short a time to be switched off for it; what the API
    lists then cannot all be read. Shares are of all mails or items.
    """

    events: int
    seed: int
    days: float
    web_down: Span
    api_down: Span
    key_wrong: Span
    uidvalidity_at: float
    kills: int
    reconcile_hours: float
    flaky: Span | None = None
    forged_mails: int = 0
    forged_tokens: int = 0
    shares: Mapping[str, float] = field(
        default_factory=lambda: {
            "mail_lost": 0.03,
            "mail_doubled": 0.03,
            "mail_late": 0.05,
            "unlisted": 0.005,
            "listed_late": 0.1,
            "thin": 0.1,
        }
    )

    def is_delicate(self, at: float) -> bool:
        """Whether a kill just then may change a verdict.

        Where few attempts were made, or many failed, one more switches the hook off; and a
        refused token is kept after its answer, so that nobody was promised it.
        """
        dark = Span(self.web_down.start, self.web_down.start + 26 * HOUR)
        spans = [Span(0, 0), dark, self.key_wrong]
        spans += [self.flaky] if self.flaky else []
        return any(one.start - 4 * HOUR <= at <= one.end + 2 * HOUR for one in spans)

    @property
    def seconds(self) -> float:
        return self.days * DAY


def moment(at: float) -> datetime:
    """The date of a second of the month."""
    return BEGAN_AT + timedelta(seconds=at)


def long(events: int, seed: int) -> Plan:
    """Thirty days."""
    return Plan(
        events,
        seed,
        days=30,
        web_down=Span(6.3 * DAY, 6.3 * DAY + 7 * HOUR),
        uidvalidity_at=10 * DAY,
        api_down=Span(13 * DAY, 14 * DAY),
        key_wrong=Span(18 * DAY, 18 * DAY + 6 * HOUR),
        flaky=Span(24.5 * DAY, 24.5 * DAY + 1500),
        kills=30,
        reconcile_hours=12,
        forged_mails=events // 200,
        forged_tokens=min(events // 400, 200),
    )


def short(events: int, seed: int) -> Plan:
    """Three days of the same, less of each."""
    return Plan(
        events,
        seed,
        days=3,
        web_down=Span(12 * HOUR, 17 * HOUR),
        uidvalidity_at=40 * HOUR,
        api_down=Span(20 * HOUR, 44 * HOUR),
        key_wrong=Span(58 * HOUR, 64 * HOUR),
        kills=1,
        reconcile_hours=24,
        forged_mails=events // 50,
        forged_tokens=events // 100,
    )
