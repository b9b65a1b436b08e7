"""Periods of a sampling plan or report: a day, a week, a month, or from one day to another."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from core.errors import BadInput
from core.i18n import gettext as _

_MONTH: Final = re.compile(r"(\d{4})-(\d{2})")
_WEEK: Final = re.compile(r"(\d{4})-W(\d{2})")
_LAST_MONTH: Final = 12

Period = tuple[datetime, datetime]
"""[start, end), aware UTC."""


def parse_period(text: str, zone: ZoneInfo) -> Period:
    """Read `2026-11-22`, `2026-W47`, `2026-11` or `2026-11-01..2026-11-15` (both days included)."""
    try:
        first, last = _days(text.strip())
        return _midnight(first, zone), _midnight(last, zone)
    except (ValueError, OverflowError):
        raise BadInput(
            _(
                "%(text)s is not a period; write a day (2026-11-22), a week (2026-W47), a month (2026-11) "
                "or two days (2026-11-01..2026-11-15)",
                text=text,
            )
        ) from None


def running_period(plan: str, now: datetime, zone: ZoneInfo) -> Period:
    """Return the day, week or month that is going on, for plans called daily and weekly, and others."""
    today = now.astimezone(zone).date()
    if plan == "daily":
        return parse_period(today.isoformat(), zone)
    if plan == "weekly":
        return parse_period(today.strftime("%G-W%V"), zone)
    return parse_period(today.strftime("%Y-%m"), zone)


def _days(text: str) -> tuple[date, date]:
    """Return the first day and the day after the last."""
    if ".." in text:
        first, last = text.split("..")
        return date.fromisoformat(first), date.fromisoformat(last) + timedelta(days=1)
    if found := _WEEK.fullmatch(text):
        monday = date.fromisocalendar(int(found[1]), int(found[2]), 1)
        return monday, monday + timedelta(days=7)
    if found := _MONTH.fullmatch(text):
        year, month = int(found[1]), int(found[2])
        after = date(year + 1, 1, 1) if month == _LAST_MONTH else date(year, month + 1, 1)
        return date(year, month, 1), after
    day = date.fromisoformat(text)
    return day, day + timedelta(days=1)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)
