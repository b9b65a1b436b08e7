"""Calls to expect in each interval of a week: the mean of the same weekday and interval, level and trend.

Simple on purpose, and honest about it: the last weeks are held back, forecast from the weeks before, and
the error found there is printed beside the forecast. Days marked as holidays neither teach nor test.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.errors import BadInput
from core.i18n import gettext as _

WEEK: Final = 7
_LEAST_WEEKS: Final = 3
_HELD_BACK: Final = 2
_RECENT_WEEKS: Final = 4

Days = Mapping[date, NDArray[np.float64]]
"""Calls of each interval of a day; every day has the same number of intervals."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """What to expect, and how wrong the same method was.

    Attributes:
        days: calls of each interval of each day forecast.
        error: mean absolute error of the intervals held back ÷ their mean calls (WAPE).
        bias: forecast ÷ what came, minus one, over the days held back.
        weeks: how many weeks taught.
        held_back: how many days tested.
    """

    days: Days
    error: float | None
    bias: float | None
    weeks: int
    held_back: int


def forecast(history: Days, first: date, *, length: int = WEEK, holidays: Collection[date] = ()) -> Forecast:
    """Forecast `length` days from `first` on.

    Raises:
        BadInput: fewer than three weeks of history.
    """
    known = {day: calls for day, calls in history.items() if day < first and day not in holidays}
    if len(known) < _LEAST_WEEKS * WEEK - len(holidays) or not known:
        raise BadInput(_("a forecast needs %(weeks)s weeks of calls at least", weeks=_LEAST_WEEKS))
    wanted = [first + timedelta(days=n) for n in range(length)]
    cut = max(known) - timedelta(days=_HELD_BACK * WEEK - 1)
    taught = {day: calls for day, calls in known.items() if day < cut}
    held = {day: calls for day, calls in known.items() if day >= cut}
    error = bias = None
    if taught:
        guess = _project(taught, sorted(held))
        came = sum(float(calls.sum()) for calls in held.values())
        if came:
            error = sum(float(np.abs(guess[d] - held[d]).sum()) for d in held) / came
            bias = sum(float(guess[d].sum()) for d in held) / came - 1
    weeks = (max(known) - min(known)).days // WEEK + 1
    return Forecast(_project(known, wanted), error, bias, weeks, len(held) if taught else 0)


def _project(known: Days, wanted: list[date]) -> dict[date, NDArray[np.float64]]:
    """Profile of the weekday, at the level of the last weeks."""
    profile = _profiles(known)
    since = max(known) - timedelta(days=_RECENT_WEEKS * WEEK - 1)
    recent = [day for day in known if day >= since]
    expected = sum(float(profile[day.weekday()].sum()) for day in recent)
    level = sum(float(known[day].sum()) for day in recent) / expected if expected else 1.0
    return {day: profile[day.weekday()] * level for day in wanted}


def _profiles(known: Days) -> dict[int, NDArray[np.float64]]:
    by_weekday: dict[int, list[NDArray[np.float64]]] = {}
    for day, calls in known.items():
        by_weekday.setdefault(day.weekday(), []).append(calls)
    empty = np.zeros_like(next(iter(known.values())))
    return {n: np.mean(by_weekday[n], axis=0) if n in by_weekday else empty for n in range(WEEK)}
