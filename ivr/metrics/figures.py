"""Figures of groups of visits: counts, shares, means and percentiles, for all groups in one pass.

A group is an interval of a queue, an agent, an hour of a weekday: whatever number the caller gives each
visit. Percentiles are nearest-rank, so each one is the wait of a real call.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ivr.metrics.counts import COUNTS, Again, Counted, Ints, Mask
from ivr.metrics.definitions import FORMS, Definition, FormName

Figure = float | int | None
_PERCENTILES: Final = (50, 90, 95)
_WAIT_BITS: Final = 32


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of `size` groups, as columns; a mean or share of nothing is NaN.

    Attributes:
        counts: name of a count (see `ivr.metrics.counts.COUNTS`) → one number a group.
        values: name of any other figure → one number a group, seconds or shares of 0 to 1.
    """

    size: int
    counts: Mapping[str, Ints]
    values: Mapping[str, NDArray[np.float64]]

    def of(self, group: int) -> dict[str, Figure]:
        """Return one group's figures by name; None for what has no value."""
        counts: dict[str, Figure] = {name: int(column[group]) for name, column in self.counts.items()}
        return counts | {name: _value(column[group]) for name, column in self.values.items()}

    def rows(self) -> list[dict[str, Figure]]:
        """Return every group's figures."""
        columns = self.columns(range(self.size), dict.fromkeys((*self.counts, *self.values), 6))
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]

    def busy_groups(self) -> list[int]:
        """Return the groups that somebody entered."""
        found: list[int] = np.flatnonzero(self.counts["offered"]).tolist()
        return found

    def columns(self, groups: Sequence[int], digits: Mapping[str, int]) -> dict[str, list[Figure]]:
        """Return some figures of some groups as columns of plain numbers, None for what has no value.

        Args:
            groups: which groups.
            digits: which figures, and to how many digits.
        """
        chosen = np.array(groups, np.int64)
        found: dict[str, list[Figure]] = {}
        for name, places in digits.items():
            if name in self.counts:
                found[name] = self.counts[name][chosen].tolist()
                continue
            column = np.round(self.values[name][chosen], places)
            found[name] = column.tolist()
            for place in np.flatnonzero(np.isnan(column)).tolist():
                found[name][place] = None
        return found


@dataclass(frozen=True, slots=True)
class _Groups:
    """Which group each visit is in, from 1; 0 is none. The visits stay in their order, and so do their masks."""

    number: Ints
    size: int
    only: bool
    """All visits are in one group: much is simpler then."""

    def count(self, mask: Mask) -> Ints:
        """Count the visits of a mask by group."""
        if self.only:
            return np.array([np.count_nonzero(mask)])
        return np.bincount(self.number[mask], minlength=self.size + 1)[1:]

    def sums(self, column: NDArray[Any], mask: Mask) -> Ints:
        """Add the visits of a mask up by group; exact below 2⁵³."""
        if self.only:
            return np.array([np.sum(column, where=mask, dtype=np.int64)])
        added = np.bincount(self.number[mask], column[mask], self.size + 1)[1:]
        return added.astype(np.int64)


def figures_of(counted: Counted, group: Ints, size: int) -> Figures:
    """Return the figures of groups 0 to size - 1; visits of group -1 are in none."""
    groups = _Groups(group + 1, size, only=size == 1 and not group.any())
    masks = {name: counted.mask(name) for name in COUNTS}
    counts = {name: groups.count(mask) for name, mask in masks.items()}
    wait, talk, hold, wrap_up = (counted.column(name) for name in ("wait", "talk", "hold", "wrap_up"))
    mean_hold_s = _ratio(groups.sums(hold, masks["held"]), counts["held"]) / 1000
    known_wrap_up = counts["answered"] - counts["wrap_up_unknown"]
    values = {
        "service_level": service_level(counts, counted.definition.service_level),
        "answer_rate": _ratio(counts["answered"], counts["offered"]),
        "abandon_rate": _ratio(counts["abandoned"], counts["offered"]),
        "asa_s": _ratio(groups.sums(wait, masks["timed"]), counts["timed"]) / 1000,
        "longest_wait_s": _ranked(groups, wait, wait >= 0, (100,))[0],
        "aht_s": _ratio(groups.sums(counted.handling, masks["handled"]), counts["handled"]) / 1000,
        "mean_talk_s": _ratio(groups.sums(talk, masks["talked"]), counts["talked"]) / 1000,
        "talk_s": groups.sums(talk, masks["talked"]) / 1000,
        "mean_hold_s": mean_hold_s,
        "hold_s": mean_hold_s * counts["held"],
        "wrap_up_s": _ratio(groups.sums(wrap_up, wrap_up > 0), known_wrap_up) * known_wrap_up / 1000,
        "first_call_resolution": _ratio(counts["resolved"], counts["judged"]),
        "rings": _ratio(groups.sums(counted.rings, masks["rung"]), counts["rung"]),
    }
    for name, mask in (("wait", "timed"), ("ring", "rung")):
        ranked = _ranked(groups, counted.column(name), masks[mask], _PERCENTILES)
        values |= {f"{name}_p{p}_s": found for p, found in zip(_PERCENTILES, ranked, strict=True)}
    return Figures(size, counts, values)


def service_level(counts: Mapping[str, Ints], form: FormName) -> NDArray[np.float64]:
    """Return a service level in one of its published forms; NaN where nobody counts."""
    wanted = FORMS[form]
    return _ratio(_total(counts, wanted.numerator), _total(counts, wanted.denominator))


def every_service_level(counts: Mapping[str, Ints], group: int = 0) -> dict[FormName, float | None]:
    """Return one group's service level in each published form."""
    return {form: _value(service_level(counts, form)[group]) for form in FORMS}


def counted_visits(
    rows: NDArray[np.void],
    within_s: Mapping[int, float],
    again: Again,
    definition: Definition,
    reach: int,
) -> Counted:
    """Put visits together with what deciding about them needs.

    Args:
        rows: the visits.
        within_s: queue id → the service level's time of that queue; a definition's own time goes before it.
        again: which belong to repeated calls.
        definition: what the figures mean.
        reach: milliseconds since 1970 up to which the call log is known.
    """
    if definition.within_s is not None:
        within = np.full(len(rows), round(definition.within_s * 1000), np.int64)
    else:
        by_queue = np.zeros(max(within_s, default=0) + 1, np.int64)
        for queue_id, seconds in within_s.items():
            by_queue[queue_id] = round(seconds * 1000)
        within = by_queue[rows["queue"]]
    return Counted(rows, within, again, definition, reach)


def _total(counts: Mapping[str, Ints], names: Sequence[str]) -> Ints:
    parts = [-counts[name[1:]] if name.startswith("-") else counts[name] for name in names]
    total: Ints = np.sum(parts, axis=0)
    return total


def _ratio(part: Ints, whole: Ints) -> NDArray[np.float64]:
    ratio = np.full(len(whole), np.nan)
    np.divide(part, whole, out=ratio, where=whole > 0)
    return ratio


def _ranked(
    groups: _Groups, column: NDArray[Any], mask: Mask, percents: Sequence[int]
) -> list[NDArray[np.float64]]:
    """Return nearest-rank percentiles of each group: sorted by group and value in one key."""
    if groups.only:
        return _ranked_alone(column[mask], percents)
    ordered = np.sort((groups.number[mask] << _WAIT_BITS) | column[mask])
    counts = groups.count(mask)
    starts = (
        np.cumsum(counts) - counts + np.searchsorted(ordered, 1 << _WAIT_BITS)
    )  # behind those of no group
    some = counts > 0
    found = []
    for percent in percents:
        rank = np.maximum(1, -(-counts * percent // 100))
        result = np.full(groups.size, np.nan)
        result[some] = (ordered[(starts + rank - 1)[some]] & ((1 << _WAIT_BITS) - 1)) / 1000
        found.append(result)
    return found


def _ranked_alone(column: NDArray[Any], percents: Sequence[int]) -> list[NDArray[np.float64]]:
    if not len(column):
        return [np.array([np.nan]) for _percent in percents]
    ranks = [max(1, -(-len(column) * percent // 100)) - 1 for percent in percents]
    placed = np.partition(column, ranks)
    return [np.array([placed[rank] / 1000]) for rank in ranks]


def _value(number: float) -> float | None:
    return None if np.isnan(number) else round(float(number), 6)
