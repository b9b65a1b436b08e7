"""Intervals leave no gap, whatever the clocks do."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.metrics.intervals import INTERVALS, interval_edges

BERLIN, SHANGHAI = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Shanghai")


def a_day(zone, *date):
    begin = datetime(*date, tzinfo=zone)
    return begin, datetime.combine(begin.date() + timedelta(days=1), begin.timetz())


@pytest.mark.parametrize(
    ("zone", "date", "hours"),
    [
        (BERLIN, (2026, 3, 29), 23),
        (BERLIN, (2026, 10, 25), 25),
        (BERLIN, (2026, 6, 1), 24),
        (SHANGHAI, (2026, 3, 29), 24),
        (SHANGHAI, (2026, 10, 25), 24),
    ],
)
def test_a_day_has_as_many_hours_as_its_zone_gives_it(zone, date, hours):
    begin, end = a_day(zone, *date)

    assert len(interval_edges(begin, end, "1h", zone)) - 1 == hours
    assert len(interval_edges(begin, end, "15m", zone)) - 1 == hours * 4
    assert len(interval_edges(begin, end, "1d", zone)) - 1 == 1


def test_days_begin_at_the_midnight_of_the_place():
    edges = interval_edges(
        datetime(2026, 11, 1, tzinfo=SHANGHAI), datetime(2026, 11, 4, tzinfo=SHANGHAI), "1d", SHANGHAI
    )

    assert [edge.astimezone(SHANGHAI).hour for edge in edges] == [0, 0, 0, 0]


moments = st.datetimes(datetime(2025, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))


@given(
    begin=moments,
    length=st.timedeltas(timedelta(seconds=1), timedelta(days=40)),
    interval=st.sampled_from(list(INTERVALS)),
    zone=st.sampled_from([BERLIN, SHANGHAI, ZoneInfo("Australia/Lord_Howe")]),
)
def test_intervals_cover_the_period_once(begin, length, interval, zone):
    edges = interval_edges(begin, begin + length, interval, zone)

    assert (edges[0], edges[-1]) == (begin, begin + length)
    assert all(a < b for a, b in pairwise(edges))
    longest = timedelta(seconds=INTERVALS[interval]) + timedelta(hours=1 if interval == "1d" else 0)
    assert all(b - a <= longest for a, b in pairwise(edges))
