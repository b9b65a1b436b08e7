"""The chart of a period's intervals as SVG made on the server: who was answered, who was not, the service level."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import isnan

from flask import render_template
from markupsafe import Markup

from core.i18n import gettext as _
from ivr.metrics.figures import Figures
from ivr.metrics.report import Question
from web.formats import local_time, percent
from web.reports.choices import calls_behind

WIDTH, HEIGHT = 960, 200
_LEFT, _BOTTOM = 36, 24
_MOST_LABELS = 12
_STEPS = (1, 2, 5)


@dataclass(frozen=True, slots=True)
class Bar:
    """One interval: its place, the parts of its bar from the bottom up, its words and its calls."""

    x: float
    width: float
    parts: list[tuple[str, float, float]]
    words: str
    href: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A label or grid line with its place."""

    at: float
    text: str


def interval_chart(
    asked: Question, edges: Sequence[datetime], figures: Figures, *, linked: bool = True
) -> Markup:
    """Draw the intervals, each leading to its calls when `linked`; empty when nobody called."""
    highest = max(figures.counts["offered"].tolist(), default=0)
    if not highest:
        return Markup()
    top = _round_up(highest)
    width = (WIDTH - _LEFT) / figures.size
    bars = [_bar(asked, edges, figures, place, width, top) for place in range(figures.size)]
    levels = figures.values["service_level"].tolist()
    points = [
        f"{bar.x + bar.width / 2:.1f},{_y(level, 1):.1f}"
        for bar, level in zip(bars, levels, strict=True)
        if not isnan(level)
    ]
    target = asked.definition.service_level_target
    drawn = render_template(
        "reports/_chart.html",
        bars=[bar for bar in bars if bar.parts],
        linked=linked,
        points=" ".join(points),
        dots=[tuple(point.split(",")) for point in points],
        target=Mark(_y(target, 1), percent(target)),
        grid=[Mark(_y(step, top), str(step)) for step in _grid(top)],
        labels=_labels(edges, width, asked),
        width=WIDTH,
        height=HEIGHT,
        left=_LEFT,
        floor=HEIGHT - _BOTTOM,
    )
    return Markup(drawn)  # noqa: S704  (the template escapes its values)


def _bar(
    asked: Question, edges: Sequence[datetime], figures: Figures, place: int, width: float, top: int
) -> Bar:
    counts = {name: int(column[place]) for name, column in figures.counts.items()}
    answered, abandoned = counts["answered"], counts["abandoned"]
    other = counts["offered"] - answered - abandoned
    parts, below = [], 0
    for fill, count in (("fill-answered", answered), ("fill-abandoned", abandoned), ("fill-other", other)):
        if count:
            parts.append(
                (fill, round(_y(below + count, top), 1), round(_y(below, top) - _y(below + count, top), 1))
            )
        below += count
    level = figures.of(place)["service_level"]
    words = _(
        "%(time)s: %(offered)s offered, %(answered)s answered, %(abandoned)s abandoned, service level %(level)s",
        time=local_time(edges[place], "%m-%d %H:%M"),
        offered=counts["offered"],
        answered=answered,
        abandoned=abandoned,
        level=percent(level),
    )
    href = calls_behind(asked, "offered", since=edges[place], until=edges[place + 1])
    gap = min(3.0, width * 0.2)
    return Bar(round(_LEFT + place * width + gap / 2, 1), round(width - gap, 1), parts, words, href)


def _y(value: float, top: float) -> float:
    return (HEIGHT - _BOTTOM) - value / top * (HEIGHT - _BOTTOM - 12)


def _round_up(highest: int) -> int:
    scale = 1
    while True:
        for step in _STEPS:
            if step * scale * 4 >= highest:
                return step * scale * 4
        scale *= 10


def _grid(top: int) -> list[int]:
    return [top // 4 * n for n in range(5)]


def _labels(edges: Sequence[datetime], width: float, asked: Question) -> list[Mark]:
    every = max(1, -(-(len(edges) - 1) // _MOST_LABELS))
    days = (asked.until - asked.since).days > 1
    pattern = "%m-%d" if days else "%H:%M"
    return [
        Mark(round(_LEFT + place * width, 1), local_time(edges[place], pattern))
        for place in range(0, len(edges) - 1, every)
    ]
