"""Predicts how long a waiting caller will still wait, as a range in whole minutes, or admits that it cannot say.

Pure: no database, no clock. A line moves by answers, so what is estimated is the time from one answer to the
next while somebody waits. It is learnt from the delays of those who were answered last, from how long the head
of the line has stood there without an answer, and from what the agents on duty could do at the recent length
of conversations. Head-of-line delay follows a changing load where an average of past waits does not (Ibrahim
and Whitt, Real-time delay estimation based on delay history, 2009).

The model is Bayesian and small: answers come as a Poisson process whose rate has a gamma distribution, so the
time until the answer at place k is a gamma-gamma mixture, and its quantiles tell how much is known.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

VERSION: Final = "head-of-line-1"
"""Kept with every prediction; a change of the method is a new version."""

COVERAGE: Final = 0.7
"""Share of waits between the range's ends before they become whole minutes; `python -m bench.waiting` shows what
comes of it: at least four in five."""

_FREE_AGENT_S: Final = 10.0
"""Who is answered within this may have found an agent free: that tells nothing about the line."""
_BETWEEN_TALKS_S: Final = 10.0
"""Ringing and after-call work between two conversations of an agent."""
_HALF_LIFE_S: Final = 600.0
"""An answer so long ago counts half."""
_PRIOR_WEIGHT: Final = 20.0
"""How many observed answers the agents' number and their conversations' length are worth."""
_FEWEST: Final = 3.0
"""Below this weight of evidence nothing is said."""
_FEWEST_TALKS: Final = 3

MINUTES: Final = (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 60)
"""The numbers that are ever said."""


@dataclass(frozen=True, slots=True)
class Waited:
    """A caller who has waited in this queue; times in seconds on one clock.

    Attributes:
        entered_s: when the wait began.
        left_s: when it ended.
        answered: an agent answered; else the caller gave up.
        talk_s: length of the conversation; None while it lasts.
    """

    entered_s: float
    left_s: float
    answered: bool = True
    talk_s: float | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """The queue as one caller finds it.

    Attributes:
        now_s: the time, on the clock of `Waited`.
        place: the caller's, 1 is next.
        head_since_s: since when the first of the line has waited (the caller, at place 1).
        agents: on duty and not paused, busy or free.
    """

    now_s: float
    place: int
    head_since_s: float
    agents: int


@dataclass(frozen=True, slots=True, order=True)
class WaitRange:
    """From so many minutes to so many; from 0 is said as "no more than"."""

    low: int
    high: int

    def holds(self, wait_s: float) -> bool:
        """Whether a wait lies within the range."""
        return self.low * 60 <= wait_s <= self.high * 60


def predict(line: Line, waited: Iterable[Waited]) -> WaitRange | None:
    """Return the range of the time a caller will still wait; None when too little is known to say one.

    Args:
        line: the queue at this moment.
        waited: callers who left the line in the last hours, in any order.
    """
    known = sorted((one for one in waited if one.left_s <= line.now_s), key=lambda one: one.left_s)
    answered = [one for one in known if one.answered]
    weight, exposure_s = _prior(line.agents, answered)
    for seconds, at_s in _gaps(answered):
        share = 0.5 ** ((line.now_s - at_s) / _HALF_LIFE_S)
        weight += share
        exposure_s += share * seconds
    since_s = max(line.head_since_s, answered[-1].left_s) if answered else line.head_since_s
    exposure_s += max(0.0, line.now_s - since_s)  # no answer yet, though somebody waits
    if line.agents < 1 or weight < _FEWEST:
        return None
    exposure_s *= _share_of_answers(line.place, weight / exposure_s, known)
    tail = (1 - COVERAGE) / 2
    low, high = (_quantile(share, line.place, weight, exposure_s) for share in (tail, 1 - tail))
    return _in_minutes(low, high)


def _prior(agents: int, answered: Sequence[Waited]) -> tuple[float, float]:
    """Return weight and exposure of what the agents could do at the length of recent conversations."""
    talks = [one.talk_s for one in answered if one.talk_s is not None]
    if agents < 1 or len(talks) < _FEWEST_TALKS:
        return 0.0, 0.0
    return _PRIOR_WEIGHT, _PRIOR_WEIGHT * (sum(talks) / len(talks) + _BETWEEN_TALKS_S) / agents


def _share_of_answers(place: int, answers_per_s: float, known: Sequence[Waited]) -> float:
    """Return by how much the wait is shorter because some of those ahead will give up.

    The line moves by answers, and by each caller ahead at the rate at which waiting callers were seen to give
    up (the estimator of a Markovian queue with abandonment: Whitt, Improving service by informing customers
    about anticipated delays, 1999).
    """
    waits_s = sum(one.left_s - one.entered_s for one in known)
    giving_up_per_s = sum(not one.answered for one in known) / waits_s if waits_s else 0.0
    return sum(answers_per_s / (answers_per_s + ahead * giving_up_per_s) for ahead in range(place)) / place


def _gaps(answered: Sequence[Waited]) -> Iterator[tuple[float, float]]:
    """Yield the seconds somebody waited for each answer since the one before, and when it came.

    A caller who came to an empty line and was answered at once found an agent free. Of the others the first
    seconds are left out in turn: what remains of an exponential time is distributed as the whole.
    """
    before_s = -math.inf
    for one in answered:
        if one.entered_s <= before_s:
            yield one.left_s - before_s, one.left_s
        elif one.left_s - one.entered_s > _FREE_AGENT_S:
            yield one.left_s - one.entered_s - _FREE_AGENT_S, one.left_s
        before_s = one.left_s


def _quantile(share: float, place: int, weight: float, exposure_s: float) -> float:
    """Return the seconds within which a share of callers at a place are answered."""
    low, high = 0.0, max(1.0, exposure_s)
    while _waits_longer(high, place, weight, exposure_s) > 1 - share:
        high *= 2
    for _halving in range(40):
        middle = (low + high) / 2
        if _waits_longer(middle, place, weight, exposure_s) > 1 - share:
            low = middle
        else:
            high = middle
    return high


def _waits_longer(wait_s: float, place: int, weight: float, exposure_s: float) -> float:
    """Return the probability of fewer than `place` answers in a time: negative binomial, as the rate is gamma."""
    missed = wait_s / (exposure_s + wait_s)
    term: float = (1 - missed) ** weight
    total = term
    for answers in range(1, place):
        term *= missed * (weight + answers - 1) / answers
        total += term
    return total


def _in_minutes(low_s: float, high_s: float) -> WaitRange | None:
    """Round to minutes that are said; None when the end is beyond the last of them."""
    if high_s > MINUTES[-1] * 60:
        return None
    low = max(m for m in (0, *MINUTES[:-1]) if m * 60 <= low_s)
    high = min((m for m in MINUTES if m > low), key=lambda m: abs(m * 60 - high_s))
    return WaitRange(low, high)
