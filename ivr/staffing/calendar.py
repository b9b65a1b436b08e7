"""Which calendar of holidays a forecast goes by: the one that opens and closes the hotline."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from core.settings import Settings
from ivr.asterisk.role import flow_of
from ivr.flow.holidays import HolidayCalendar


def hotline_calendar(settings: Settings) -> HolidayCalendar | None:
    """Return the first calendar of the flow that calls run in; None when it knows no holidays.

    Raises:
        BadInput: the flow's file cannot be read or is not sound.
    """
    file = Path(settings.agi.flow) if settings.agi.flow else None
    changed_at = file.stat().st_mtime_ns if file and file.exists() else 0
    return _calendar(settings, changed_at)


@lru_cache(maxsize=4)
def _calendar(settings: Settings, _changed_at: int) -> HolidayCalendar | None:
    """Read the flow once for each change of its file: that takes a tenth of a second."""
    return next(iter(flow_of(settings).holidays.values()), None)
