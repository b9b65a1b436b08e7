"""Mandarin text as sounds: one code point a syllable, so that string search works on pronunciation.

Three spellings of the same length are made of every text: `toned` (syllable and tone), `plain` (no
tone) and `merged` (what accents and recognisers confuse is one sound: zh/z ch/c sh/s, n/l,
hu-/f-, -ng/-n). Digits are read out, 幺 is 一, fillers written 嗯 恩 唔 are one sound. What has no
Mandarin sound (letters, `[unk]`) stands for itself.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from pypinyin import Style, lazy_pinyin

UNKNOWN: Final = "\ufffd"
"""Speech the model has no word for."""
BREAK: Final = "\n"
"""A pause long enough to end a phrase; it matches nothing."""

_DIGITS: Final = str.maketrans("0123456789〇", "零一二三四五六七八九零")
_SPELLINGS: Final = str.maketrans({"幺": "一", "恩": "嗯", "唔": "嗯", "诶": "哎", "欸": "哎", "唉": "哎"})
_SYLLABLE: Final = re.compile(
    r"(?P<initial>zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw]?)(?P<final>[a-zê]+)(?P<tone>[0-5]?)"
)
_NASAL_FILLERS: Final = frozenset({"n", "m", "ng", "hm", "hng"})

_INITIALS: Final = ("", *"bpmfdtnlgkhjqxrzcsyw", "zh", "ch", "sh")
_FINALS: Final = (
    *("a", "o", "e", "ê", "ai", "ei", "ao", "ou", "an", "en", "ang", "eng", "ong", "er"),
    *("i", "ia", "ie", "iao", "iu", "ian", "in", "iang", "ing", "iong", "io"),
    *("u", "ua", "uo", "uai", "ui", "uan", "un", "uang", "ue", "v", "ve", "van", "vn", "ueng"),
)
_BASE: Final = 0xF0000  # a private-use plane: no written character is there
_MERGED_INITIALS: Final = {"zh": "z", "ch": "c", "sh": "s", "n": "l"}
_NEUTRAL: Final = 5


@dataclass(frozen=True, slots=True)
class Sounds:
    """One text in its written form and three spellings; all four have one character a syllable."""

    text: str
    toned: str
    plain: str
    merged: str

    def __len__(self) -> int:
        """Return the number of syllables."""
        return len(self.text)


@lru_cache(maxsize=65536)
def sounds_of(text: str) -> Sounds:
    """Spell a text; punctuation and spaces are dropped. `[unk]` is one unknown syllable."""
    if text == "[unk]":
        return Sounds(UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN)
    written = normalise(text)
    spoken = lazy_pinyin(written, style=Style.TONE3, neutral_tone_with_five=True, errors=_each_for_itself)
    syllables = [_parse(s) for s in spoken]
    return Sounds(
        written,
        "".join(_toned(s) for s in syllables),
        "".join(_plain(s) for s in syllables),
        "".join(_plain(_merge(s)) for s in syllables),
    )


def _each_for_itself(letters: str) -> Any:
    return list(letters)  # pypinyin takes a list too; its annotation says str


def normalise(text: str) -> str:
    """Fold width, case, digits and the spellings of fillers; keep letters and characters only."""
    folded = unicodedata.normalize("NFKC", text).lower().translate(_DIGITS).translate(_SPELLINGS)
    return "".join(c for c in folded if c.isalnum())


_Syllable = tuple[str, str, int] | str
"""(initial, final, tone), or a character without a Mandarin sound."""


def _parse(spoken: str) -> _Syllable:
    if spoken.rstrip("012345") in _NASAL_FILLERS and len(spoken) > 1:
        return "", "en", _NEUTRAL
    found = _SYLLABLE.fullmatch(spoken.replace("ü", "v"))
    if found is None or found["final"] not in _FINALS:
        return spoken[0]
    return found["initial"], found["final"], int(found["tone"] or _NEUTRAL)


def _merge(syllable: _Syllable) -> _Syllable:
    if isinstance(syllable, str):
        return syllable
    initial, final, tone = syllable
    if initial == "h" and final.startswith("u"):
        initial, final = "f", {"u": "u", "ui": "ei", "un": "en"}.get(final, final[1:])
    if final.endswith("ng") and final not in ("ong", "iong"):
        final = final[:-1]
    return _MERGED_INITIALS.get(initial, initial), final, tone


def _toned(syllable: _Syllable) -> str:
    return syllable if isinstance(syllable, str) else chr(ord(_plain(syllable)) + syllable[2])


def _plain(syllable: _Syllable) -> str:
    if isinstance(syllable, str):
        return syllable
    initial, final, _tone = syllable
    return chr(_BASE + (_INITIALS.index(initial) * len(_FINALS) + _FINALS.index(final)) * (_NEUTRAL + 1))


def same_tones(heard: str, wanted: str) -> bool:
    """Compare two `toned` spellings of equal plain sound; the neutral tone agrees with every tone."""
    return all(
        a == b or ord(a) < _BASE or _NEUTRAL in ((ord(a) - _BASE) % 6, (ord(b) - _BASE) % 6)
        for a, b in zip(heard, wanted, strict=True)
    )
