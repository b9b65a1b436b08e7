"""Waits: what the caller had to wait through, whether on hold or on an open line.

A wait is a hold the call log knows, or a silence. It is announced when the agent asked the caller to
wait shortly before it began; the rule (qa.rules.waits) knows the wordings.
"""

from __future__ import annotations

from dataclasses import dataclass

from qa.heard import HeardCall, Span
from qa.measures.silence import silences
from qa.measures.spans import joined


@dataclass(frozen=True, slots=True)
class Wait:
    """One wait; `on_hold` tells a hold of the call log from silence on an open line."""

    span: Span
    on_hold: bool

    @property
    def length_s(self) -> float:
        """Return its length."""
        return self.span[1] - self.span[0]


def waits(call: HeardCall, *, silence_s: float, hold_s: float = 0.0) -> list[Wait]:
    """Return the holds of at least `hold_s` and the silences of at least `silence_s`, ascending."""
    holds = [Wait(span, on_hold=True) for span in joined(call.holds) if span[1] - span[0] >= hold_s]
    quiet = [Wait(span, on_hold=False) for span in silences(call, silence_s)]
    return sorted([*holds, *quiet], key=lambda w: w.span)
