"""menu: one key, one way on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from core.documents.section import Section
from ivr.flow.document import Flow, Settings
from ivr.flow.events import Digits, Event, NoInput
from ivr.flow.nodes.base import Node, Turn, leave, read_choices, read_exits
from ivr.flow.nodes.question import Question, read_question
from ivr.flow.state import FlowState


@dataclass(frozen=True, slots=True, kw_only=True)
class Menu(Node):
    """Offer choices; the outcome is the key pressed, or `exhausted`."""

    kind: ClassVar[str] = "menu"
    silent: ClassVar[frozenset[str]] = frozenset({"exhausted"})

    question: Question

    @classmethod
    def read(cls, node_id: str, section: Section, settings: Settings) -> Self:
        """Read a question and `choices` (key to node)."""
        choices = read_choices(section)
        for target in choices.values():
            section.reading.refer("node", target, section.line_of("choices"))
        return cls(
            id=node_id,
            line=section.line,
            exits={**choices, **read_exits(section, ("exhausted",))},
            question=read_question(section, settings),
        )

    def enter(self, flow: Flow, state: FlowState) -> Turn:
        """Ask."""
        return self.question.ask(flow, state)

    def resume(self, flow: Flow, state: FlowState, event: Event) -> Turn | None:
        """Take the choice."""
        if isinstance(event, Digits) and len(event.digits) == 1 and event.digits in self.exits:
            return leave(state, event.digits)
        if isinstance(event, Digits | NoInput):
            return self.question.ask_again(flow, state, event, "exhausted")
        return None
