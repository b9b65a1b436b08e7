"""One party's words of a call, joined into searchable sound with a way back to the words and their times."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from qa.phrases.syllables import BREAK, Sounds, sounds_of

PAUSE_S: Final = 1.5
"""A longer gap between two words ends a phrase."""


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """A recognised word; `[unk]` is speech the model has no word for."""

    text: str
    start_s: float
    end_s: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Spoken:
    """A party's words and their sounds.

    Attributes:
        words: the words in order of time.
        sounds: all words' sounds, with a break at every pause.
        owner: for each syllable of `sounds`, the index of its word (-1 for a break).
        first: for each word, the index of its first syllable.
    """

    words: tuple[SpokenWord, ...]
    sounds: Sounds
    owner: tuple[int, ...]
    first: tuple[int, ...]

    @classmethod
    def of(cls, words: Iterable[SpokenWord]) -> Spoken:
        """Join words; they need not be sorted."""
        ordered = tuple(sorted(words, key=lambda w: w.start_s))
        parts: list[Sounds] = []
        owner: list[int] = []
        first: list[int] = []
        for index, word in enumerate(ordered):
            if index and word.start_s - ordered[index - 1].end_s > PAUSE_S:
                parts.append(_BREAK)
                owner.append(-1)
            first.append(len(owner))
            sounds = sounds_of(word.text)
            parts.append(sounds)
            owner += [index] * len(sounds)
        joined = Sounds(
            "".join(p.text for p in parts),
            "".join(p.toned for p in parts),
            "".join(p.plain for p in parts),
            "".join(p.merged for p in parts),
        )
        return cls(ordered, joined, tuple(owner), tuple(first))

    def between(self, start_s: float, end_s: float) -> tuple[int, int]:
        """Return the range of syllables of the words that begin in [start_s, end_s)."""
        return self._syllable(start_s), self._syllable(end_s)

    def _syllable(self, at_s: float) -> int:
        word = bisect_left(self.words, at_s, key=lambda w: w.start_s)
        return self.first[word] if word < len(self.words) else len(self.owner)

    def words_between(self, start_s: float, end_s: float) -> tuple[SpokenWord, ...]:
        """Return the words that begin in [start_s, end_s)."""
        low = bisect_left(self.words, start_s, key=lambda w: w.start_s)
        return self.words[low : bisect_left(self.words, end_s, key=lambda w: w.start_s)]


_BREAK: Final = Sounds(BREAK, BREAK, BREAK, BREAK)
