"""What is wrong now: when it begins, when it lingers, and in which words."""

from __future__ import annotations

from datetime import timedelta

import mails
import pytest

from mailhook import times
from mailhook.alarms.conditions import (
    Condition,
    Hooks,
    on_alerts,
    on_disk,
    on_folders,
    on_quarantine,
)
from mailhook.health import Folder, Room
from mailhook.store import Trouble

NOW = mails.NOON
HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
SILENT_AFTER = timedelta(minutes=5)


def on_folder(
    beat: timedelta | None = None,
    failing: timedelta | None = None,
    kind: Trouble | None = None,
    running: timedelta = HOUR,
) -> Condition | None:
    """The condition of a folder by how long ago things were."""
    folder = Folder(
        mailbox="hooks",
        name="INBOX",
        silent_after=SILENT_AFTER,
        beat_at=None if beat is None else NOW - beat,
        error=None if failing is None else "hooks@example.com is refused",
        failing_since=None if failing is None else NOW - failing,
        queued=0,
        refused=None,
    )
    found = list(on_folders([folder], {("hooks", "INBOX"): kind}, NOW - running, NOW))
    assert len(found) <= 1
    return found[0] if found else None


def test_a_folder_with_a_round_trip_lately_is_no_condition():
    assert on_folder(beat=SILENT_AFTER) is None


def test_a_silent_folder_says_since_when_and_never_what_the_server_said():
    condition = on_folder(beat=HOUR, failing=HOUR)
    assert condition == Condition(
        "folder:hooks/INBOX",
        "hooks, INBOX: no round trip with the server",
        "the last one was at 2026-08-03T11:00:00Z; see `mailhook status`",
    )
    never = on_folder()
    assert never
    assert never.advice == "the last one was never; see `mailhook status`"


@pytest.mark.parametrize(
    ("beat", "failing", "running"),
    [
        (SILENT_AFTER - SECOND, SECOND, HOUR),  # fails, but not for long
        (HOUR, None, SILENT_AFTER - SECOND),  # the service has only just come back
        (HOUR, HOUR, SILENT_AFTER),
    ],
)
def test_a_folder_in_doubt_neither_begins_to_be_silent_nor_is_over(
    beat: timedelta, failing: timedelta | None, running: timedelta
):
    condition = on_folder(beat, failing, "unreachable", running)
    assert condition
    assert not condition.begins


@pytest.mark.parametrize(("seconds", "begins"), [(89, False), (90, True)])
@pytest.mark.parametrize("running", [SECOND, HOUR])
def test_a_refused_login_waits_for_its_second_refusal_and_is_worse_than_silence(
    seconds: int, running: timedelta, *, begins: bool
):
    condition = on_folder(SECOND, timedelta(seconds=seconds), "refused", running)
    assert condition
    assert condition.words == "hooks: the server refuses the login"
    assert condition.advice == "renew the password or token; `mailhook check` tells why"
    assert (condition.begins, condition.level) == (begins, 2)


def test_a_folder_that_the_settings_do_not_fit_is_for_check():
    condition = on_folder(None, HOUR, "settings")
    assert condition
    assert condition.words == "hooks, INBOX: cannot be read as the settings stand"
    assert condition.begins


def alert(**told: object) -> dict[str, object]:
    return {
        "id": 3,
        "kind": "delivery_failing",
        "endpoint": "https://user:pass@hooks.example.com:8443/secret/path?token=1",
        "authenticity": "verified",
        "last_seen_at": times.stored(NOW),
    } | told


def test_a_proven_alert_is_told_by_its_host_alone():
    assert list(on_alerts([alert()], NOW)) == [
        Condition(
            "alert:delivery_failing:hooks.example.com",
            "deliveries of hooks to hooks.example.com fail",
            "look at its server, before the vendor switches the hook off",
            3,
        )
    ]


@pytest.mark.parametrize(
    "told",
    [
        {"authenticity": "unverified"},
        {"kind": "hook_status"},
        {"last_seen_at": times.stored(NOW - timedelta(days=7, seconds=1))},
    ],
)
def test_an_alert_that_is_unproven_old_or_no_failure_is_none(told: dict[str, object]):
    assert list(on_alerts([alert(**told)], NOW)) == []


@pytest.mark.parametrize(
    "endpoint", [None, "", "no url", "https://[", "https://a b/", "//\x1b[2J/"]
)
def test_an_endpoint_without_a_plain_host_is_not_named(endpoint: str | None):
    (condition,) = on_alerts([alert(endpoint=endpoint)], NOW)
    assert condition.words == "deliveries of hooks to an endpoint that is not named fail"


def test_the_newest_alert_of_a_kind_and_host_is_the_level():
    found = on_alerts([alert(id=4), alert(id=9), alert(id=5, kind="hook_disabled")], NOW)
    assert {one.name: one.level for one in found} == {
        "alert:delivery_failing:hooks.example.com": 9,
        "alert:hook_disabled:hooks.example.com": 5,
    }


@pytest.mark.parametrize(
    ("waiting", "understood", "begins", "level"),
    [
        (0, 0, None, None),
        (1, 0, None, None),
        (2, 0, False, 1),
        (3, 2, True, 1),
        (3, 3, False, 1),
        (13, 100, None, None),
        (14, 100, False, 2),
        (20, 1000, True, 2),
        (100, 1000, True, 3),
    ],
)
def test_the_quarantine_grows_by_twenty_mails_a_day_or_by_most_of_a_few(
    waiting: int,
    understood: int,
    begins: bool | None,  # noqa: FBT001 - a row
    level: int | None,
):
    found = list(on_quarantine(Hooks(waiting, understood)))
    assert [(one.begins, one.level) for one in found] == [(begins, level)] * (begins is not None)


def test_of_hooks_that_nothing_proves_only_the_number_is_told():
    (condition,) = on_quarantine(Hooks(30, 0, unproven=25))
    assert condition.advice == (
        "mails of the last 24 hours that wait there: 30, of which 25 look like hooks whose sender"
        " nothing proves: run `mailhook doctor`; see `mailhook quarantine list`"
    )


@pytest.mark.parametrize(
    ("size", "free", "begins"),
    [
        (1000, 499, True),
        (1000, 500, False),
        (1000, 749, False),
        (1000, 750, None),
        (2, 0.099, True),
        (2, 0.101, False),
        (2, 0.151, None),
    ],
)
def test_a_disk_is_nearly_full_below_500_mb_or_on_a_small_one_below_5_percent(
    size: float,
    free: float,
    begins: bool | None,  # noqa: FBT001 - a row
):
    """Sizes in GB, room in MB for the large disk, in GB for the small."""
    left = free / 1000 if size > 10 else free
    found = list(on_disk(Room(1000, int(left * 10**9), int(size * 10**9))))
    assert [one.begins for one in found] == [begins] * (begins is not None)
