"""Figures of the store as metric families. docs/metrics.md explains each metric."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from mailhook.guard import Standing
from mailhook.health import Asked, Folder, Room
from mailhook.metrics.figures import Lookout, Told

_FOLDER = ("mailbox", "folder")


class StoreCollector(Collector):
    """Asks the lookout at each scrape."""

    def __init__(self, lookout: Lookout) -> None:
        self._lookout = lookout

    def describe(self) -> Iterable[Metric]:
        """Nothing: or registering it would read the store."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Whether the store can be read, and then what it says."""
        figures = self._lookout.figures()
        yield GaugeMetricFamily(
            "mailhook_store_up", "Whether the store could be read.", value=bool(figures.told)
        )
        if figures.room:
            yield from _room(figures.room)
        if figures.told:
            yield from _counts(figures.told)
            yield from _beats(figures.told)
            if figures.told.guard:
                yield from _guard(figures.told.guard)
            if figures.told.api:
                yield from _api(figures.told.api)


def _room(room: Room) -> Iterator[Metric]:
    for name, text, value in (
        ("mailhook_store_bytes", "Size of the store's files.", room.store_bytes),
        ("mailhook_disk_free_bytes", "Free on the store's file system.", room.free_bytes),
        ("mailhook_disk_size_bytes", "Size of the store's file system.", room.disk_bytes),
    ):
        yield GaugeMetricFamily(name, text, value=value)


def _counts(told: Told) -> Iterator[Metric]:
    yield CounterMetricFamily(
        "mailhook_events", "Events recorded since the store was made.", value=told.events
    )
    yield _by_kind("mailhook_alerts_open", "Alerts that nobody has seen to.", told.alerts)
    yield _by_kind(
        "mailhook_quarantine_waiting", "Mails that wait for a person, by reason.", told.waiting
    )


def _beats(told: Told) -> Iterator[Metric]:
    yield GaugeMetricFamily(
        "mailhook_writer_last_beat_timestamp_seconds",
        "When the service last committed; 0 if never.",
        value=_seconds(told.service.beat_at),
    )
    yield _by_folder(
        "mailhook_last_round_trip_timestamp_seconds",
        "The folder's last completed round trip; 0 if never.",
        {one: _seconds(one.beat_at) for one in told.folders},
    )
    yield _by_folder(
        "mailhook_folder_up",
        "Whether the folder is well: neither failing, nor silent, nor never reached.",
        {one: one.state == "well" for one in told.folders},
    )
    yield _by_folder(
        "mailhook_actions_queued",
        "Mails that are still to be marked, moved or deleted.",
        {one: one.queued for one in told.folders},
    )


def _guard(standing: Standing) -> Iterator[Metric]:
    left = math.inf if standing.seconds_left is None else standing.seconds_left
    for name, text, value in (
        ("attempts", "Attempts to deliver a web hook in the guard's window.", standing.attempts),
        ("failed", "Those that failed as far as can be seen from here.", standing.failed),
        ("ratio", "The share of them.", standing.ratio),
        ("level", "How many levels of guard.warn_at it has reached.", standing.level),
        (
            "ratio_if_genuine",
            "The share if refused hooks that look like the vendor's are.",
            standing.ratio_if_genuine,
        ),
        ("disable_seconds", "Until the vendor disables the hook at this rate.", left),
    ):
        yield GaugeMetricFamily(f"mailhook_guard_{name}", text, value=value)


def _api(asked: Asked) -> Iterator[Metric]:
    yield GaugeMetricFamily(
        "mailhook_api_last_reading_timestamp_seconds",
        "When the last reading of the API's list began that came to its end; 0 if none has.",
        value=_seconds(asked.read_at),
    )
    yield GaugeMetricFamily(
        "mailhook_api_completions_waiting",
        "Events that wait to be completed by the API.",
        value=asked.waiting,
    )


def _by_kind(name: str, text: str, counts: Mapping[str, int]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=("kind",))
    for kind, count in counts.items():
        family.add_metric((kind,), count)
    return family


def _by_folder(name: str, text: str, values: Mapping[Folder, float]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=_FOLDER)
    for folder, value in values.items():
        family.add_metric((folder.mailbox, folder.name), value)
    return family


def _seconds(moment: datetime | None) -> float:
    return moment.timestamp() if moment else 0.0
