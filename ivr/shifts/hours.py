"""Which shift a moment belongs to, by the hours the installation works (`ShiftSettings`)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from core.setting_sections import ShiftSettings


@dataclass(frozen=True, slots=True)
class Shift:
    """A shift from (inclusive) and to (exclusive), in UTC."""

    begin: datetime
    end: datetime


def shift_at(moment: datetime, zone: ZoneInfo, hours: ShiftSettings) -> Shift | None:
    """Return the shift that is on duty; where two overlap, the one that began last; None: nobody is."""
    on_duty = [shift for shift in _around(moment, zone, hours) if shift.begin <= moment < shift.end]
    return max(on_duty, key=lambda shift: shift.begin, default=None)


def next_morning(moment: datetime, zone: ZoneInfo, hours: ShiftSettings) -> datetime:
    """Return until when is to be answered what came in while nobody was on duty.

    That is the morning of the same day for what came before the first shift of the day, else of the next.
    """
    local = moment.astimezone(zone)
    first = min(begin for begin, _end in hours.spans)
    return local_moment(local.date() + timedelta(days=local.time() >= first), hours.morning, zone)


def local_moment(day: date, moment: time, zone: ZoneInfo) -> datetime:
    """Return a time of day of a place, in UTC."""
    return datetime.combine(day, moment, zone).astimezone(UTC)


def _around(moment: datetime, zone: ZoneInfo, hours: ShiftSettings) -> Iterator[Shift]:
    """Yield the shifts of the day before, which may still last, and of the day."""
    today = moment.astimezone(zone).date()
    for day in (today - timedelta(days=1), today):
        for begin, end in hours.spans:
            last = day + timedelta(days=end <= begin)
            yield Shift(local_moment(day, begin, zone), local_moment(last, end, zone))
