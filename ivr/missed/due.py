"""When a missed caller is to be called back.

During a shift: before its end; a message: within an hour. What came in while nobody was on duty: by ten
o'clock of the first morning after it. Who was lost in a queue is owed an apology the day after.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

SHIFT_BEGINS: Final = time(8, 30)
SHIFT_ENDS: Final = time(17, 30)
MORNING: Final = time(10)
MESSAGE: Final = timedelta(hours=1)


def due_at(kind: str, missed_at: datetime, zone: ZoneInfo) -> datetime:
    """Return when a missed call of a kind is due, in UTC."""
    local = missed_at.astimezone(zone)
    on_duty = SHIFT_BEGINS <= local.time() < SHIFT_ENDS
    if not on_duty or kind == "after_hours":
        days = 0 if local.time() < SHIFT_BEGINS else 1
        return _at(local, MORNING, zone, days)
    if kind == "voicemail":
        return missed_at.astimezone(UTC) + MESSAGE
    return _at(local, SHIFT_ENDS, zone, 0)


def apology_due_at(missed_at: datetime, zone: ZoneInfo) -> datetime:
    """Return until when a lost caller is owed an apology: the end of the next day's shift."""
    return _at(missed_at.astimezone(zone), SHIFT_ENDS, zone, 1)


def _at(local: datetime, moment: time, zone: ZoneInfo, days: int) -> datetime:
    return datetime.combine(local.date() + timedelta(days=days), moment, zone).astimezone(UTC)
