"""The fake API and a client of it, as the tests of that road use them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import stamina

from mailhook.config import ApiSettings
from mailhook.sources.api import Client
from mailhook.testing.api import KEY, FakeApi

NOW = datetime.now(UTC).replace(microsecond=0)


def settings_of(api: FakeApi, folder: Path, **settings: Any) -> ApiSettings:
    """Settings that lead to the fake API; the key lies in the folder."""
    given: Mapping[str, Any] = {
        "key": {"file": str(key_file(folder))},
        "base": api.base,
        "requests_per_second": 0,
    }
    return ApiSettings.model_validate(given | settings)


def key_file(folder: Path, key: str = KEY) -> Path:
    path = folder / "api-key"
    path.write_text(key)
    path.chmod(0o600)
    return path


@contextmanager
def client_of(api: FakeApi, folder: Path, **settings: Any) -> Iterator[Client]:
    """A client that waits for nothing before it asks again."""
    with (
        stamina.set_testing(testing=True, attempts=4, cap=True),
        Client(settings_of(api, folder, **settings), pause=lambda _: None) as client,
    ):
        yield client


def fill(api: FakeApi, count: int, *, days: float = 1) -> None:
    """List so many finished checks, evenly over the last days, the oldest first."""
    for number in range(count):
        content = {"check_id": f"CHK{number:032d}", "status": "completed", "score": 0.5}
        api.add("check", "finished", content, NOW - timedelta(days=days * (1 - number / count)))
