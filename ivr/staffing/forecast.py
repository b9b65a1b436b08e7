"""Calls to expect in each interval of a day: the profile of its kind of day, at the level the weeks lead to.

Days are of nine kinds: seven weekdays, public holidays, and weekend days worked in exchange. The level
follows the weeks' trend (Theil and Sen's slope: the median of all slopes between two weeks, which a strange
week cannot bend). Simple on purpose, and honest about it: the last weeks are held back, forecast from the
weeks before, and the error found there is printed beside the forecast.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import combinations
from statistics import median
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.errors import BadInput
from core.i18n import gettext as _
from ivr.flow.holidays import HolidayCalendar

WEEK: Final = 7
_LEAST_WEEKS: Final = 3
_HELD_BACK: Final = 2
_TREND_WEEKS: Final = 4
"""Fewer weeks show no trend: the level is their median."""
_HOLIDAY, _WORKED_WEEKEND = 7, 8
_MOST_CHANGE: Final = 2.0
"""A trend is carried on to twice the level of the weeks known, or half of it, and no further."""

Days = Mapping[date, NDArray[np.float64]]
"""Calls of each interval of a day; every day has the same number of intervals."""
Profiles = Mapping[int, NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Forecast:
    """What to expect, and how wrong the same method was.

    Attributes:
        days: calls of each interval of each day forecast.
        unseen: days of a kind that the history has no example of; they are forecast like a weekday.
        error: mean absolute error of the intervals held back ÷ their mean calls (WAPE).
        bias: forecast ÷ what came, minus one, over the days held back.
        trend: change of the level from week to week, as a share of it.
        weeks: how many weeks taught.
        held_back: how many days tested.
    """

    days: Days
    unseen: frozenset[date]
    error: float | None
    bias: float | None
    trend: float
    weeks: int
    held_back: int


def forecast(
    history: Days, first: date, *, length: int = WEEK, calendar: HolidayCalendar | None = None
) -> Forecast:
    """Forecast `length` days from `first` on.

    Args:
        history: calls of the days before; later ones are not looked at.
        first: first day wanted.
        length: how many days.
        calendar: knows holidays and weekend days worked in exchange; None: every day is a weekday.

    Raises:
        BadInput: fewer than three weeks of history.
    """
    known = {day: calls for day, calls in history.items() if day < first}
    ordinary = [day for day in known if _kind(day, calendar) < _HOLIDAY]
    if not ordinary or (max(known) - min(known)).days + 1 < _LEAST_WEEKS * WEEK:
        raise BadInput(_("a forecast needs %(weeks)s weeks of calls at least", weeks=_LEAST_WEEKS))
    wanted = [first + timedelta(days=n) for n in range(length)]
    cut = max(known) - timedelta(days=_HELD_BACK * WEEK - 1)
    taught = {day: calls for day, calls in known.items() if day < cut}
    held = {day: calls for day, calls in known.items() if day >= cut}
    error, bias = _tested(taught, held, calendar)
    model = _Model(known, calendar)
    return Forecast(
        days={day: model.expect(day) for day in wanted},
        unseen=frozenset(day for day in wanted if _kind(day, calendar) not in model.profiles),
        error=error,
        bias=bias,
        trend=model.slope / model.level if model.level else 0.0,
        weeks=(max(known) - min(known)).days // WEEK + 1,
        held_back=len(held) if taught else 0,
    )


def _tested(taught: Days, held: Days, calendar: HolidayCalendar | None) -> tuple[float | None, float | None]:
    """Return error and bias over the days held back; None where there is nothing to compare."""
    came = sum(float(calls.sum()) for calls in held.values())
    if not came or not any(_kind(day, calendar) < _HOLIDAY for day in taught):
        return None, None
    model = _Model(taught, calendar)
    guess = {day: model.expect(day) for day in held}
    error = sum(float(np.abs(guess[day] - held[day]).sum()) for day in held) / came
    return error, sum(float(calls.sum()) for calls in guess.values()) / came - 1


class _Model:
    """Profiles of the kinds of days, and the line through the levels of the weeks."""

    def __init__(self, known: Days, calendar: HolidayCalendar | None) -> None:
        self._calendar = calendar
        self._last = max(known)
        self.profiles = _profiles(known, calendar)
        ratios = _weekly_ratios(known, self.profiles, calendar, self._last)
        self.slope, self.level = _line(ratios)

    def expect(self, day: date) -> NDArray[np.float64]:
        """Return the calls to expect on a day."""
        weeks_ahead = ((day - self._last).days - 1) // WEEK + 1
        level = self.level + self.slope * weeks_ahead
        return self._profile(day) * min(max(level, self.level / _MOST_CHANGE), self.level * _MOST_CHANGE)

    def _profile(self, day: date) -> NDArray[np.float64]:
        kind = _kind(day, self._calendar)
        if kind == _WORKED_WEEKEND and kind not in self.profiles:
            worked = [self.profiles[n] for n in range(5) if n in self.profiles]
            return np.mean(worked, axis=0) if worked else self._nothing()
        found = self.profiles.get(kind)
        return self.profiles.get(day.weekday(), self._nothing()) if found is None else found

    def _nothing(self) -> NDArray[np.float64]:
        return np.zeros_like(next(iter(self.profiles.values())))


def _kind(day: date, calendar: HolidayCalendar | None) -> int:
    named = calendar.day_kind(day) if calendar else "ordinary"
    if named == "holiday":
        return _HOLIDAY
    return _WORKED_WEEKEND if named == "workday" else day.weekday()


def _profiles(known: Days, calendar: HolidayCalendar | None) -> Profiles:
    by_kind: dict[int, list[NDArray[np.float64]]] = {}
    for day, calls in known.items():
        by_kind.setdefault(_kind(day, calendar), []).append(calls)
    return {kind: np.mean(calls, axis=0) for kind, calls in by_kind.items()}


def _weekly_ratios(
    known: Days, profiles: Profiles, calendar: HolidayCalendar | None, last: date
) -> list[tuple[int, float]]:
    """Return, for each week that has calls, its number (0 is the last one) and its calls ÷ the profiles'."""
    came: dict[int, float] = {}
    usual: dict[int, float] = {}
    for day, calls in known.items():
        kind = _kind(day, calendar)
        if kind < _HOLIDAY:
            week = -((last - day).days // WEEK)
            came[week] = came.get(week, 0.0) + float(calls.sum())
            usual[week] = usual.get(week, 0.0) + float(profiles[kind].sum())
    return [(week, came[week] / usual[week]) for week in sorted(came) if usual[week]]


def _line(ratios: Sequence[tuple[int, float]]) -> tuple[float, float]:
    """Return the slope by week and the level of the last week (Theil 1950, Sen 1968)."""
    if not ratios:
        return 0.0, 1.0
    slope = _slope(ratios) if len(ratios) >= _TREND_WEEKS else 0.0
    return slope, max(0.0, median(ratio - slope * week for week, ratio in ratios))


def _slope(ratios: Iterable[tuple[int, float]]) -> float:
    return median((b - a) / (w - v) for (v, a), (w, b) in combinations(ratios, 2))
