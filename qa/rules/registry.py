"""Every kind of rule by the name a scorecard uses. A new kind is one class and one line here."""

from __future__ import annotations

from typing import Final

from qa.rules.base import Person, Rule
from qa.rules.closing import ClosingPhrase
from qa.rules.forbidden import ForbiddenPhrase
from qa.rules.required import FirstWords, Order, RequiredPhrase
from qa.rules.timing import GreetingDelay, Interruptions, Rings
from qa.rules.waits import DeadAir, HoldAnnounced, HoldLimit

RULES: Final[dict[str, type[Rule]]] = {
    "person": Person,
    "required_phrase": RequiredPhrase,
    "first_words": FirstWords,
    "closing_phrase": ClosingPhrase,
    "forbidden_phrase": ForbiddenPhrase,
    "order": Order,
    "greeting_delay": GreetingDelay,
    "rings": Rings,
    "interruption": Interruptions,
    "hold_announced": HoldAnnounced,
    "hold_limit": HoldLimit,
    "dead_air": DeadAir,
}
