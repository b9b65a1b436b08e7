"""How fast a party speaks: syllables for each minute of voice, digits read out, pauses not counted.

Utterances of less than five syllables are skipped: a single 您好 says nothing about speed.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import Final

from qa.heard import HeardCall, HeardUtterance
from qa.measures.spans import clipped, total_s
from qa.phrases import sounds_of
from recording.models import Role

LEAST_SYLLABLES: Final = 5


@dataclass(frozen=True, slots=True)
class SpeechRate:
    """Syllables a minute: the median over utterances, and the share of utterances above the limit."""

    per_minute: float
    fast_share: float
    utterances: int


def speech_rate(call: HeardCall, role: Role, *, limit: float) -> SpeechRate | None:
    """Measure a party's speed; None when no utterance is long enough."""
    rates = [rate for u in call.utterances_of(role) if (rate := _rate(call, u)) is not None]
    if not rates:
        return None
    return SpeechRate(median(rates), sum(r > limit for r in rates) / len(rates), len(rates))


def _rate(call: HeardCall, utterance: HeardUtterance) -> float | None:
    syllables = sum(len(sounds_of(w.text)) for w in utterance.words)
    voiced = total_s(clipped(call.speech_of(utterance.role), utterance.start_s, utterance.end_s))
    if syllables < LEAST_SYLLABLES or voiced <= 0:
        return None
    return 60 * syllables / voiced
