"""Intervals, against published values."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.statistics import mean_interval, t_quantile, wilson_interval


@pytest.mark.parametrize(
    ("p", "df", "quantile"),
    [(0.975, 1, 12.7062), (0.975, 4, 2.7764), (0.975, 29, 2.0452), (0.95, 10, 1.8125), (0.995, 120, 2.6174)],
)
def test_t_quantiles_are_those_of_the_tables(p, df, quantile):
    """Student's table, four digits."""
    assert t_quantile(p, df) == pytest.approx(quantile, abs=5e-5)


@pytest.mark.parametrize(("passes", "n", "low", "high"), [(27, 30, 0.744, 0.965), (9, 10, 0.596, 0.982)])
def test_wilson(passes, n, low, high):
    """Known intervals."""
    found = wilson_interval(passes, n)
    assert (found.low, found.high) == (pytest.approx(low, abs=5e-4), pytest.approx(high, abs=5e-4))
    assert wilson_interval(0, 0) is None


@given(st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_holds_the_share_and_stays_in_bounds(pair):
    """Also at 0 and 1, where the naive interval has no width."""
    found = wilson_interval(*pair)
    assert 0 <= found.low <= found.estimate <= found.high <= 1
    assert found.high > found.low


def test_few_calls_cannot_be_told_apart():
    """Five calls with a spread of twelve points leave ±15; thirty leave a third of that."""
    five = mean_interval([80, 92, 100, 68, 90])
    assert five.high - five.estimate > 10 or five.high == 100
    assert not five.rankable
    assert five.overlaps(mean_interval([84, 80, 92, 76, 88]))


def test_one_call_and_no_call():
    """One value has no interval, none has no estimate."""
    assert mean_interval([]) is None
    one = mean_interval([90])
    assert (one.estimate, one.low, one.high) == (90, None, None)
    assert one.overlaps(mean_interval([10, 10, 10]))


def test_all_calls_graded_leave_no_doubt():
    """The whole population was seen."""
    found = mean_interval([70, 80, 90], population=3)
    assert (found.low, found.high) == (pytest.approx(80), pytest.approx(80))


def test_a_known_population_narrows_the_interval():
    """Ten of forty: the half width is √(30/40) of the one without the correction, by Cochran's formula."""
    points = [70, 75, 80, 85, 90, 72, 77, 82, 87, 92]
    free, known = mean_interval(points), mean_interval(points, population=40)
    assert known.high - known.estimate == pytest.approx((free.high - free.estimate) * (30 / 40) ** 0.5)
    assert mean_interval(points, population=10**9).high == pytest.approx(free.high)


def test_the_interval_covers_as_often_as_it_says():
    """95 % of the intervals hold the true mean, within chance."""
    rng = random.Random(7)
    covered = 0
    for _trial in range(1500):
        found = mean_interval([rng.gauss(60, 8) for _ in range(6)])
        covered += found.low <= 60 <= found.high
    assert 0.93 <= covered / 1500 <= 0.97
