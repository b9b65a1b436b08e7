"""The chart of a forecast day as SVG made on the server: calls expected as bars, agents needed as a line of steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Final

from flask import render_template
from markupsafe import Markup

from core.i18n import gettext as _

WIDTH, HEIGHT = 960, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 36, 36, 12, 24
_GRID: Final = 4
_MOST_LABELS: Final = 13


@dataclass(frozen=True, slots=True)
class Interval:
    """An interval of the day: when it begins, calls expected, agents needed."""

    start: str
    calls: float
    agents: int


@dataclass(frozen=True, slots=True)
class _Bar:
    x: float
    y: float
    width: float
    height: float
    words: str
    label: str


def day_chart(intervals: Sequence[Interval]) -> Markup:
    """Draw a day; empty without intervals. The table beside it says the same in words."""
    if not intervals:
        return Markup()
    width = (WIDTH - _LEFT - _RIGHT) / len(intervals)
    calls_top = _round_up(max(i.calls for i in intervals))
    agents_top = _round_up(max(i.agents for i in intervals))
    every = ceil(len(intervals) / _MOST_LABELS)
    bars = [
        _bar(interval, _LEFT + place * width, width, calls_top, label=place % every == 0)
        for place, interval in enumerate(intervals)
    ]
    drawn = render_template(
        "staffing/_chart.html",
        bars=bars,
        steps=_steps(intervals, width, agents_top),
        grid=[
            (round(_y(n, _GRID), 1), calls_top * n // _GRID, agents_top * n // _GRID)
            for n in range(_GRID + 1)
        ],
        width=WIDTH,
        height=HEIGHT,
        left=_LEFT,
        right=WIDTH - _RIGHT,
    )
    return Markup(drawn)  # noqa: S704  (the template escapes its values)


def _bar(interval: Interval, x: float, width: float, top: int, *, label: bool) -> _Bar:
    y = _y(interval.calls, top)
    words = _(
        "%(time)s: %(calls)s calls, %(agents)s agents",
        time=interval.start,
        calls=f"{interval.calls:.1f}",
        agents=interval.agents,
    )
    floor = HEIGHT - _BOTTOM
    return _Bar(
        round(x + 1, 1),
        round(y, 1),
        round(width - 2, 1),
        round(floor - y, 1),
        words,
        interval.start if label else "",
    )


def _steps(intervals: Sequence[Interval], width: float, top: int) -> str:
    points = []
    for place, interval in enumerate(intervals):
        x, y = _LEFT + place * width, _y(interval.agents, top)
        points += [f"{x:.1f},{y:.1f}", f"{x + width:.1f},{y:.1f}"]
    return " ".join(points)


def _y(value: float, top: float) -> float:
    return HEIGHT - _BOTTOM - value / top * (HEIGHT - _BOTTOM - _TOP)


def _round_up(value: float) -> int:
    """Return the next multiple of the grid's lines, so that each line is a whole number."""
    return max(1, ceil(value / _GRID)) * _GRID
