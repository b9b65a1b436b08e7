"""Finding phrases in recognised speech.

Four ways, from lenient to strict (measured by `bench/phrases.py`):

- `by_sound`: required phrases. The best-aligned stretch of merged sounds, because a recogniser that
  gets a quarter of the characters wrong mostly writes other characters for nearly the same sounds.
  A phrase of up to four syllables must sound the same throughout: chance alone gets three of four
  right now and then, so that is a doubt, not a hit.
- `half_heard`: a doubt about a phrase of two or three syllables, worth having only where it is expected.
- `word_for_word`: forbidden phrases. The same syllables with the same tones; up to two syllables the
  written characters must agree too (步行 sounds like 不行), and one syllable must be a word by itself.
- `sounds_alike`: a hint that a forbidden phrase of three syllables or more may have been said;
  a person should listen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from rapidfuzz.fuzz import partial_ratio_alignment

from qa.phrases.spoken import Spoken
from qa.phrases.syllables import UNKNOWN, Sounds, same_tones, sounds_of

SHORT: Final = 4
"""Syllables up to which a phrase must sound the same throughout."""
SIMILAR: Final = 75.0
"""Similarity (0 to 100) from which a longer phrase counts as said."""
DOUBTFUL: Final = 65.0
"""Similarity from which a longer phrase may have been said: a person decides."""
_SAME: Final = 100.0
_THREE_OF_FOUR: Final = 75.0
_AS_WRITTEN: Final = 2
_HALF_HEARD: Final = (2, 3)

Range = tuple[int, int]
"""Syllables [first, last) of a `Spoken`."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A place where a phrase was heard.

    Attributes:
        phrase: the wording looked for, slots filled.
        similarity: 0 to 100.
        words: the range of words [first, last).
        start_s: start of the first word.
        end_s: end of the last word.
        quote: the words as recognised.
        confidence: the words' mean ASR confidence, weighted by duration.
    """

    phrase: str
    similarity: float
    words: Range
    start_s: float
    end_s: float
    quote: str
    confidence: float


def by_sound(
    phrase: str, spoken: Spoken, within: Range | None = None, *, least: float = SIMILAR
) -> list[Hit]:
    """Return the places that sound like a phrase, in order of time, none overlapping another.

    Args:
        phrase: the wording.
        spoken: a party's words.
        within: syllables to look at; None for all.
        least: similarity that is enough, for phrases of more than four syllables; below `SIMILAR`, three
            of four syllables are enough too.
    """
    wanted = sounds_of(phrase)
    if not wanted or UNKNOWN in wanted.text:
        return []
    low, high = within or (0, len(spoken.owner))
    written = [(start, start + len(wanted)) for start in _runs(wanted.text, spoken.sounds.text, low, high)]
    found = [(start, end, _SAME) for start, end in written]
    for piece in _between(written, low, high):
        if len(wanted) < SHORT or (len(wanted) == SHORT and least >= SIMILAR):
            runs = _runs(wanted.merged, spoken.sounds.merged, *piece)
            found += [(start, start + len(wanted), _SAME) for start in runs]
        else:
            enough = max(least, _THREE_OF_FOUR) if len(wanted) == SHORT else least
            found += _aligned(wanted.merged, spoken.sounds.merged, *piece, enough)
    hits = (_hit(phrase, spoken, start, end, score) for start, end, score in sorted(found))
    return [hit for hit in hits if hit is not None]


def _between(ranges: list[Range], low: int, high: int) -> Iterator[Range]:
    """Yield what lies between the ranges. Characters that agree need no sounds: 行 alone is read xing."""
    for start, end in ranges:
        yield low, start
        low = end
    yield low, high


def _aligned(wanted: str, heard: str, low: int, high: int, enough: float) -> list[tuple[int, int, float]]:
    """Return (start, end, similarity) of the best stretch, and of those left of it and right of it."""
    found: list[tuple[int, int, float]] = []
    pending = [(low, high)]
    while pending:
        low, high = pending.pop()
        # Padding keeps the heard part the longer one: rapidfuzz would else look for it in the phrase.
        part = heard[low:high] + UNKNOWN * max(0, len(wanted) - (high - low))
        best = partial_ratio_alignment(wanted, part, score_cutoff=enough)
        if best is None or best.dest_start >= min(best.dest_end, high - low):
            continue
        start, end = low + best.dest_start, min(high, low + best.dest_end)
        found.append((start, end, best.score))
        pending += [(low, start), (end, high)]
    return sorted(found)


def half_heard(phrase: str, spoken: Spoken, within: Range) -> list[Hit]:
    """Return where all syllables but one of a phrase of two or three stand in their places."""
    wanted = sounds_of(phrase)
    if len(wanted) not in _HALF_HEARD:
        return []
    heard, (low, high) = spoken.sounds.merged, within
    agreeing = (
        (start, sum(a == b for a, b in zip(wanted.merged, heard[start : start + len(wanted)], strict=True)))
        for start in range(low, high - len(wanted) + 1)
    )
    hits = (
        _hit(phrase, spoken, start, start + len(wanted), 100 * same / len(wanted))
        for start, same in agreeing
        if same >= len(wanted) - 1
    )
    return [hit for hit in hits if hit is not None]


def word_for_word(
    phrase: str, spoken: Spoken, within: Range | None = None, *, unless: Iterable[str] = ()
) -> list[Hit]:
    """Return the places where exactly this was said and not as part of one of the `unless` wordings."""
    wanted = sounds_of(phrase)
    runs = [run for run in _same_syllables(wanted, spoken, within) if _agrees(wanted, spoken, run)]
    return _outside(phrase, spoken, runs, unless)


def sounds_alike(
    phrase: str, spoken: Spoken, within: Range | None = None, *, unless: Iterable[str] = ()
) -> list[Hit]:
    """Return the places with the phrase's syllables whatever their tones; none for up to two syllables."""
    wanted = sounds_of(phrase)
    if len(wanted) <= _AS_WRITTEN:
        return []
    return _outside(phrase, spoken, _same_syllables(wanted, spoken, within), unless)


def _same_syllables(wanted: Sounds, spoken: Spoken, within: Range | None) -> list[Range]:
    """Return where the characters or the syllables agree."""
    low, high = within or (0, len(spoken.owner))
    starts = {*_runs(wanted.text, spoken.sounds.text, low, high)}
    starts |= {*_runs(wanted.plain, spoken.sounds.plain, low, high)}
    return [(start, start + len(wanted)) for start in sorted(starts)]


def _runs(wanted: str, heard: str, low: int, high: int) -> Iterator[int]:
    """Yield where a text begins, without overlaps."""
    start = heard.find(wanted, low, high) if wanted else -1
    while start >= 0:
        yield start
        start = heard.find(wanted, start + len(wanted), high)


def _agrees(wanted: Sounds, spoken: Spoken, run: Range) -> bool:
    start, end = run
    if spoken.sounds.text[start:end] == wanted.text:
        return len(wanted) > 1 or len(sounds_of(spoken.words[spoken.owner[start]].text)) == 1
    if len(wanted) <= _AS_WRITTEN or spoken.sounds.plain[start:end] != wanted.plain:
        return False
    return same_tones(spoken.sounds.toned[start:end], wanted.toned)


def _outside(phrase: str, spoken: Spoken, runs: list[Range], unless: Iterable[str]) -> list[Hit]:
    if not runs:
        return []
    contexts = [c for text in unless for c in _same_syllables(sounds_of(text), spoken, None)]
    kept = [r for r in runs if not any(c[0] <= r[0] and r[1] <= c[1] for c in contexts)]
    return [hit for start, end in kept if (hit := _hit(phrase, spoken, start, end, _SAME))]


def _hit(phrase: str, spoken: Spoken, start: int, end: int, similarity: float) -> Hit | None:
    owners = [o for o in spoken.owner[start:end] if o >= 0]
    if not owners:
        return None
    words = spoken.words[owners[0] : owners[-1] + 1]
    length = sum(w.end_s - w.start_s for w in words)
    weighted = sum(w.confidence * (w.end_s - w.start_s) for w in words)
    return Hit(
        phrase=phrase,
        similarity=round(similarity, 1),
        words=(owners[0], owners[-1] + 1),
        start_s=words[0].start_s,
        end_s=words[-1].end_s,
        quote="".join(w.text for w in words),
        confidence=weighted / length if length > 0 else sum(w.confidence for w in words) / len(words),
    )
