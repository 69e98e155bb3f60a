"""Times as the vendor writes them, and as the store keeps them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailhook import times

TEN = datetime(2026, 8, 3, 10, tzinfo=UTC)
aware = st.datetimes(timezones=st.just(UTC), min_value=datetime(1970, 1, 1))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-08-03T10:00:00Z", TEN),
        ("2026-08-03t10:00:00z", TEN),
        (" 2026-08-03T10:00:00Z \n", TEN),
        ("2026-08-03T10:00:00", TEN),
        ("2026-08-03 10:00:00", TEN),
        ("2026-08-03T05:00:00-05:00", TEN),
        ("2026-08-03", TEN.replace(hour=0)),
        ("2026-08-03T10:00:00.5Z", TEN.replace(microsecond=500_000)),
        ("2026-08-03T10:00:00.123456789Z", TEN.replace(microsecond=123_456)),
        ("9999-12-31T23:59:59Z", datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_the_vendors_times_are_read(text: str, moment: datetime):
    assert times.parse(text) == moment


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "0001-01-01T00:00:00Z",
        "1969-12-31T23:59:59Z",
        "9999-12-31T23:59:59-05:00",
        "0001-01-01T00:00:00+05:00",
        "2026-13-03T10:00:00Z",
        "2026-08-03T10:00:60Z",
        "1785751200",
        "２０２６-08-03",
        "\ud800",
        "2026-08-03\0",
        "9" * 5000,
    ],
)
def test_what_spells_no_time_is_none(text: str):
    assert times.parse(text) is None


@given(st.text())
def test_reading_a_time_never_raises(text: str):
    times.parse(text)


@given(aware)
def test_what_is_stored_is_read_back(moment: datetime):
    assert times.parse(times.stored(moment)) == moment
    assert times.parse(times.short(moment)) == moment


@given(aware, aware)
def test_the_order_of_stored_times_is_that_of_their_text(one: datetime, other: datetime):
    assert (times.stored(one) < times.stored(other)) == (one < other)


def test_stored_times_are_utc_of_one_width():
    bogota = timezone(timedelta(hours=-5))
    assert times.stored(TEN.astimezone(bogota)) == "2026-08-03T10:00:00.000000Z"
    assert times.short(TEN.astimezone(bogota)) == "2026-08-03T10:00:00Z"
    assert times.short(TEN.replace(microsecond=500_000)) == "2026-08-03T10:00:00.500000Z"


@pytest.mark.parametrize(("seconds", "same"), [(0, True), (5, True), (-5, True), (5.000001, False)])
def test_times_up_to_five_seconds_apart_are_one(seconds: float, *, same: bool):
    assert times.same(TEN, TEN + timedelta(seconds=seconds)) is same


def test_the_reach_around_a_moment_ends_where_the_calendar_does():
    first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    assert times.around(TEN, 60) == (TEN - timedelta(minutes=1), TEN + timedelta(minutes=1))
    assert times.around(last, 60) == (last - timedelta(minutes=1), last)
    assert times.around(first, 60) == (first, first + timedelta(minutes=1))
