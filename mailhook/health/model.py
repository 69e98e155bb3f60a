"""What health is made of, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from mailhook.guard import Standing
from mailhook.silence import Silence

FolderState = Literal["well", "never", "silent", "failing"]
ServiceState = Literal["running", "stopped", "none"]
Topic = Literal[
    "service", "mailbox", "disk", "alert", "quarantine", "web", "guard", "silence", "api"
]


@dataclass(frozen=True, slots=True)
class Folder:
    """One folder of a mailbox. `beat_at`: its last completed round trip; None if there was none.

    `error` is what has kept it from one since `failing_since`; `queued` counts
    the deeds still to be done on its mails, `refused` what the server said of them.
    """

    mailbox: str
    name: str
    silent_after: timedelta
    beat_at: datetime | None
    error: str | None
    failing_since: datetime | None
    queued: int
    refused: str | None
    state: FolderState = "well"


@dataclass(frozen=True, slots=True)
class Service:
    """Whether `mailhook run` is up. `beat_at`: when its writer last committed, None if never.

    `none`: no service has run on this store, or the settings ask for none, or somebody
    (a timer) has polled since the last one and no web hooks are awaited. `took_leave`:
    it has ended in good order, at `beat_at`.
    """

    state: ServiceState
    beat_at: datetime | None
    took_leave: bool = False


@dataclass(frozen=True, slots=True)
class Room:
    """The store's files together, and what its file system still has for us, in bytes."""

    store_bytes: int
    free_bytes: int
    disk_bytes: int


@dataclass(frozen=True, slots=True)
class Asked:
    """What the API has told: when the last reading began that came to its end, None if none has.

    So many events are `waiting` to be completed, those included that are not due yet.
    """

    read_at: datetime | None
    waiting: int


@dataclass(frozen=True, slots=True)
class Advice:
    """One thing to do. `wrong`: something does not work until it is done.

    `brief` is the sentence without what a server said, where `words` quote one.
    """

    words: str
    wrong: bool = True
    topic: Topic | None = None
    brief: str = ""


@dataclass(frozen=True, slots=True)
class Health:
    """What `status` shows.

    `today` counts deliveries by outcome since midnight UTC; `lag_seconds` are
    the median and the longest time from a mail's arrival to its row, of the last
    10,000 mails of today. `guard` is None where no web hooks are awaited, `api` where there is
    nobody to ask.
    """

    folders: tuple[Folder, ...]
    today: dict[str, int]
    lag_seconds: tuple[float, float] | None
    alerts: tuple[dict[str, Any], ...]
    waiting: dict[str, int]
    advice: tuple[Advice, ...]
    service: Service = Service("none", None)
    room: Room | None = None
    guard: Standing | None = None
    expected: tuple[Silence, ...] = ()
    api: Asked | None = None

    @property
    def is_well(self) -> bool:
        """Whether nothing is wrong."""
        return not any(one.wrong for one in self.advice)
