"""Cutting a period into intervals of the wall clock: quarters, halves, hours and days of a time zone.

Every day is cut from its own midnight in steps of real time, so the day the clocks go back has 25 hours
and the day they go forward 23. Intervals are half-open and leave no gap: whoever entered a queue in the
period is in exactly one of them, and a call that crosses midnight belongs to the day it entered.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

INTERVALS: Final = {"15m": 900, "30m": 1800, "1h": 3600, "1d": 86400}
"""Names of intervals → their seconds; a day is as long as its zone makes it."""


def midnight(moment: datetime, zone: ZoneInfo) -> datetime:
    """Return the beginning of a moment's local day, in UTC."""
    return datetime.combine(moment.astimezone(zone).date(), time(), zone).astimezone(UTC)


def next_midnight(moment: datetime, zone: ZoneInfo) -> datetime:
    """Return the end of a moment's local day, in UTC."""
    tomorrow = moment.astimezone(zone).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time(), zone).astimezone(UTC)


def interval_edges(begin: datetime, end: datetime, interval: str, zone: ZoneInfo) -> list[datetime]:
    """Return the edges of the intervals of a half-open period: one more than there are intervals.

    The first and the last interval are cut short where the period begins or ends inside them.
    """
    begin, end = begin.astimezone(UTC), end.astimezone(UTC)
    edges = []
    day = midnight(begin, zone)
    while day < end:
        tomorrow = next_midnight(day, zone)
        step = timedelta(seconds=INTERVALS[interval]) if interval != "1d" else tomorrow - day
        at = day
        while at < tomorrow:
            edges.append(at)
            at += step
        day = tomorrow
    inside = [at for at in edges if begin < at < end]
    return [begin, *inside, end]
