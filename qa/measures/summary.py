"""The numbers of one call side by side, for pages and exports; they describe, they do not grade."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from qa.heard import HeardCall
from qa.measures.audibility import audibility
from qa.measures.overtalk import interruptions, overtalk
from qa.measures.silence import silences
from qa.measures.spans import total_s
from qa.measures.speech_rate import speech_rate
from qa.measures.talk_ratio import talk_ratio
from recording.models import Role

FAST_PER_MINUTE: Final = 300.0
"""Syllables a minute above which speech is called fast; the sources give no number."""
_SILENCE_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class CallNumbers:
    """The measures of a call; None where a role is not known, a party was not recorded, or nobody speaks.

    Attributes:
        talk_ratio: the agent's share of all speech, 0 to 1.
        overtalk_s: seconds in which both speak.
        interruptions: times the agent interrupted the caller.
        silence_s: seconds in silences of two seconds and more, holds not counted.
        longest_silence_s: the longest of them.
        agent_rate: the agent's syllables a minute of voice, median over utterances.
        agent_fast: share of the agent's utterances above 300 syllables a minute.
        caller_rate: the caller's syllables a minute.
        agent_confidence: mean ASR confidence of the agent's words.
    """

    talk_ratio: float | None
    overtalk_s: float | None
    interruptions: int | None
    silence_s: float | None
    longest_silence_s: float | None
    agent_rate: float | None
    agent_fast: float | None
    caller_rate: float | None
    agent_confidence: float | None


def call_numbers(call: HeardCall) -> CallNumbers:
    """Take all measures of a call."""
    quiet = silences(call, _SILENCE_S)
    agent = speech_rate(call, Role.AGENT, limit=FAST_PER_MINUTE)
    caller = speech_rate(call, Role.CALLER, limit=FAST_PER_MINUTE)
    both = call.has_track(Role.AGENT) and call.has_track(Role.CALLER)
    everybody = both or not call.roles_known  # on a mixed track too, silence is silence of both
    heard = audibility(call, Role.AGENT, 0, call.duration_s)
    return CallNumbers(
        talk_ratio=talk_ratio(call) if both else None,
        overtalk_s=total_s(overtalk(call)) if both else None,
        interruptions=len(interruptions(call)) if both else None,
        silence_s=total_s(quiet) if everybody else None,
        longest_silence_s=max((end - start for start, end in quiet), default=0.0) if everybody else None,
        agent_rate=agent.per_minute if agent else None,
        agent_fast=agent.fast_share if agent else None,
        caller_rate=caller.per_minute if caller else None,
        agent_confidence=heard.confidence if heard.speech_s > 0 else None,
    )
