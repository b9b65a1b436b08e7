"""How well a stretch of one party's speech was heard: is there enough to say that something is missing?"""

from __future__ import annotations

from dataclasses import dataclass

from qa.heard import HeardCall
from qa.measures.spans import clipped, total_s
from recording.models import Role

_UNKNOWN_WORD = "[unk]"


@dataclass(frozen=True, slots=True)
class Audibility:
    """What the recogniser made of a stretch.

    Attributes:
        speech_s: seconds of speech the voice-activity detector found.
        transcribed: share of it that has words, 0 to 1.
        confidence: mean ASR confidence of the words, weighted by duration; 0 without words.
        unknown: share of the words' time the model had no word for.
    """

    speech_s: float
    transcribed: float
    confidence: float
    unknown: float


def audibility(call: HeardCall, role: Role, start_s: float, end_s: float) -> Audibility:
    """Measure how well a party was heard between two times."""
    spoken = call.agent if role == Role.AGENT else call.caller
    speech_s = total_s(clipped(call.speech_of(role), start_s, end_s))
    lengths = [(w, max(0.01, w.end_s - w.start_s)) for w in spoken.words_between(start_s, end_s)]
    known = [(w, length) for w, length in lengths if w.text != _UNKNOWN_WORD]
    all_s = sum(length for _, length in lengths)
    known_s = sum(length for _, length in known)
    return Audibility(
        speech_s=speech_s,
        transcribed=min(1.0, all_s / speech_s) if speech_s > 0 else 0.0,
        confidence=sum(w.confidence * length for w, length in known) / known_s if known_s > 0 else 0.0,
        unknown=(all_s - known_s) / all_s if all_s > 0 else 0.0,
    )
