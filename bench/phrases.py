"""Recall of phrase matching by character error rate, and false hits on sentences that only come close.

    python -m bench.phrases [--json]

The errors are synthetic and seeded: 55 % of them write another character of the same sound, 20 % one
of a sound that accents confuse, the rest are random characters, losses and insertions. Real 8 kHz
recordings will differ; the table compares matchers, it does not promise a rate.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Callable
from functools import cache
from typing import Any

from rapidfuzz.fuzz import partial_ratio

from qa.phrases import SIMILAR, Spoken, SpokenWord, by_sound, sounds_of

RATES = (0.0, 0.1, 0.2, 0.3, 0.4)
TRIALS = 300

PHRASES = (
    "您好这里是云帆科技",
    "售后服务部",
    "很高兴为您服务",
    "请问有什么可以帮您",
    "工号一零零三为您服务",
    "请您稍等我帮您查询一下",
    "非常抱歉让您久等了",
    "请问您还有其他需要吗",
    "感谢您的来电再见",
    "稍后给您回复好吗",
)
SHORT_PHRASES = ("您好", "再见", "请稍等", "对不起", "谢谢您", "请问贵姓")
HARD_NEGATIVES = (
    "你好我想问一下服务费怎么收",
    "这里的快递员态度很好",
    "我在科技园上班帮我寄到公司",
    "你们什么时候给我回电话",
    "我的工资卡号是一零零八",
    "为什么不可以退款",
    "其他的东西我都收到了",
    "我等了很久了没有人来",
    "查到了吗我很着急",
    "电话费多扣了三十元",
    "售后的师傅没有来维修",
    "请你帮我问一下他们部门",
    "我没有别的意思就是要退货",
    "感觉你们的来货有问题",
    "高兴什么我都急死了",
)

Matcher = Callable[[str, str], bool]


@cache
def _alphabet() -> tuple[str, dict[str, str], dict[str, str]]:
    """Return the 3755 most used characters, and those of each plain and each merged sound."""
    level_one = bytes(range(0xB0, 0xD8))
    common = "".join(
        bytes((high, low)).decode("gb2312", "ignore") for high in level_one for low in range(0xA1, 0xFF)
    )
    plain: dict[str, str] = {}
    merged: dict[str, str] = {}
    for character in common:
        sounds = sounds_of(character)
        plain[sounds.plain] = plain.get(sounds.plain, "") + character
        merged[sounds.merged] = merged.get(sounds.merged, "") + character
    return common, plain, merged


def misheard(text: str, rate: float, rng: random.Random) -> str:
    """Return a text as a recogniser with this character error rate might write it."""
    common, plain, merged = _alphabet()
    out = []
    for character in text:
        if rng.random() >= rate:
            out.append(character)
            continue
        sounds, kind = sounds_of(character), rng.random()
        if kind < 0.55:
            out.append(_other(character, plain[sounds.plain], common, rng))
        elif kind < 0.75:
            out.append(_other(character, merged[sounds.merged], common, rng))
        elif kind < 0.90:
            out.append(rng.choice(common))
        elif kind < 0.95:
            out += [character, rng.choice(common)]
    return "".join(out)


def _other(character: str, candidates: str, common: str, rng: random.Random) -> str:
    others = candidates.replace(character, "")
    return rng.choice(others or common)


def spoken(text: str) -> Spoken:
    """Return a text as somebody's words, one a character, four a second."""
    return Spoken.of(SpokenWord(c, n / 4, (n + 1) / 4, 0.9) for n, c in enumerate(text))


def _by_characters(phrase: str, heard: str) -> bool:
    return len(heard) >= len(phrase) and partial_ratio(phrase, heard) >= SIMILAR


def _by_pinyin(phrase: str, heard: str) -> bool:
    wanted, sounds = sounds_of(phrase).plain, sounds_of(heard).plain
    return len(sounds) >= len(wanted) and partial_ratio(wanted, sounds) >= SIMILAR


MATCHERS: dict[str, Matcher] = {
    "exact characters": lambda phrase, heard: phrase in heard,
    "fuzzy characters": _by_characters,
    "fuzzy syllables": _by_pinyin,
    "by_sound (shipped)": lambda phrase, heard: bool(by_sound(phrase, spoken(heard))),
}


def recall(matcher: Matcher, phrases: tuple[str, ...], rate: float, *, trials: int, seed: int = 1) -> float:
    """Return the share of phrases found in misheard sentences that contain them."""
    rng = random.Random(seed)
    found = 0
    for trial in range(trials):
        phrase = phrases[trial % len(phrases)]
        before, after = rng.sample(HARD_NEGATIVES, 2)
        found += matcher(phrase, misheard(before + phrase + after, rate, rng))
    return found / trials


def false_hits(matcher: Matcher, phrases: tuple[str, ...], rate: float, *, trials: int, seed: int = 2) -> int:
    """Return how many (phrase, sentence without it) pairs were taken for a hit."""
    rng = random.Random(seed)
    hits = 0
    for _trial in range(trials):
        heard = misheard("".join(rng.sample(HARD_NEGATIVES, 4)), rate, rng)
        hits += sum(matcher(phrase, heard) for phrase in phrases)
    return hits


def measure(trials: int = TRIALS) -> dict[str, dict[str, Any]]:
    """Measure every matcher at every rate."""
    table: dict[str, dict[str, Any]] = {}
    for name, matcher in MATCHERS.items():
        table[name] = {
            "recall": {f"{r:.0%}": round(recall(matcher, PHRASES, r, trials=trials), 3) for r in RATES},
            "recall_short": {
                f"{r:.0%}": round(recall(matcher, SHORT_PHRASES, r, trials=trials), 3) for r in RATES
            },
            "false_hits": sum(false_hits(matcher, PHRASES, r, trials=trials // 5) for r in RATES),
            "pairs": len(RATES) * (trials // 5) * len(PHRASES),
        }
    return table


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    started = time.perf_counter()
    table = measure()
    if arguments.json:
        print(json.dumps(table, ensure_ascii=False))
        return
    for kind, title in (("recall", "phrases of 5 syllables and more"), ("recall_short", "2 to 4 syllables")):
        print(f"recall, {title:36}" + "".join(f"{rate:>8.0%}" for rate in RATES))
        for name, row in table.items():
            print(f"  {name:42}" + "".join(f"{share:8.3f}" for share in row[kind].values()))
    for name, row in table.items():
        print(f"false hits, {name:32} {row['false_hits']} of {row['pairs']}")
    print(f"{time.perf_counter() - started:.1f} s")


if __name__ == "__main__":
    main()
