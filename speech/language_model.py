"""A bigram language model that leaves any word order possible.

Absolute discounting over word pairs, backing off to a flattened unigram over the whole vocabulary; every history
keeps some back-off mass, because a hotline model must hear what is said, not what is usual.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

START, END = "<s>", "</s>"

_DISCOUNT = 0.6
_LEAST_BACK_OFF = 0.05
_FLATTENING = 0.6


@dataclass(frozen=True, slots=True)
class Bigram:
    """Probabilities of words.

    Attributes:
        unigram: over the vocabulary and `</s>`.
        after: per history, probabilities of the words seen after it.
        back_off: per history, the weight of the unigram for all other words.
    """

    unigram: Mapping[str, float]
    after: Mapping[str, Mapping[str, float]]
    back_off: Mapping[str, float]


def estimate(sentences: Iterable[Sequence[str]], vocabulary: Collection[str]) -> Bigram:
    """Count and smooth; words outside the vocabulary must not occur."""
    singles: Counter[str] = Counter()
    pairs: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for sentence in sentences:
        history = START
        for word in [*sentence, END]:
            singles[word] += 1
            pairs[history][word] += 1
            history = word
    unigram = _flattened(singles, [*vocabulary, END])
    after = {history: _smoothed(counts, unigram) for history, counts in pairs.items()}
    back_off = {
        history: (1 - sum(seen.values())) / max(1e-9, 1 - sum(unigram[word] for word in seen))
        for history, seen in after.items()
    }
    return Bigram(unigram, after, back_off)


def _flattened(counts: Counter[str], words: Sequence[str]) -> dict[str, float]:
    total = sum(counts.values()) + len(words)
    raw = {word: (counts[word] + 1) / total for word in words}
    mass = sum(probability**_FLATTENING for probability in raw.values())
    return {word: 0.5 * probability**_FLATTENING / mass + 0.5 / len(raw) for word, probability in raw.items()}


def _smoothed(counts: Counter[str], unigram: Mapping[str, float]) -> dict[str, float]:
    total = sum(counts.values())
    freed = _DISCOUNT * len(counts) / total
    left = max(freed, _LEAST_BACK_OFF)
    scale = (1 - left) / (1 - freed)
    return {
        word: scale * (count - _DISCOUNT) / total + left * unigram[word] for word, count in counts.items()
    }
