"""A call flow as typed, frozen values: what a document says once it has been read and found sound."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

from core.documents.section import KEYS
from ivr.flow.holidays import HolidayCalendar
from ivr.flow.hours import OpeningHours
from ivr.flow.instructions import Prompt, Speech, Spelled

if TYPE_CHECKING:
    from ivr.flow.nodes.base import Node
    from ivr.flow.state import FlowState


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What holds for the whole flow; questions may set their own.

    Attributes:
        languages: the first one is spoken until the caller has chosen.
        zone: time zone of hours that name none.
        type_ahead: "drop": keys pressed during an announcement are lost, on every driver alike; "keep":
            announcements right before a question become part of it, so keys pressed during them count.
        noinput, nomatch: prompts said before a question is repeated: the first failure has the first, and
            so on; the last one stays.
        attempts: answers a question waits for before it gives up.
        max_steps: guard: a call that takes more steps is ended.
    """

    languages: tuple[str, ...]
    zone: ZoneInfo
    type_ahead: Literal["drop", "keep"]
    noinput: tuple[str, ...]
    nomatch: tuple[str, ...]
    attempts: int
    timeout_s: float
    interdigit_s: float
    max_steps: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """One version of a call flow.

    Attributes:
        prompts: prompt id to its text in each language.
        start: node a call begins in.
        error: node a call goes to when a driver fails; empty: the call ends.
    """

    name: str
    version: int
    settings: Settings
    hours: Mapping[str, OpeningHours]
    holidays: Mapping[str, HolidayCalendar]
    prompts: Mapping[str, Mapping[str, str]]
    start: str
    error: str
    nodes: Mapping[str, Node]

    def speech(self, parts: Sequence[str], state: FlowState, language: str = "") -> Speech:
        """Return what is said: prompt ids in the call's language, `{name}` as that value's digits."""
        language = language or state.language
        found: list[Prompt | Spelled] = []
        for part in parts:
            if part.startswith("{"):
                digits = "".join(c for c in state.value(part[1:-1]) if c in KEYS)
                found += [Spelled(digits, language)] if digits else []
            else:
                found.append(Prompt(part, language, self.prompts[part][language]))
        return tuple(found)
