"""Figures of groups of visits: counts, shares, means and percentiles, for all groups in one pass.

A group is an interval of a queue, an agent, an hour of a weekday: whatever number the caller gives each
visit. Percentiles are nearest-rank, so each one is the wait of a real call.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ivr.metrics.counts import COUNTS, Counted, Ints, Mask, count_mask
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
        columns = {name: column.tolist() for name, column in self.counts.items()}
        columns |= {
            name: [None if isnan(value) else round(value, 6) for value in column.tolist()]
            for name, column in self.values.items()
        }
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def figures_of(counted: Counted, group: Ints, size: int) -> Figures:
    """Return the figures of groups 0 to size - 1; visits of group -1 are in none."""
    inside = group >= 0
    if not inside.all():
        counted = Counted(
            counted.rows[inside], counted.within_ms[inside], counted.repeat[inside], counted.definition
        )
        group = group[inside]
    masks = {name: count_mask(counted, name) for name in COUNTS}
    counts = {name: np.bincount(group[mask], minlength=size) for name, mask in masks.items()}
    rows = counted.rows
    values = {
        "service_level": service_level(counts, counted.definition.service_level),
        "answer_rate": _ratio(counts["answered"], counts["offered"]),
        "abandon_rate": _ratio(counts["abandoned"], counts["offered"]),
        "asa_s": _mean(rows["wait"], masks["timed"], group, size),
        "longest_wait_s": _ranked(rows["wait"], rows["wait"] >= 0, group, size, (100,))[0],
        "aht_s": _mean(rows["talk"], masks["handled"], group, size),
        "talk_s": _sum(rows["talk"], masks["handled"], group, size),
        "rings": _mean(counted.rings * 1000, masks["rung"], group, size),
    }
    for name, column, mask in (("wait", "wait", "timed"), ("ring", "ring", "rung")):
        ranked = _ranked(rows[column], masks[mask], group, size, _PERCENTILES)
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
    rows: NDArray[np.void], within_s: Mapping[int, float], repeat: Mask, definition: Definition
) -> Counted:
    """Put visits together with what deciding about them needs.

    Args:
        rows: the visits.
        within_s: queue id → the service level's time of that queue; a definition's own time goes before it.
        repeat: which belong to repeated calls.
        definition: what the figures mean.
    """
    if definition.within_s is not None:
        within = np.full(len(rows), round(definition.within_s * 1000), np.int64)
    else:
        by_queue = np.zeros(max(within_s, default=0) + 1, np.int64)
        for queue_id, seconds in within_s.items():
            by_queue[queue_id] = round(seconds * 1000)
        within = by_queue[rows["queue"]]
    return Counted(rows, within, repeat, definition)


def _total(counts: Mapping[str, Ints], names: Sequence[str]) -> Ints:
    parts = [-counts[name[1:]] if name.startswith("-") else counts[name] for name in names]
    total: Ints = np.sum(parts, axis=0)
    return total


def _ratio(part: Ints, whole: Ints) -> NDArray[np.float64]:
    ratio = np.full(len(whole), np.nan)
    np.divide(part, whole, out=ratio, where=whole > 0)
    return ratio


def _sum(column: NDArray[Any], mask: Mask, group: Ints, size: int) -> NDArray[np.float64]:
    return np.bincount(group[mask], weights=column[mask], minlength=size) / 1000


def _mean(column: NDArray[Any], mask: Mask, group: Ints, size: int) -> NDArray[np.float64]:
    counts = np.bincount(group[mask], minlength=size)
    mean = np.full(size, np.nan)
    np.divide(_sum(column, mask, group, size), counts, out=mean, where=counts > 0)
    return mean


def _ranked(
    column: NDArray[Any], mask: Mask, group: Ints, size: int, percents: Sequence[int]
) -> list[NDArray[np.float64]]:
    """Return nearest-rank percentiles of each group: sorted by group and value in one key."""
    chosen = group[mask]
    ordered = np.sort((chosen << _WAIT_BITS) | column[mask].astype(np.int64))
    counts = np.bincount(chosen, minlength=size)
    starts = np.cumsum(counts) - counts
    some = counts > 0
    found = []
    for percent in percents:
        rank = np.maximum(1, -(-counts * percent // 100))
        result = np.full(size, np.nan)
        result[some] = (ordered[(starts + rank - 1)[some]] & ((1 << _WAIT_BITS) - 1)) / 1000
        found.append(result)
    return found


def _value(number: float) -> float | None:
    return None if np.isnan(number) else round(float(number), 6)
