"""What waiting callers are told of their wait: one prompt for each range that can be said.

Whole sentences, because a sentence put together from numbers is not read naturally; each can be recorded by a
person under its own name, like every other prompt.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ivr.flow.instructions import Prompt
from ivr.waiting.predictor import MINUTES, WaitRange

PROMPT: Final = "expected_wait"
"""Name of the prompt without a range, and what the names of the others begin with."""

_UNKNOWN: Final = {"zh": "请您耐心等候。", "en": "Please stay on the line."}
_UP_TO: Final = {
    "zh": "预计等候不超过{high}分钟。",
    "en": "The wait should be no more than {high} {minutes}.",
}
_BETWEEN: Final = {"zh": "预计等候{low}到{high}分钟。", "en": "The wait should be {low} to {high} {minutes}."}
_DIGITS: Final = "零一二三四五六七八九"


def wait_prompt(said: WaitRange | None, language: str) -> Prompt:
    """Return the prompt that says a range, or asks for patience where none can be said."""
    language = language if language in _UNKNOWN else "en"
    if said is None:
        return Prompt(PROMPT, language, _UNKNOWN[language])
    numbers = {
        "low": str(said.low),
        "high": str(said.high),
        "minutes": "minute" if said.high == 1 else "minutes",
    }
    if language == "zh":
        # 二到四分钟, but 两分钟: two is 两 before its measure word
        numbers |= {"low": _numeral(said.low), "high": "两" if said.high == 2 else _numeral(said.high)}
    sentence = _BETWEEN if said.low else _UP_TO
    return Prompt(f"{PROMPT}_{said.low}_{said.high}", language, sentence[language].format(**numbers))


def said_ranges() -> Iterator[WaitRange]:
    """Return every range that can be said."""
    for low in (0, *MINUTES):
        yield from (WaitRange(low, high) for high in MINUTES if high > low)


def _numeral(number: int) -> str:
    """Return a number below a hundred as it is read in Mandarin: 十五, 二十, 二十五."""
    tens, ones = divmod(number, 10)
    if not tens:
        return _DIGITS[ones]
    return ("" if tens == 1 else _DIGITS[tens]) + "十" + (_DIGITS[ones] if ones else "")
