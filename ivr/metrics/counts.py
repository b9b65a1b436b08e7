"""Which visits each figure counts: one mask for each name, used for the number and for its list of calls.

A report adds the mask up, a drill-down lists it. There is no second way to say what is counted, so the
list is as long as the number is high.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core.errors import NotFound
from core.i18n import gettext as _
from ivr.metrics.columns import ENDED_BY, OUTCOMES
from ivr.metrics.definitions import Definition

Mask = NDArray[np.bool_]
Ints = NDArray[np.int64]
_CODE: Final = {outcome: code for code, outcome in enumerate(OUTCOMES)}
_TRANSFER: Final = ENDED_BY.index("transfer")
_DAY_MS: Final = 86_400_000
_BITS: Final = 16


@dataclass(frozen=True, slots=True)
class Again:
    """Which visits belong to a call with another one of the same caller near it, within a definition's days.

    Attributes:
        before: the caller had called before.
        after: the caller called again afterwards.
    """

    before: Mask
    after: Mask

    def taken(self, which: Mask | Ints) -> Again:
        """Return the same of these visits only, or of all of them in another order."""
        return Again(self.before[which], self.after[which])


@dataclass(frozen=True)
class Counted:
    """Visits with what deciding about them needs.

    Attributes:
        rows: the visits, of type `ivr.metrics.columns.VISIT`.
        within_ms: the service level's time of each visit's queue.
        again: who had called before, or called again, within the definition's days.
        reach: milliseconds since 1970 up to which the call log is known.
    """

    rows: NDArray[np.void]
    within_ms: Ints
    again: Again
    definition: Definition
    reach: int

    def taken(self, which: Mask | Ints) -> Counted:
        """Return these of the visits only, or all of them in another order."""
        return Counted(
            self.rows[which],
            self.within_ms[which],
            self.again.taken(which),
            self.definition,
            self.reach,
        )

    def column(self, name: str) -> NDArray[Any]:
        """Return a column, side by side in memory: many times faster to count than inside the rows."""
        return self._columns(name)

    @cached_property
    def _columns(self) -> Callable[[str], NDArray[Any]]:
        return cache(lambda name: np.ascontiguousarray(self.rows[name]))

    @cached_property
    def mask(self) -> Callable[[str], Mask]:
        """Return which visits a count counts, by its name; see `count_mask`."""
        return cache(lambda name: count_mask(self, name))

    @cached_property
    def outcome(self) -> Callable[[str], Mask]:
        """Return which visits ended so, by the outcome's name."""
        return cache(lambda name: np.asarray(self.column("outcome") == _CODE[name]))

    @cached_property
    def in_time(self) -> Mask:
        """Which waits were no longer than the service level's time."""
        wait = self.column("wait")
        return np.asarray((wait >= 0) & (wait <= self.within_ms))

    @cached_property
    def handling(self) -> NDArray[np.int32]:
        """Return milliseconds of handling as the definition means it; -1 where a part of it is not known."""
        talk, wrap_up = self.column("talk"), self.column("wrap_up")
        if self.definition.handling == "talk":
            return talk
        return np.where((talk >= 0) & (wrap_up >= 0), talk + wrap_up, np.int32(-1))

    @cached_property
    def rings(self) -> Ints:
        """How often the answering agent's telephone had begun to ring; 0 where not known or not at all."""
        return rings_begun(self.column("ring"), self.definition)


def rings_begun(ring_ms: NDArray[np.int32], definition: Definition) -> Ints:
    """Return rings by milliseconds of ringing: the first begins at once, one more with each cycle."""
    cycle_ms = round(definition.ring_cycle_s * 1000)
    begun = ring_ms.astype(np.int64) // cycle_ms + 1
    return np.where(ring_ms > 0, begun, 0)


def _short(c: Counted) -> Mask:
    wait = c.column("wait")
    limit = c.definition.short_abandon_s * 1000
    return np.asarray(c.outcome("abandoned") & (wait >= 0) & (wait <= limit))


def _talked(c: Counted) -> Mask:
    return np.asarray(c.outcome("answered") & (c.column("talk") >= 0))


def _handled(c: Counted) -> Mask:
    return np.asarray(c.outcome("answered") & (c.handling >= 0))


def _judged(c: Counted) -> Mask:
    """Answered calls of known callers who have had the definition's days to call again."""
    settled = c.column("entered") + c.definition.repeat_days * _DAY_MS <= c.reach
    return np.asarray(c.outcome("answered") & (c.column("caller") != 0) & settled)


def _timed(c: Counted) -> Mask:
    return np.asarray(c.outcome("answered") & (c.column("wait") >= 0))


def _rung(c: Counted) -> Mask:
    return np.asarray(c.outcome("answered") & (c.column("ring") >= 0))


def _left(c: Counted) -> Mask:
    return np.isin(c.column("outcome"), [_CODE[name] for name in ("timeout", "key", "empty", "full")])


COUNTS: Final[Mapping[str, Callable[[Counted], Mask]]] = {
    "offered": lambda c: np.ones(len(c.rows), np.bool_),
    "answered": lambda c: c.outcome("answered"),
    "answered_in_time": lambda c: c.outcome("answered") & c.in_time,
    "answered_late": lambda c: c.outcome("answered") & ~c.in_time,
    "abandoned": lambda c: c.outcome("abandoned"),
    "abandoned_in_time": lambda c: c.outcome("abandoned") & c.in_time,
    "abandoned_late": lambda c: c.outcome("abandoned") & ~c.in_time,
    "short_abandoned": _short,
    "left": _left,
    "timeout": lambda c: c.outcome("timeout"),
    "key": lambda c: c.outcome("key"),
    "empty": lambda c: c.outcome("empty"),
    "full": lambda c: c.outcome("full"),
    "waiting": lambda c: c.outcome("waiting"),
    "unknown": lambda c: c.outcome("orphan"),
    "timed": _timed,
    "talked": _talked,
    "held": lambda c: c.outcome("answered") & (c.column("hold") >= 0),
    "wrapped_up": lambda c: c.outcome("answered") & (c.column("wrap_up") > 0),
    "wrap_up_unknown": lambda c: c.outcome("answered") & (c.column("wrap_up") < 0),
    "handled": _handled,
    "handled_too_short": lambda c: _handled(c) & (c.handling < c.definition.handling_low_s * 1000),
    "handled_too_long": lambda c: _handled(c) & (c.handling > c.definition.handling_high_s * 1000),
    "rung": _rung,
    "rings_over_target": lambda c: _rung(c) & (c.rings > c.definition.rings_target),
    "rings_over_limit": lambda c: _rung(c) & (c.rings > c.definition.rings_limit),
    "rings_over_tolerance": lambda c: _rung(c) & (c.rings > c.definition.rings_tolerance),
    "transferred": lambda c: c.column("ended_by") == _TRANSFER,
    "repeat_callers": lambda c: c.again.before,
    "judged": _judged,
    "resolved": lambda c: _judged(c) & ~c.again.after,
}


def count_mask(counted: Counted, name: str) -> Mask:
    """Return which visits a figure counts.

    Raises:
        NotFound: no figure has this name.
    """
    if name not in COUNTS:
        raise NotFound(_("no figure is called %(name)s", name=name[:40]))
    return np.asarray(COUNTS[name](counted))


def calls_again(rows: NDArray[np.void], days: int) -> Again:
    """Find callers who called more than once within so many days; an unknown caller never did."""
    again = Again(np.zeros(len(rows), np.bool_), np.zeros(len(rows), np.bool_))
    caller, call, entered = (np.ascontiguousarray(rows[name]) for name in ("caller", "call", "entered"))
    known = np.flatnonzero(caller)
    if not len(known):
        return again
    order = known[_by_caller(caller[known], entered[known], call[known])]
    number = call[order] - call[known].min()
    place = np.empty(int(number.max()) + 1, np.int64)
    place[number[::-1]] = np.arange(len(order))[::-1]  # where each call's first visit is
    first = place[number] == np.arange(len(order))
    begun, by = entered[order][first], caller[order][first]
    near = (by[1:] == by[:-1]) & (np.diff(begun) <= days * _DAY_MS)
    of_call = np.zeros((2, len(place)), np.bool_)
    of_call[0, number[first]], of_call[1, number[first]] = np.r_[False, near], np.r_[near, False]
    again.before[order], again.after[order] = of_call[:, number]
    return again


def _by_caller(caller: Ints, entered: Ints, call: Ints) -> Ints:
    """Return the order by caller and time; of one moment's calls the earlier number first."""
    by_time = np.argsort(entered, kind="stable")  # days that follow each other: nearly in order already
    order = by_time[_sorted_by_bits(caller[by_time])]
    same = (np.diff(caller[order]) == 0) & (np.diff(entered[order]) == 0)
    if same.any():
        tied = np.r_[same, False] | np.r_[False, same]
        few = order[tied]
        order[tied] = few[np.lexsort((call[few], entered[few], caller[few]))]
    return order


def _sorted_by_bits(keys: Ints) -> Ints:
    """Return the stable order of keys, sixteen bits at a time: numpy counts those instead of comparing."""
    order = np.arange(len(keys))
    for shift in range(0, 64, _BITS):
        order = order[np.argsort((keys[order] >> shift).astype(np.uint16), kind="stable")]
    return order
