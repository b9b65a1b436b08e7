"""Training speech: sentences, loose words and random syllables, spoken by many espeak-ng voices."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.errors import BadInput
from sansheng.demo import lexicon
from sansheng.demo.voice import SpokenPhone, Voice, speak_syllables
from speech import sentences, syllables

# fmt: off
TRAINING_VARIANTS = (
    "", "m1", "m2", "m3", "m4", "m5", "m6", "m7", "f1", "f2", "f3", "f4", "klatt", "klatt2", "klatt3", "Alex",
    "Alicia", "Andrea", "Andy", "Denis", "Diogo", "Gene", "Henrique", "Hugo", "Jacky", "Lee", "Marco", "Mario",
    "Mike", "adam", "anika", "antonio", "aunty", "belinda", "benjamin", "boris", "caleb", "david", "ed", "gustave",
    "grandma", "iven", "iven2", "john", "kaukovalta", "marcelo", "max", "michel", "norbert", "pablo", "paul",
    "pedro", "quincy", "rob", "sandro", "shelby", "steph", "steph2", "travis", "victor", "zac",
)
HELD_OUT_VARIANTS = ("f5", "m8", "klatt4", "Annie", "Michael", "edward", "linda", "steph3", "miguel", "robert")
# fmt: on

_RATES = (150, 170, 190, 210, 230, 250, 280)
_PAUSE_PROBABILITY = 0.12


class Mixture(NamedTuple):
    """Shares of the kinds of text."""

    sentences: float
    words: float
    syllables: float


TRAINING_MIXTURE = Mixture(0.45, 0.15, 0.40)


@dataclass(frozen=True, slots=True)
class Utterance:
    """Speech with its truth: 8 kHz int16 samples, the time of every phone, the words (none for syllables)."""

    samples: NDArray[np.int16]
    phones: tuple[SpokenPhone, ...]
    words: tuple[str, ...]
    voice: Voice


def utterances(seed: int, variants: Sequence[str], mixture: Mixture) -> Iterator[Utterance]:
    """Endless random utterances; what espeak-ng cannot say as written is drawn again."""
    rng = random.Random(seed)
    while True:
        words, groups = _text(rng, mixture)
        voice, pauses = _voice(rng, variants), _pauses(rng, groups)
        try:
            samples, phones = speak_syllables([s for group in groups for s in group], voice, pauses=pauses)
        except BadInput:
            continue
        yield Utterance(samples, phones, words, voice)


def _text(rng: random.Random, mixture: Mixture) -> tuple[tuple[str, ...], list[Sequence[str]]]:
    kind = rng.choices(Mixture._fields, mixture)[0]
    if kind == "syllables":
        known = syllables.spoken()
        return (), [[rng.choice(known) for _ in range(rng.randint(1, 3))] for _ in range(rng.randint(2, 6))]
    if kind == "sentences":
        words = sentences.sentence(rng)
    else:
        words = [rng.choice(sentences.vocabulary()) for _ in range(rng.randint(2, 7))]
    return tuple(words), [lexicon.syllables(word) for word in words]


def _voice(rng: random.Random, variants: Sequence[str]) -> Voice:
    return Voice(
        variant=rng.choice(variants),
        rate=rng.choice(_RATES) + rng.randint(-10, 10),
        pitch=rng.randint(25, 75),
        pitch_range=rng.randint(20, 80),
        speed_up=rng.uniform(0.93, 1.07),
    )


def _pauses(rng: random.Random, groups: Sequence[Sequence[str]]) -> set[int]:
    """Indexes of the syllables that end a word before a pause."""
    pauses, last = set(), -1
    for group in groups[:-1]:
        last += len(group)
        if rng.random() < _PAUSE_PROBABILITY:
            pauses.add(last)
    return pauses
