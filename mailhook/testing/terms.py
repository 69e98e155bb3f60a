"""What the vendor promises and threatens: retries, the disable rule, whom it alerts."""

from __future__ import annotations

from dataclasses import dataclass

from mailhook.testing.wording import Language


@dataclass(frozen=True, slots=True)
class Terms:
    """The vendor's documented figures, in its own seconds; where it names none, a plain guess.

    `retry_seconds`: how long after each failed attempt the next one comes. `failing_ratio`
    is the share from which a mail says that deliveries fail, at most one a window (a
    guess). An alert goes to each of `alert_to`: the hook's creator and its owner.
    `results` is what the receiving server writes into Authentication-Results, None to
    leave that to the server. `connections`: so many attempts go at the same time.
    `seed`: with the same one the same is invented.
    """

    retry_seconds: tuple[float, ...] = (30, 120, 480, 1_920, 7_680)
    window_seconds: float = 3_600
    disable_ratio: float = 0.8
    failing_ratio: float = 0.4
    timeout_seconds: float = 10
    connections: int = 8
    alert_to: tuple[str, ...] = ("creator@example.com", "owner@example.com")
    alert_language: Language = "en"
    results: str | None = None
    seed: int = 0
