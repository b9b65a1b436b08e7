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


@dataclass(frozen=True)
class Counted:
    """Visits with what deciding about them needs.

    Attributes:
        rows: the visits, of type `ivr.metrics.columns.VISIT`.
        within_ms: the service level's time of each visit's queue.
        repeat: the caller had called within the definition's days before.
    """

    rows: NDArray[np.void]
    within_ms: Ints
    repeat: Mask
    definition: Definition

    def taken(self, which: Mask | Ints) -> Counted:
        """Return these of the visits only, or all of them in another order."""
        return Counted(self.rows[which], self.within_ms[which], self.repeat[which], self.definition)

    def column(self, name: str) -> NDArray[Any]:
        """Return a column, side by side in memory: many times faster to count than inside the rows."""
        return self._columns(name)

    @cached_property
    def _columns(self) -> Callable[[str], NDArray[Any]]:
        return cache(lambda name: np.ascontiguousarray(self.rows[name]))

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


def _handled(c: Counted) -> Mask:
    return np.asarray(c.outcome("answered") & (c.column("talk") >= 0))


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
    "handled": _handled,
    "handled_too_short": lambda c: _handled(c) & (c.column("talk") < c.definition.handling_low_s * 1000),
    "handled_too_long": lambda c: _handled(c) & (c.column("talk") > c.definition.handling_high_s * 1000),
    "rung": _rung,
    "rings_over_target": lambda c: _rung(c) & (c.rings > c.definition.rings_target),
    "rings_over_limit": lambda c: _rung(c) & (c.rings > c.definition.rings_limit),
    "rings_over_tolerance": lambda c: _rung(c) & (c.rings > c.definition.rings_tolerance),
    "transferred": lambda c: c.column("ended_by") == _TRANSFER,
    "repeat_callers": lambda c: c.repeat,
}


def count_mask(counted: Counted, name: str) -> Mask:
    """Return which visits a figure counts.

    Raises:
        NotFound: no figure has this name.
    """
    if name not in COUNTS:
        raise NotFound(_("no figure is called %(name)s", name=name[:40]))
    return np.asarray(COUNTS[name](counted))


def repeat_calls(rows: NDArray[np.void], days: int) -> Mask:
    """Return which visits belong to a call whose caller had made another call within so many days before."""
    repeat = np.zeros(len(rows), np.bool_)
    known = np.flatnonzero(rows["caller"] != 0)
    if not len(known):
        return repeat
    order = known[np.lexsort((rows["entered"][known], rows["call"][known], rows["caller"][known]))]
    caller, call, entered = (rows[name][order] for name in ("caller", "call", "entered"))
    first = np.r_[True, (caller[1:] != caller[:-1]) | (call[1:] != call[:-1])]
    begun = entered[first]  # each call by its first visit
    begun_by = caller[first]
    by_time = np.lexsort((begun, begun_by))
    same = np.r_[False, begun_by[by_time][1:] == begun_by[by_time][:-1]]
    soon = np.r_[False, np.diff(begun[by_time]) <= days * _DAY_MS]
    of_call = np.empty(len(begun), np.bool_)
    of_call[by_time] = same & soon
    repeat[order] = of_call[np.cumsum(first) - 1]
    return repeat
