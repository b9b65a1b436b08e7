"""How much of the talking the agent does."""

from __future__ import annotations

from qa.heard import HeardCall
from qa.measures.spans import total_s
from recording.models import Role


def talk_ratio(call: HeardCall) -> float | None:
    """Return the agent's share of all speech, 0 to 1; None when nobody speaks."""
    agent = total_s(call.speech_of(Role.AGENT))
    both = agent + total_s(call.speech_of(Role.CALLER))
    return agent / both if both > 0 else None
