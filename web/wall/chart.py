"""Today's intervals against the same weekday before, as SVG made on the server."""

from __future__ import annotations

from flask import render_template
from markupsafe import Markup

from core.i18n import gettext as _
from ivr.metrics.board import Today
from web.formats import local_time, percent

WIDTH, HEIGHT = 960, 136
_FLOOR = HEIGHT - 22
_LEAST_PLACES = 16
"""A day that has only begun leaves room to its right; one interval alone would fill the wall with its bar."""


def today_chart(today: Today) -> Markup:
    """Draw the day's intervals with calls today or a week before; empty when there were none."""
    busy = [n for n, i in enumerate(today.intervals) if i.offered or i.before]
    if not busy:
        return Markup()
    shown = today.intervals[busy[0] : busy[-1] + 1]
    highest = max(max(i.offered, i.before) for i in shown)
    width = WIDTH / max(len(shown), _LEAST_PLACES)
    target = today.definition.service_level_target
    bars = []
    for n, interval in enumerate(shown):
        met = interval.service_level is None or interval.service_level >= target
        bars.append(
            {
                "x": round(n * width + 1, 1),
                "width": round(width - 2, 1),
                "y": round(_FLOOR - interval.offered / highest * (_FLOOR - 10), 1),
                "before": round(_FLOOR - interval.before / highest * (_FLOOR - 10), 1),
                "fill": "fill-met" if met else "fill-missed",
                "words": _(
                    "%(time)s: %(offered)s calls, a week before %(before)s, service level %(level)s",
                    time=local_time(interval.start, "%H:%M"),
                    offered=interval.offered,
                    before=interval.before,
                    level=percent(interval.service_level),
                ),
                "label": local_time(interval.start, "%H:%M") if n % max(1, len(shown) // 8) == 0 else "",
            }
        )
    compared = any(i.before for i in shown)
    drawn = render_template(
        "wall/_chart.html", bars=bars, compared=compared, width=WIDTH, height=HEIGHT, floor=_FLOOR
    )
    return Markup(drawn)  # noqa: S704  (the template escapes its values)
