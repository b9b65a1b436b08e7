"""How long after the bridge the agent begins to speak."""

from __future__ import annotations

from dataclasses import dataclass

from qa.heard import HeardCall, Span
from recording.models import Role


@dataclass(frozen=True, slots=True)
class GreetingDelay:
    """The agent's first speech.

    Attributes:
        delay_s: seconds from the bridge; 0 when the agent was already speaking.
        span: from the bridge to the end of that stretch of speech.
    """

    delay_s: float
    span: Span


def greeting_delay(call: HeardCall) -> GreetingDelay | None:
    """Measure the delay; None when the agent never speaks."""
    bridge = call.bridged_at_s
    for start, end in call.speech_of(Role.AGENT):
        if end > bridge:
            return GreetingDelay(max(0.0, start - bridge), (min(bridge, start), end))
    return None
