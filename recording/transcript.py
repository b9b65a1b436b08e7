"""What was said, as values: words on a track, utterances in turn order.

Nothing here knows a recogniser or a database row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from recording.models import Role

UNKNOWN_WORD: Final = "[unk]"
"""What a recogniser writes for speech it has no word for."""
PAUSE_S: Final = 0.8
"""A pause this long ends an utterance."""
TURN_PAUSE_S: Final = 0.25
"""A pause this long ends an utterance if the other party speaks in it."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a recording, seconds from its start."""

    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Word:
    """A recognised word and when it was said; confidence is 0 to 1."""

    text: str
    start_s: float
    end_s: float
    confidence: float

    @property
    def known(self) -> bool:
        """False for speech the model has no word for."""
        return self.text != UNKNOWN_WORD


@dataclass(frozen=True, slots=True)
class SpokenUtterance:
    """One stretch of one party's speech; `words` holds [unk] too, `text` does not."""

    channel: int
    role: Role
    words: tuple[Word, ...]

    @property
    def start_s(self) -> float:
        """When its first word starts."""
        return self.words[0].start_s

    @property
    def end_s(self) -> float:
        """When its last word ends."""
        return self.words[-1].end_s

    @property
    def text(self) -> str:
        """Its words as one would write them: Chinese without spaces, Latin words apart."""
        return join_words([word.text for word in self.words if word.known])


def join_words(words: Sequence[str]) -> str:
    """Write words in a line, with a space only between two that are Latin or numbers."""
    line = ""
    for word in words:
        apart = line and word and line[-1].isascii() and word[0].isascii()
        line += f" {word}" if apart else word
    return line


def turns(tracks: Sequence[Sequence[Word]], roles: Sequence[Role]) -> list[SpokenUtterance]:
    """Split each track's words into utterances and put those of all tracks in the order they began.

    People talk over each other: utterances may overlap, and keep their own times. A short pause
    splits an utterance only where the other party speaks in it, so that an answer never stands after
    words that were said later.
    """
    utterances = [
        SpokenUtterance(channel, roles[channel], tuple(group))
        for channel, words in enumerate(tracks)
        for group in _utterances(
            words, [w for other, track in enumerate(tracks) if other != channel for w in track]
        )
    ]
    return sorted(utterances, key=lambda u: (u.start_s, u.channel))


def _utterances(words: Sequence[Word], others: Sequence[Word]) -> list[list[Word]]:
    if not words:
        return []
    begins = sorted(word.start_s for word in others)
    groups, upcoming = [[words[0]]], 0
    for before, word in pairwise(words):
        while upcoming < len(begins) and begins[upcoming] < before.end_s:
            upcoming += 1
        pause_s = word.start_s - before.end_s
        answered = upcoming < len(begins) and begins[upcoming] < word.start_s
        if pause_s >= PAUSE_S or (pause_s >= TURN_PAUSE_S and answered):
            groups.append([word])
        else:
            groups[-1].append(word)
    return groups


def confidence(words: Sequence[Word]) -> float | None:
    """Return the mean confidence, weighted by duration; speech without a word counts as 0. None: no words."""
    total = sum(word.end_s - word.start_s for word in words)
    if total <= 0:
        return None
    return sum((word.end_s - word.start_s) * word.confidence for word in words if word.known) / total
