"""Holiday calendars: which days are public holidays, which weekend days are worked in exchange (调休).

Calendars are shipped per country in `calendars/`, a flow adds days of its own. A year nobody has announced
is unknown, and stays unknown: the caller of `day_kind` falls back to the weekly hours and can tell why.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import Literal

from core.documents.reading import Reading
from core.documents.section import Section
from core.documents.yaml_tree import Table, parse_tree
from core.i18n import gettext as _

DayKind = Literal["holiday", "workday", "ordinary", "unknown"]

_LONGEST_HOLIDAY = timedelta(days=31)


@dataclass(frozen=True, slots=True)
class HolidayCalendar:
    """Named days.

    Attributes:
        holidays: day to the holiday's name.
        workdays: days worked although they fall on a weekend.
        years: years that are fully known; None when the calendar lists days for ever (no outside notice).
    """

    name: str
    holidays: Mapping[date, str] = field(default_factory=dict)
    workdays: frozenset[date] = frozenset()
    years: frozenset[int] | None = None

    def day_kind(self, day: date) -> DayKind:
        """Return what kind of day this is; days named one by one are known in any year."""
        if day in self.holidays:
            return "holiday"
        if day in self.workdays:
            return "workday"
        return "ordinary" if self.knows(day.year) else "unknown"

    def knows(self, year: int) -> bool:
        """Return whether the calendar is complete for a year."""
        return self.years is None or year in self.years


@cache
def shipped_calendar(name: str) -> HolidayCalendar | None:
    """Return a calendar of `calendars/`, None when there is none of that name."""
    if name not in shipped_names():
        return None
    file = f"{name}.yaml"
    tree, findings = parse_tree((files("ivr.flow") / "calendars" / file).read_text("utf-8"), file)
    reading = Reading(file, findings)
    assert isinstance(tree, Table)
    calendar = _read_years(name, Section(reading, tree, name))
    assert not reading.findings, reading.findings
    return calendar


@cache
def shipped_names() -> tuple[str, ...]:
    """Return the names of the calendars that come with the program."""
    entries = (files("ivr.flow") / "calendars").iterdir()
    return tuple(sorted(e.name.removesuffix(".yaml") for e in entries if e.name.endswith(".yaml")))


def _read_years(name: str, section: Section) -> HolidayCalendar:
    section.text("calendar")
    holidays: dict[date, str] = {}
    workdays: set[date] = set()
    years: set[int] = set()
    for year, part in section.sections("years"):
        years.add(int(year))
        holidays |= _read_spans(part)
        workdays |= set(part.days("workdays"))
        part.close()
    section.close()
    return HolidayCalendar(name, holidays, frozenset(workdays), frozenset(years))


def _read_spans(section: Section) -> dict[date, str]:
    found: dict[date, str] = {}
    for part in section.rows("holidays"):
        name, first, last = part.text("name"), part.day("from"), part.day("to")
        part.close()
        if first is None or last is None:
            continue
        if not timedelta(0) <= last - first <= _LONGEST_HOLIDAY:
            part.note(_("a holiday ends on or after its first day and lasts at most a month"))
            continue
        found |= {first + timedelta(days=n): name for n in range((last - first).days + 1)}
    return found


def read_calendar(name: str, section: Section) -> HolidayCalendar:
    """Return a calendar of a flow: a shipped one (`calendar: cn`) with the flow's own days on top."""
    base_name = section.text("calendar", "")
    own_holidays = _read_spans(section)
    own_workdays = frozenset(section.days("workdays"))
    section.close()
    for day in sorted(own_workdays & own_holidays.keys()):
        section.note(_("%(day)s is both a holiday and a workday", day=day))
    base = HolidayCalendar(name)
    if base_name:
        shipped = shipped_calendar(base_name)
        if shipped is None:
            known = ", ".join(shipped_names())
            section.note(
                _("there is no calendar %(name)s; the known ones: %(known)s", name=base_name, known=known),
                "calendar",
            )
        base = shipped or base
    holidays = {day: label for day, label in base.holidays.items() if day not in own_workdays}
    workdays = base.workdays - own_holidays.keys()
    return HolidayCalendar(name, holidays | own_holidays, workdays | own_workdays, base.years)
