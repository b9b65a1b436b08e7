"""Words of the demo vocabulary as pinyin and as the phones of the demo model.

One copy serves both sides: the demo speaks with it, the training recipe (`speech/`) builds its labels and its
decoding graph with it. Phones are initials and toneless finals; the three vowels written *i* (ji, zi, zhi)
are told apart as `i`, `ii`, `iii`, and *ü* is `v`. It is not for matching phrases in transcripts.
"""

from __future__ import annotations

from functools import cache

from pypinyin import Style, lazy_pinyin

INITIALS = (
    "b",
    "p",
    "m",
    "f",
    "d",
    "t",
    "n",
    "l",
    "g",
    "k",
    "h",
    "j",
    "q",
    "x",
    "zh",
    "ch",
    "sh",
    "r",
    "z",
    "c",
    "s",
)
FINALS = (
    *("a", "o", "e", "ai", "ei", "ao", "ou", "an", "en", "ang", "eng", "ong", "er", "i", "ii", "iii"),
    *("ia", "ie", "iao", "iu", "ian", "in", "iang", "ing", "iong"),
    *("u", "ua", "uo", "uai", "ui", "uan", "un", "uang", "ueng", "v", "ve", "van", "vn"),
)
SILENCE = "SIL"
BASE_PHONES = (SILENCE, *INITIALS, *FINALS)

# Where the most frequent reading is not the one a hotline means, and neutral tones pypinyin does not give.
_READINGS = {
    "幺": "yao1",
    "喂": "wei2",
    "嗯": "en5",
    "行": "xing2",
    "不行": "bu4 xing2",
    "银行卡": "yin2 hang2 ka3",
    "重庆": "chong2 qing4",
    "重新": "chong2 xin1",
    "得": "de5",
    "了": "le5",
    "还": "hai2",
    "还有": "hai2 you3",
    "了解": "liao3 jie3",
    "听得见": "ting1 de5 jian4",
    "上不了": "shang4 bu4 liao3",
    "差": "cha4",
    "差不多": "cha4 bu5 duo1",
    "单号": "dan1 hao4",
    "的": "de5",
    "长": "chang2",
    "都": "dou1",
    "少": "shao3",
    "没空": "mei2 kong4",
    "就": "jiu4",
    "吧": "ba5",
    "发错": "fa1 cuo4",
    "登记": "deng1 ji4",
    "为": "wei4",
    "解决": "jie3 jue2",
}

# Spellings of syllables without an initial.
_ZERO_INITIAL = {
    "yi": "i",
    "ya": "ia",
    "ye": "ie",
    "yao": "iao",
    "you": "iu",
    "yan": "ian",
    "yin": "in",
    "yang": "iang",
    "ying": "ing",
    "yong": "iong",
    "wu": "u",
    "wa": "ua",
    "wo": "uo",
    "wai": "uai",
    "wei": "ui",
    "wan": "uan",
    "wen": "un",
    "wang": "uang",
    "weng": "ueng",
    "yu": "v",
    "yue": "ve",
    "yuan": "van",
    "yun": "vn",
    "yo": "o",
}
_AFTER_JQX = {"u": "v", "ue": "ve", "uan": "van", "un": "vn"}


@cache
def syllables(word: str) -> tuple[str, ...]:
    """Pinyin syllables of a word, each with its tone digit (5 = neutral) and `v` for *ü*."""
    if word in _READINGS:
        return tuple(_READINGS[word].split())
    read = lazy_pinyin(word, style=Style.TONE3, neutral_tone_with_five=True, v_to_u=False)
    return tuple(syllable if syllable[-1].isdigit() else f"{syllable}5" for syllable in read)


def split(syllable: str) -> tuple[str, str]:
    """Initial (may be empty) and canonical final: `zhuang1` gives `("zh", "uang")`, `wo3` gives `("", "uo")`."""
    bare = syllable.rstrip("012345").replace("ü", "v")
    if bare in _ZERO_INITIAL:
        return "", _ZERO_INITIAL[bare]
    initial = next((i for i in ("zh", "ch", "sh", bare[:1]) if bare.startswith(i) and i in INITIALS), "")
    return initial, _canonical_final(initial, bare.removeprefix(initial))


def _canonical_final(initial: str, final: str) -> str:
    if initial in ("j", "q", "x"):
        final = _AFTER_JQX.get(final, final)
    if final == "ue":
        return "ve"
    if final == "o" and initial in ("b", "p", "m", "f"):
        return "uo"
    if final == "i" and initial in ("z", "c", "s"):
        return "ii"
    if final == "i" and initial in ("zh", "ch", "sh", "r"):
        return "iii"
    return final


@cache
def phones(word: str) -> tuple[str, ...]:
    """Phones of a word.

    Raises:
        ValueError: the word has a syllable outside standard Mandarin (letters, digits, rare readings).
    """
    found = tuple(part for syllable in syllables(word) for part in split(syllable) if part)
    if unknown := [phone for phone in found if phone not in BASE_PHONES]:
        message = f"{word!r} has no Mandarin reading this model knows (at {unknown[0]!r}); write it in Hanzi"
        raise ValueError(message)
    return found
