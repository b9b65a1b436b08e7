"""Small charts as SVG made on the server: testable, printable, without script.

Bars stretch to their column; their words stand beside them as HTML, so they never scale.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask import render_template
from markupsafe import Markup

from core.i18n import gettext as _
from ivr.models import Call
from recording.models import Role, Track
from web.formats import duration, percent

_WIDTH = 1000.0


@dataclass(frozen=True, slots=True)
class Part:
    """One piece of a bar: its length in the bar's unit, its colour class, its name and value in words."""

    length: float
    fill: str
    name: str
    value: str


def _drawn(template: str, **values: object) -> Markup:
    return Markup(render_template(template, **values))  # noqa: S704  (the template escapes its values)


def stacked_bar(title: str, parts: Sequence[Part]) -> Markup:
    """Draw pieces one after another on one bar with a legend; empty when there is nothing to draw."""
    shown = [part for part in parts if part.length > 0]
    total = sum(part.length for part in shown)
    if not total:
        return Markup()
    rectangles, x = [], 0.0
    for part in shown:
        width = part.length / total * _WIDTH
        rectangles.append((round(x, 1), round(width, 1), part.fill))
        x += width
    return _drawn("charts/stacked.html", title=title, rectangles=rectangles, parts=shown)


def time_strip(call: Call) -> Markup:
    """Draw how the caller's time was spent: waiting, ringing, talking."""
    wait, ring, talk = call.wait_s or 0.0, call.ring_s or 0.0, call.talk_s or 0.0
    ring = min(ring, wait)
    parts = [
        Part(wait - ring, "fill-wait", _("wait"), duration(wait - ring)),
        Part(ring, "fill-ring", _("ring"), duration(ring)),
        Part(talk, "fill-talk", _("talk"), duration(talk)),
    ]
    return stacked_bar(_("The caller's time"), parts)


def talk_strip(tracks: Sequence[Track], bridged_at_s: float = 0.0) -> Markup:
    """Draw who did the talking from the bridge on; empty unless both roles are known."""
    speech = {
        track.role: sum(max(0.0, end - max(start, bridged_at_s)) for start, end in track.speech)
        for track in tracks
    }
    agent, caller = speech.get(Role.AGENT, 0.0), speech.get(Role.CALLER, 0.0)
    if not agent or not caller:
        return Markup()
    share = agent / (agent + caller)
    parts = [
        Part(agent, "fill-agent", _("agent"), percent(share)),
        Part(caller, "fill-caller", _("caller"), percent(1 - share)),
    ]
    return stacked_bar(_("Share of the talking"), parts)


def share_bar(share: float | None, name: str) -> Markup:
    """Draw one share of 0 to 1, as a section's score; empty when it is not known."""
    if share is None:
        return Markup()
    return _drawn("charts/share.html", width=round(share * _WIDTH, 1), text=f"{name}: {percent(share)}")


def interval_bar(low: float, middle: float, high: float, text: str) -> Markup:
    """Draw a score of 0 to 100 with its confidence interval."""
    scale = _WIDTH / 100
    return _drawn(
        "charts/interval.html", low=low * scale, middle=middle * scale, width=(high - low) * scale, text=text
    )
