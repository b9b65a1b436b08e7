"""collect: take digits from the caller into a variable, checked before they count."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Self

from core.documents.section import Section
from core.i18n import gettext as _
from ivr.flow.document import Flow, Settings
from ivr.flow.events import Digits, Event, NoInput
from ivr.flow.nodes.base import Node, Turn, leave, read_exits
from ivr.flow.nodes.question import Question, read_question
from ivr.flow.state import FlowState
from ivr.flow.validators import VALIDATORS


@dataclass(frozen=True, slots=True, kw_only=True)
class Collect(Node):
    """Ask for digits.

    Attributes:
        into: variable that receives them.
        validate: what they must be: digits, luhn, date or phone.
    """

    kind: ClassVar[str] = "collect"
    silent: ClassVar[frozenset[str]] = frozenset({"exhausted"})

    question: Question
    into: str
    validate: str

    @classmethod
    def read(cls, node_id: str, section: Section, settings: Settings) -> Self:
        """Read a question, `into`, `min_digits`, `max_digits`, `finish_key`, `validate`."""
        into = section.name("into")
        section.reading.refer("set", into, section.line)
        return cls(
            id=node_id,
            line=section.line,
            exits=read_exits(section, ("ok", "exhausted")),
            question=_read_digits(section, settings),
            into=into,
            validate=section.choice("validate", VALIDATORS, "digits"),
        )

    def enter(self, flow: Flow, state: FlowState) -> Turn:
        """Ask."""
        return self.question.ask(flow, state)

    def resume(self, flow: Flow, state: FlowState, event: Event) -> Turn | None:
        """Take the digits if they are what they must be."""
        if not isinstance(event, Digits | NoInput):
            return None
        if isinstance(event, Digits) and self._accepts(event.digits):
            return leave(state.with_values({self.into: event.digits}), "ok")
        return self.question.ask_again(flow, state, event, "exhausted")

    def _accepts(self, digits: str) -> bool:
        fits = self.question.min_digits <= len(digits) <= self.question.max_digits
        return fits and VALIDATORS[self.validate](digits)


def _read_digits(section: Section, settings: Settings) -> Question:
    shortest = section.whole("min_digits", 1, 32, 1)
    longest = section.whole("max_digits", 1, 32, 32)
    if shortest > longest:
        section.note(_("min_digits is more than max_digits"), "min_digits")
    finish_key = section.key_press("finish_key", "#")
    return replace(
        read_question(section, settings), min_digits=shortest, max_digits=longest, finish_key=finish_key
    )
