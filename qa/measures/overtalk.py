"""Both speaking at once, and the agent interrupting the caller.

An interruption: the agent begins while the caller has been speaking for more than a second, and both
go on for at least half a second. Short signs of listening (嗯, 好的, 对) are not interruptions.
"""

from __future__ import annotations

from typing import Final

from qa.heard import HeardCall, Span
from qa.measures.spans import crossing, joined, overlap_s, total_s
from qa.phrases import sounds_of
from recording.models import Role

UNDER_WAY_S: Final = 1.0
OVERLAP_S: Final = 0.5
BREATH_S: Final = 0.5
"""A pause up to this length does not end a turn."""
BACK_CHANNEL_S: Final = 0.8
"""Speech without a recognised word and no longer than this is taken for a sign of listening."""
BACK_CHANNELS: Final = frozenset(
    sounds_of(text).text
    for text in (
        "嗯",
        "嗯嗯",
        "哦",
        "啊",
        "对",
        "对对",
        "对的",
        "好",
        "好的",
        "是",
        "是的",
        "行",
        "明白",
        "您说",
    )
)


def overtalk(call: HeardCall) -> list[Span]:
    """Return the stretches in which agent and caller speak at once."""
    pairs = crossing(joined(call.speech_of(Role.AGENT)), joined(call.speech_of(Role.CALLER)))
    return [(max(agent[0], caller[0]), min(agent[1], caller[1])) for agent, caller in pairs]


def interruptions(call: HeardCall) -> list[Span]:
    """Return the stretches of overtalk that the agent began by interrupting, ascending."""
    agents = joined(call.speech_of(Role.AGENT), gap_s=BREATH_S)
    callers = joined(call.speech_of(Role.CALLER), gap_s=BREATH_S)
    return [
        (agent[0], min(agent[1], caller[1]))
        for agent, caller in crossing(agents, callers)
        if agent[0] - caller[0] > UNDER_WAY_S
        and overlap_s(agent, caller) >= OVERLAP_S
        and not _is_back_channel(call, agent)
    ]


def _is_back_channel(call: HeardCall, span: Span) -> bool:
    words = [sounds_of(w.text).text for w in call.agent.words_between(span[0] - 0.1, span[1])]
    return all(w in BACK_CHANNELS for w in words) and (bool(words) or total_s([span]) <= BACK_CHANNEL_S)
