"""When a missed caller is to be called back.

During a shift: before its end; a message: within an hour. What came in while nobody was on duty: by ten
o'clock of the first morning after it. Who was lost in a queue is owed an apology the day after.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from core.setting_sections import ShiftSettings
from ivr.shifts.hours import local_moment, next_morning, shift_at

MESSAGE: Final = timedelta(hours=1)


def due_at(kind: str, missed_at: datetime, zone: ZoneInfo, hours: ShiftSettings) -> datetime:
    """Return when a missed call of a kind is due, in UTC."""
    shift = shift_at(missed_at, zone, hours)
    if shift is None or kind == "after_hours":
        return next_morning(missed_at, zone, hours)
    if kind == "voicemail":
        return missed_at.astimezone(UTC) + MESSAGE
    return shift.end


def apology_due_at(missed_at: datetime, zone: ZoneInfo, hours: ShiftSettings) -> datetime:
    """Return until when a lost caller is owed an apology: the end of the next day's last shift."""
    day = missed_at.astimezone(zone).date() + timedelta(days=1)
    begin, end = max(hours.spans)
    return local_moment(day + timedelta(days=end <= begin), end, zone)
