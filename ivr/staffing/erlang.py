"""Erlang C and Erlang A: how a queue behaves with so many agents.

Erlang C lets every caller wait for ever; it is right while few give up and has no answer when the agents
cannot keep up. Erlang A (M/M/n+M, Garnett, Mandelbaum and Reiman 2002) lets callers lose patience after
an exponential time, and always has one. Both start from the stable recursion of Erlang B.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.errors import BadInput
from core.i18n import gettext as _

MOST_AGENTS: Final = 5000
_NEGLIGIBLE: Final = 40.0
"""In logarithms: e⁻⁴⁰ of the peak."""
_POINTS: Final = 2_001
"""Odd, for Simpson's rule. A density is at least a ninth of the range wide, so 200 of them lie on its slopes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What comes in.

    Attributes:
        calls: calls offered in an interval.
        interval_s: length of the interval.
        aht_s: mean handling time: talk, hold and the work after the call.
        patience_s: mean time until a caller gives up; None: they wait for ever (Erlang C).
    """

    calls: float
    interval_s: float
    aht_s: float
    patience_s: float | None = None

    @property
    def erlangs(self) -> float:
        """Offered traffic: the mean number of agents talking if there were always one free."""
        return self.calls * self.aht_s / self.interval_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What callers and agents get with so many agents.

    Attributes:
        waiting: probability that a caller has to wait.
        service_level: share of all callers answered within the time asked for.
        asa_s: mean wait, of all callers without patience, of the answered with it; infinite when the
            agents cannot keep up.
        abandoned: share of the callers who give up.
        occupancy: share of the agents' time spent on calls.
    """

    agents: int
    waiting: float
    service_level: float
    asa_s: float
    abandoned: float
    occupancy: float


def erlang_b(agents: int, erlangs: float) -> float:
    """Return the probability that all agents are busy when nobody waits."""
    inverse = 1.0
    for n in range(1, agents + 1):
        inverse = 1.0 + inverse * n / erlangs
    return 1.0 / inverse


@lru_cache(maxsize=4096)
def service(load: Load, agents: int, within_s: float) -> Service:
    """Return what a number of agents gives; Erlang A when the load says how patient callers are.

    Raises:
        BadInput: a value that makes no sense, with its name.
    """
    _check(load, within_s)
    if not 0 < agents <= MOST_AGENTS:
        raise BadInput(_("the number of agents must be from 1 to %(most)s", most=MOST_AGENTS))
    if load.calls == 0:
        return Service(agents=agents, waiting=0, service_level=1, asa_s=0, abandoned=0, occupancy=0)
    if load.patience_s is None:
        return _erlang_c(load, agents, within_s)
    return _erlang_a(load, agents, within_s, load.patience_s)


def agents_needed(load: Load, *, target: float, within_s: float) -> Service:
    """Return the service of the fewest agents that reach a service level.

    Raises:
        BadInput: a value that makes no sense, or more than `MOST_AGENTS` would be needed.
    """
    if not 0 < target < 1:
        raise BadInput(_("the target must be between 0 and 1, like 0.8; not %(target)s", target=target))
    _check(load, within_s)
    fewest = _first(lambda n: service(load, n, within_s).service_level >= target, near=load.erlangs)
    return service(load, fewest, within_s)


def _first(enough: Callable[[int], bool], *, near: float) -> int:
    """Return the least number that is enough, looked for in growing steps around a guess."""
    low, high, step = 0, min(max(1, round(near)), MOST_AGENTS), 1
    if enough(high):
        while high - step > 0 and enough(high - step):
            high, step = high - step, 2 * step
        low = max(0, high - step)
    else:
        while True:
            if high >= MOST_AGENTS:
                raise BadInput(_("more than %(most)s agents would be needed", most=MOST_AGENTS))
            low, high, step = high, min(high + step, MOST_AGENTS), 2 * step
            if enough(high):
                break
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def _check(load: Load, within_s: float) -> None:
    values = {
        _("calls"): (load.calls, 0.0),
        _("interval"): (load.interval_s, 1.0),
        _("handling time"): (load.aht_s, 0.001),
        _("answer time"): (within_s, 0.0),
        _("patience"): (1.0 if load.patience_s is None else load.patience_s, 0.001),
    }
    for name, (value, least) in values.items():
        if not (math.isfinite(value) and value >= least):
            raise BadInput(_("%(name)s cannot be %(value)s", name=name, value=value))


def _erlang_c(load: Load, agents: int, within_s: float) -> Service:
    a = load.erlangs
    if agents <= a:
        return Service(agents=agents, waiting=1, service_level=0, asa_s=math.inf, abandoned=0, occupancy=1)
    blocked = erlang_b(agents, a)
    waiting = agents * blocked / (agents - a * (1 - blocked))
    free = agents - a
    return Service(
        agents=agents,
        waiting=waiting,
        service_level=1 - waiting * math.exp(-free * within_s / load.aht_s),
        asa_s=waiting * load.aht_s / free,
        abandoned=0,
        occupancy=a / agents,
    )


def _erlang_a(load: Load, agents: int, within_s: float, patience_s: float) -> Service:
    """Return the service of M/M/n+M.

    Whoever has to wait, and would wait for ever, is answered after a time of density
    p r exp(-r t + λ/θ (1 - exp(-θ t))): p is the probability that exactly all agents are busy and nobody
    waits, r = n/AHT, θ = 1/patience. It follows from the steady state: the time of who finds j waiting
    is a sum of exponentials of rates r + kθ, k = 0..j, and the sum over j closes.
    """
    arrivals, rate, theta = load.calls / load.interval_s, agents / load.aht_s, 1 / patience_s
    log_all_busy, waiting = _all_busy(load.erlangs, agents, arrivals, rate, theta)
    end_s = _negligible_after(arrivals, rate, theta)
    answered_of_waiting, wait_sum = _answered(log_all_busy, arrivals, rate, theta, end_s)
    in_time, _wait = _answered(log_all_busy, arrivals, rate, theta, min(within_s, end_s))
    answered = 1 - waiting + answered_of_waiting
    abandoned = 1 - answered
    return Service(
        agents=agents,
        waiting=waiting,
        service_level=1 - waiting + in_time,
        asa_s=wait_sum / answered,
        abandoned=abandoned,
        occupancy=load.erlangs * answered / agents,
    )


def _all_busy(erlangs: float, agents: int, arrivals: float, rate: float, theta: float) -> tuple[float, float]:
    """Return the logarithm of P(all busy, nobody waits), and P(all busy)."""
    most = int(max(0.0, (arrivals - rate) / theta) * 2 + 20 * math.sqrt(arrivals / theta) + 200)
    steps = math.log(arrivals) - np.log(rate + theta * np.arange(1, most + 1))
    queueing = np.concatenate([[0.0], np.cumsum(steps)])
    peak = float(queueing.max())
    log_waiting = peak + math.log(float(np.exp(queueing - peak).sum()))
    log_free = math.log(max(1 / erlang_b(agents, erlangs) - 1, sys.float_info.min))
    log_total = float(np.logaddexp(log_waiting, log_free))
    return -log_total, math.exp(log_waiting - log_total)


def _negligible_after(arrivals: float, rate: float, theta: float) -> float:
    """Return the time after which next to nobody is answered any more who was not before."""
    leaving = rate + theta  # who waits is answered, or gives up

    def log_density(t: float) -> float:
        return -leaving * t + arrivals / theta * -math.expm1(-theta * t)

    peak_s = max(0.0, math.log(arrivals / leaving) / theta)
    end_s = peak_s + 1 / leaving
    while log_density(end_s) > log_density(peak_s) - _NEGLIGIBLE:
        end_s += end_s - peak_s
    return end_s


def _answered(
    log_all_busy: float, arrivals: float, rate: float, theta: float, until_s: float
) -> tuple[float, float]:
    """Return the share answered after waiting at most so long, and the sum of their waits."""
    t = np.linspace(0.0, until_s, _POINTS)
    log_density = log_all_busy + math.log(rate) - rate * t - arrivals / theta * np.expm1(-theta * t)
    answered = np.exp(log_density - theta * t)
    weights = _SIMPSON * until_s
    return float(weights @ answered), float(weights @ (answered * t))


def _simpson(points: int) -> NDArray[np.float64]:
    """Return the weights of Simpson's composite rule for equally distant points from 0 to 1."""
    weights = np.full(points, 2.0)
    weights[1::2] = 4.0
    weights[[0, -1]] = 1.0
    return weights / (3 * (points - 1))


_SIMPSON: Final = _simpson(_POINTS)
