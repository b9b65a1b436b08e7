"""A synthetic voice for prompts that nobody has recorded yet: plain, but every caller is spoken to from day one."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from pypinyin import Style, lazy_pinyin

from ivr.asterisk.config.sounds import Samples
from sansheng.demo.voice import Voice, read_aloud

_VOICE: Final = Voice(variant="f2", rate=165)
_ENGLISH: Final = "en-us"
_DIGITS: Final = dict(zip("0123456789", "零一二三四五六七八九", strict=True))
_STOPS: Final = re.compile(r"[，。：；、！？,.:;!?]+")


def speak_prompt(text: str, language: str) -> Samples | None:
    """Speak a prompt; None for a language other than Chinese and English."""
    if language == "zh":
        return read_aloud(_pinyin(text), _VOICE)
    if language == "en":
        return read_aloud(_ascii(text), _VOICE, language=_ENGLISH)
    return None


def _pinyin(text: str) -> str:
    """Return a Chinese text as pinyin with tone digits; stops become pauses."""
    spoken = "".join(_DIGITS.get(character, character) for character in text)
    parts = (
        " ".join(lazy_pinyin(part, style=Style.TONE3, neutral_tone_with_five=True, errors="ignore"))
        for part in _STOPS.split(spoken)
    )
    return " , ".join(part for part in parts if part)


def _ascii(text: str) -> str:
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")
