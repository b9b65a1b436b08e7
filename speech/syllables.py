"""The syllables of Mandarin: for training text beyond the vocabulary, and for the garbage word `[unk]`."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from pypinyin import Style, lazy_pinyin
from pypinyin.constants import PINYIN_DICT

from sansheng.demo import lexicon

# Interjections and rare readings that espeak-ng says in its own way.
_NOT_SPOKEN = frozenset({"lo", "yo", "o", "ei", "eng", "dia", "nou", "den"})
_DIGITS = "零一幺二三四五六七八九"


@cache
def spoken() -> tuple[str, ...]:
    """Pinyin syllables with tones that espeak-ng says well, sorted."""
    return tuple(sorted(syllable for syllable in _readings() if syllable[:-1] not in _NOT_SPOKEN))


@cache
def garbage() -> tuple[tuple[str, ...], ...]:
    """Phones of every toneless syllable except the digits', sorted.

    A syllable of a spoken digit is never garbage: digit strings carry little context and would lose digits.
    """
    syllables = {tuple(part for part in lexicon.split(syllable) if part) for syllable in _readings()}
    return tuple(sorted(syllables - {lexicon.phones(digit) for digit in _DIGITS}))


def _readings() -> Iterator[str]:
    for code_point in PINYIN_DICT:
        if 0x4E00 <= code_point <= 0x9FA5:
            (syllable,) = lazy_pinyin(chr(code_point), style=Style.TONE3, neutral_tone_with_five=True)
            if lexicon.split(syllable)[1] in lexicon.FINALS:
                yield syllable
