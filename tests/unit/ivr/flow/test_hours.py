"""Opening hours and holidays: who calls when is told open or closed as the timetable on the door says."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from ivr.flow.check import shipped_flow
from ivr.flow.holidays import HolidayCalendar, shipped_calendar
from ivr.flow.hours import OpeningHours, Span, parse_span

SHANGHAI = ZoneInfo("Asia/Shanghai")
NEW_YORK = ZoneInfo("America/New_York")
OFFICE = shipped_flow().hours["office"]
NIGHT = OpeningHours("night", SHANGHAI, ((), (), (), (), (Span(22 * 60, 30 * 60),), (), ()))


def local(text, zone=SHANGHAI):
    return datetime.fromisoformat(text).replace(tzinfo=zone)


@pytest.mark.parametrize(
    ("at", "is_open"),
    [
        ("2026-03-02T08:59:59", False),
        ("2026-03-02T09:00:00", True),
        ("2026-03-02T17:59:59", True),
        ("2026-03-02T18:00:00", False),  # half-open
        ("2026-03-01T10:00:00", False),  # Sunday
        ("2026-02-28T10:00:00", True),  # Saturday worked for the Spring Festival
        ("2026-02-14T10:00:00", True),
        ("2026-02-16T10:00:00", False),  # a Monday of the Spring Festival
        ("2026-02-24T10:00:00", True),
        ("2026-10-01T10:00:00", False),
        ("2026-10-08T10:00:00", True),
        ("2026-10-10T10:00:00", True),
        ("2026-09-20T10:00:00", True),
        ("2027-10-01T10:00:00", True),  # a Friday of a year not announced: weekly hours
    ],
)
def test_the_shipped_office_hours(at, is_open):
    assert OFFICE.is_open(local(at)) is is_open


def test_the_time_zone_of_the_hours_decides_not_that_of_the_time():
    assert OFFICE.is_open(datetime(2026, 3, 2, 1, 0, tzinfo=UTC))
    assert not OFFICE.is_open(datetime(2026, 3, 2, 10, 0, tzinfo=UTC))


@pytest.mark.parametrize(
    ("at", "is_open"),
    [
        ("2026-03-06T21:59:59", False),
        ("2026-03-06T22:00:00", True),
        ("2026-03-07T05:59:59", True),
        ("2026-03-07T06:00:00", False),
        ("2026-03-06T05:00:00", False),  # Thursday has no night shift
    ],
)
def test_a_span_over_midnight_belongs_to_the_day_it_starts_on(at, is_open):
    assert NIGHT.is_open(local(at)) is is_open


def test_the_night_before_a_holiday_is_served_to_its_end():
    festival = HolidayCalendar("c", {date(2026, 3, 7): "x"})
    before = OpeningHours("night", SHANGHAI, NIGHT.week, festival)
    on_it = OpeningHours("night", SHANGHAI, NIGHT.week, HolidayCalendar("c", {date(2026, 3, 6): "x"}))
    assert before.is_open(local("2026-03-07T03:00:00"))
    assert not on_it.is_open(local("2026-03-07T03:00:00"))


@pytest.mark.parametrize(
    ("utc", "is_open"),
    [
        ("2026-03-08T06:30:00", True),  # 01:30 EST; the clock then jumps from 02:00 to 03:00
        ("2026-03-08T07:00:00", False),  # 03:00 EDT
        ("2026-11-01T05:30:00", True),  # 01:30 EDT
        ("2026-11-01T06:30:00", True),  # 01:30 again, EST
        ("2026-11-01T07:30:00", True),  # 02:30 EST
        ("2026-11-01T08:00:00", False),  # 03:00 EST
    ],
)
def test_when_the_clocks_change_the_wall_clock_decides(utc, is_open):
    line = OpeningHours("l", NEW_YORK, ((Span(60, 180),),) * 7)
    assert line.is_open(datetime.fromisoformat(utc).replace(tzinfo=UTC)) is is_open


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("09:00-18:00", Span(540, 1080)),
        ("00:00-24:00", Span(0, 1440)),
        ("22:00-06:00", Span(1320, 1800)),
        ("09:00-09:00", None),
        ("24:00-06:00", None),
        ("9:00-18:00", None),
        ("09:00-25:00", None),
        ("09:60-10:00", None),
        ("", None),
    ],
)
def test_spans_as_written(text, span):
    assert parse_span(text) == span


def test_the_official_calendar_of_2026():
    cn = shipped_calendar("cn")
    kinds = [cn.day_kind(date(2026, month, 1 + n)) for month in (1, 2, 10) for n in range(10)]
    assert kinds == [
        *["holiday"] * 3, "workday", *["ordinary"] * 6,
        *["ordinary"] * 10,
        *["holiday"] * 7, *["ordinary"] * 2, "workday",
    ]  # fmt: skip
    assert len(cn.holidays) == 33
    assert all(day.weekday() >= 5 for day in cn.workdays)


def test_a_year_nobody_announced_is_unknown_not_ordinary():
    cn = shipped_calendar("cn")
    assert cn.day_kind(date(2027, 10, 1)) == "unknown"
    assert not cn.knows(2027)
