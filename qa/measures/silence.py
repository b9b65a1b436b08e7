"""Stretches in which nobody speaks, inside the conversation.

Silence before the agent's first word is the greeting's delay, and after the last word the call is over;
neither counts here. A hold that the call log knows is no silence.
"""

from __future__ import annotations

from qa.heard import HeardCall, Span
from qa.measures.spans import gaps, joined


def silences(call: HeardCall, least_s: float) -> list[Span]:
    """Return the stretches of at least `least_s` seconds without speech of anybody and without hold."""
    talk = joined(span for spans in call.speech.values() for span in spans)
    talk = [span for span in talk if span[1] > call.bridged_at_s]
    if not talk:
        return []
    quiet = gaps([*talk, *call.holds], talk[0][0], talk[-1][1])
    return [span for span in quiet if span[1] - span[0] >= least_s]
