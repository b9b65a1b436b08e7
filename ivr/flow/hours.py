"""Opening hours: when a line is served, in its own time zone, with holidays and make-up workdays.

Spans are half-open, `09:00-18:00` is closed at 18:00:00. A span that runs over midnight (`22:00-06:00`)
belongs to the day it starts on, and so do that day's holiday rules. The clock on the wall decides: on the
night the clocks change, a span is as long as the wall clock says.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from core.documents.section import Section
from core.i18n import gettext as _
from ivr.flow.holidays import DayKind, HolidayCalendar

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SPAN = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-(?:([01][0-9]|2[0-3]):([0-5][0-9])|(24):(00))")


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Minutes after midnight, half-open; `end` passes 1440 when the span runs into the next day."""

    start: int
    end: int

    def holds(self, minute: int) -> bool:
        """Return whether a minute, counted from the start day's midnight, lies in the span."""
        return self.start <= minute < self.end


@dataclass(frozen=True, slots=True)
class OpeningHours:
    """A named weekly timetable.

    Attributes:
        week: seven lists of spans, Monday first.
        holidays: calendar that replaces the week's spans on its days, if any.
        on_holiday: spans on a public holiday (usually none).
        on_workday: spans on a weekend day that is worked in exchange.
        dates: spans of single dates, above everything else.
    """

    name: str
    zone: ZoneInfo
    week: tuple[tuple[Span, ...], ...]
    holidays: HolidayCalendar | None = None
    on_holiday: tuple[Span, ...] = ()
    on_workday: tuple[Span, ...] = ()
    dates: Mapping[date, tuple[Span, ...]] = field(default_factory=dict)

    def is_open(self, at: datetime) -> bool:
        """Return whether the line is served at an aware time."""
        local = at.astimezone(self.zone)
        minute = local.hour * 60 + local.minute
        today, yesterday = local.date(), local.date() - timedelta(days=1)
        return any(span.holds(minute) for span in self.spans(today)) or any(
            span.holds(minute + 1440) for span in self.spans(yesterday)
        )

    def day_kind(self, at: datetime) -> DayKind:
        """Return what the holiday calendar says of the local day."""
        return self.holidays.day_kind(at.astimezone(self.zone).date()) if self.holidays else "ordinary"

    def spans(self, day: date) -> tuple[Span, ...]:
        """Return the spans that start on a day."""
        if day in self.dates:
            return self.dates[day]
        kind = self.holidays.day_kind(day) if self.holidays else "ordinary"
        if kind == "holiday":
            return self.on_holiday
        return self.on_workday if kind == "workday" else self.week[day.weekday()]


def parse_span(text: str) -> Span | None:
    """Return the span written `HH:MM-HH:MM` (end may be 24:00), None when it is not one."""
    match = _SPAN.fullmatch(text)
    if match is None:
        return None
    parts = [int(group) for group in match.groups() if group is not None]
    start, end = parts[0] * 60 + parts[1], parts[2] * 60 + parts[3]
    if start == end:
        return None
    return Span(start, end if end > start else end + 1440)


def read_hours(
    name: str, section: Section, zone: ZoneInfo, calendars: Mapping[str, HolidayCalendar]
) -> OpeningHours:
    """Return the timetable a section of a flow describes."""
    own_zone = section.zone("zone", zone)
    calendar = calendars.get(section.reference("calendar", "holidays", required=False))
    week = _read_week(section.section("week"))
    hours = OpeningHours(
        name=name,
        zone=own_zone,
        week=week,
        holidays=calendar,
        on_holiday=_spans(section, "on_holiday"),
        on_workday=_spans(section, "on_workday") if section.has("on_workday") else week[0],
        dates=_read_dates(section),
    )
    section.close()
    return hours


def _read_week(section: Section | None) -> tuple[tuple[Span, ...], ...]:
    if section is None:
        return ((),) * 7
    week = tuple(_spans(section, day) for day in WEEKDAYS)
    section.close()
    return week


def _read_dates(section: Section) -> dict[date, tuple[Span, ...]]:
    part = section.section("dates", required=False)
    if part is None:
        return {}
    found = {day: _spans(part, key) for key in part.keys if (day := part.key_day(key)) is not None}
    part.close()
    return found


def _spans(section: Section, key: str) -> tuple[Span, ...]:
    found: list[Span] = []
    for text, line in section.listed(key):
        span = parse_span(text)
        if span is None:
            section.note_at(line, _('"%(text)s" is not a span: write "09:00-18:00"', text=text))
        elif found and span.start < found[-1].end:
            section.note_at(line, _("%(text)s begins before the span above has ended", text=text))
        else:
            found.append(span)
    return tuple(found)
