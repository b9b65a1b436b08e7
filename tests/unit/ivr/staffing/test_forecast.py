"""Patience and forecast: right where the answer is known, and honest about their error."""

from datetime import date, timedelta

import numpy as np
import pytest

from core.errors import BadInput
from ivr.flow.holidays import HolidayCalendar
from ivr.staffing.forecast import forecast
from ivr.staffing.patience import patience_of

MONDAY = date(2026, 9, 7)


def weeks(count, *, growth=0.0, noise=None):
    """Two intervals a day; a weekday's calls are ten times its number, and twice that."""
    days = {}
    for n in range(count * 7):
        day = MONDAY + timedelta(days=n)
        calls = np.array([10.0, 20.0]) * (day.weekday() + 1) * (1 + growth * (n // 7))
        days[day] = calls if noise is None else calls + noise.normal(0, 3, 2)
    return days


def test_a_week_like_every_other_is_forecast_exactly():
    found = forecast(weeks(6), MONDAY + timedelta(weeks=6))

    assert found.days[MONDAY + timedelta(weeks=6)].tolist() == [10, 20]
    assert found.error == pytest.approx(0)
    assert (found.weeks, found.held_back) == (6, 14)


def test_the_error_of_the_weeks_held_back_is_told():
    noisy = forecast(weeks(8, noise=np.random.default_rng(1)), MONDAY + timedelta(weeks=8))

    assert 0.01 < noisy.error < 0.2
    assert abs(noisy.bias) < 0.05


def test_a_trend_is_carried_on_and_no_further_than_twice_the_level():
    growing = forecast(weeks(8, growth=0.1), MONDAY + timedelta(weeks=8))

    assert growing.days[MONDAY + timedelta(weeks=8)].tolist() == pytest.approx([18, 36])
    assert growing.bias == pytest.approx(0)
    assert growing.trend == pytest.approx(0.1 / 1.7)
    far = forecast(weeks(8, growth=0.1), MONDAY + timedelta(weeks=8), length=7 * 60)
    assert far.days[MONDAY + timedelta(weeks=67)].tolist() == pytest.approx([34, 68])


def test_one_strange_week_makes_no_trend():
    history = weeks(8)
    for n in range(7):
        history[MONDAY + timedelta(weeks=6, days=n)] *= 5

    assert forecast(history, MONDAY + timedelta(weeks=8)).trend == pytest.approx(0, abs=0.02)


def calendar(holidays=(), workdays=()):
    return HolidayCalendar("test", dict.fromkeys(holidays, "holiday"), frozenset(workdays))


def test_a_holiday_teaches_only_holidays():
    history = weeks(6)
    past, first = MONDAY + timedelta(days=7), MONDAY + timedelta(weeks=6)
    history[past] = np.array([900.0, 900.0])
    known = calendar([past, first + timedelta(days=1)])
    found = forecast(history, first, length=2, calendar=known)

    assert found.days[first].tolist() == [10, 20]
    assert found.days[first + timedelta(days=1)].tolist() == [900, 900]
    assert found.unseen == frozenset()
    assert forecast(history, first).days[first][0] > 10


def test_a_kind_of_day_never_seen_is_said_to_be():
    first = MONDAY + timedelta(weeks=6)
    saturday = first + timedelta(days=5)
    found = forecast(weeks(6), first, calendar=calendar([first], [saturday]))

    assert found.unseen == {first, saturday}
    assert found.days[first].tolist() == [10, 20], "like its weekday"
    assert found.days[saturday].tolist() == [30, 60], "like the mean of the five workdays"


def test_too_little_history_is_refused():
    with pytest.raises(BadInput):
        forecast(weeks(2), MONDAY + timedelta(weeks=2))


def test_kaplan_and_meier_by_hand():
    """Gave up after 2 and 4 s, answered after 3 s: 2/3 are left after 2 s, nobody after 4 s."""
    found = patience_of(np.array([2.0, 4.0]), np.array([3.0]))

    assert found.still_waiting.tolist() == pytest.approx([2 / 3, 0])
    assert found.mean_s == 4.5
    assert found.median_s == 4


def test_patience_is_recovered_although_most_were_answered():
    random = np.random.default_rng(3)
    patience, waits = random.exponential(120, 40_000), random.exponential(30, 40_000)
    gave_up = patience < waits
    found = patience_of(patience[gave_up], waits[~gave_up])

    assert found.mean_s == pytest.approx(120, rel=0.03)
    assert patience[gave_up].mean() < 40, "the mean of those who gave up would be far too low"
    place = np.searchsorted(found.times_s, 60)
    assert found.still_waiting[place] == pytest.approx(np.exp(-0.5), abs=0.02)


def test_when_nobody_gives_up_no_patience_is_claimed():
    found = patience_of(np.array([]), np.array([5.0]))

    assert (found.mean_s, found.median_s) == (None, None)
