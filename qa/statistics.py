"""Intervals: a score from five calls is not a fact about an agent.

Wilson's interval for shares (E. B. Wilson, JASA 22, 1927) and Student's t interval for means, with the
finite-population correction √((N-n)/N). No scipy: the t quantile is found from its distribution
function, the regularised incomplete beta function.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist, fmean, stdev
from typing import Final

MIN_RANKED: Final = 10
"""Fewer graded calls give no rank: the interval is then wider than the differences between agents."""


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate and the interval that holds the true value with the confidence asked for.

    `low` and `high` are None when `n` allows no interval (a mean of fewer than two values).
    """

    estimate: float
    low: float | None
    high: float | None
    n: int

    @property
    def rankable(self) -> bool:
        """Whether there are enough values to compare it with others."""
        return self.n >= MIN_RANKED

    def overlaps(self, other: Interval) -> bool:
        """Whether the two cannot be told apart; True when one of them has no interval."""
        if self.low is None or self.high is None or other.low is None or other.high is None:
            return True
        return self.low <= other.high and other.low <= self.high


def wilson_interval(passes: int, n: int, *, confidence: float = 0.95) -> Interval | None:
    """Return the share of passes, 0 to 1, with Wilson's interval; None for n = 0."""
    if n == 0:
        return None
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share, zz = passes / n, z * z
    centre = (share + zz / (2 * n)) / (1 + zz / n)
    half = z / (1 + zz / n) * math.sqrt(share * (1 - share) / n + zz / (4 * n * n))
    # At the edges rounding could put the share itself outside.
    return Interval(share, max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half)), n)


def mean_interval(
    points: Sequence[float], *, confidence: float = 0.95, population: int | None = None
) -> Interval | None:
    """Return the mean of points, 0 to 100, with its t interval; None for no points.

    mean ± t(n-1) · s/√n · √((N-n)/N), s with divisor n-1, for n calls drawn without replacement from N
    (W. G. Cochran, Sampling Techniques, 3rd ed. 1977, sections 2.6 and 2.8).

    Args:
        points: one score for each graded call of the random sample.
        confidence: how often such intervals hold the true mean.
        population: N, the calls the sample was drawn from; None when that is not known: no correction.
    """
    n = len(points)
    if n == 0:
        return None
    mean = fmean(points)
    if n == 1:
        return Interval(mean, None, None, 1)
    half = t_quantile((1 + confidence) / 2, n - 1) * stdev(points) / math.sqrt(n)
    if population is not None and population > 0:
        half *= math.sqrt(max(0, population - n) / population)
    return Interval(mean, max(0.0, mean - half), min(100.0, mean + half), n)


@lru_cache(maxsize=1024)
def t_quantile(p: float, df: int) -> float:
    """Return the p-quantile of Student's t with `df` degrees of freedom (0.5 <= p < 1), by bisection."""
    low, high = 0.0, 1.0
    while _t_cdf(high, df) < p:
        high *= 2
    while high - low > 1e-10 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if _t_cdf(middle, df) < p else (low, middle)
    return (low + high) / 2


def _t_cdf(t: float, df: int) -> float:
    return 1 - _incomplete_beta(df / 2, 0.5, df / (df + t * t)) / 2


def _incomplete_beta(a: float, b: float, x: float) -> float:
    """Return the regularised incomplete beta function I_x(a, b) by Lentz's continued fraction."""
    if x in (0.0, 1.0):
        return x
    if x > (a + 1) / (a + b + 2):
        return 1 - _incomplete_beta(b, a, 1 - x)
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    )
    d = 1 / (1 - (a + b) * x / (a + 1))
    c, fraction = 1.0, d
    for m in range(1, 500):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        d = 1 / (1 + even * d)
        c = 1 + even / c
        fraction *= c * d
        d = 1 / (1 + odd * d)
        c = 1 + odd / c
        fraction *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return front * fraction / a
