"""Phrase matching by sound: what was said, found in what an error-prone recogniser wrote."""

from qa.phrases.matching import DOUBTFUL, SIMILAR, Hit, by_sound, half_heard, sounds_alike, word_for_word
from qa.phrases.phrase import SLOTS, Phrase
from qa.phrases.spoken import Spoken, SpokenWord
from qa.phrases.syllables import UNKNOWN, sounds_of

__all__ = [
    "DOUBTFUL",
    "SIMILAR",
    "SLOTS",
    "UNKNOWN",
    "Hit",
    "Phrase",
    "Spoken",
    "SpokenWord",
    "by_sound",
    "half_heard",
    "sounds_alike",
    "sounds_of",
    "word_for_word",
]
