"""confirm: read something back and ask whether it is right.

The outcomes are `correct` and `wrong`, not yes and no: YAML 1.1 readers turn those two into true and false.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from core.documents.section import Section
from core.i18n import gettext as _
from ivr.flow.document import Flow, Settings
from ivr.flow.events import Digits, Event, NoInput
from ivr.flow.nodes.base import Node, Turn, leave, note_same_keys, read_exits
from ivr.flow.nodes.question import Question, read_question
from ivr.flow.state import FlowState


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirm(Node):
    """Ask whether what was read back is right; `say` spells a variable as `{name}`."""

    kind: ClassVar[str] = "confirm"
    silent: ClassVar[frozenset[str]] = frozenset({"exhausted"})

    question: Question
    correct_key: str
    wrong_key: str

    @classmethod
    def read(cls, node_id: str, section: Section, settings: Settings) -> Self:
        """Read a question, `correct_key` and `wrong_key`."""
        question = read_question(section, settings)
        if not any(part.startswith("{") for part in question.say):
            section.note(_("say must read a variable back: write {name} among the prompts"), "say")
        correct, wrong = section.key_press("correct_key", "1"), section.key_press("wrong_key", "2")
        note_same_keys(section, (correct, wrong))
        return cls(
            id=node_id,
            line=section.line,
            exits=read_exits(section, ("correct", "wrong", "exhausted")),
            question=question,
            correct_key=correct,
            wrong_key=wrong,
        )

    def enter(self, flow: Flow, state: FlowState) -> Turn:
        """Read back and ask."""
        return self.question.ask(flow, state)

    def resume(self, flow: Flow, state: FlowState, event: Event) -> Turn | None:
        """Take the answer."""
        if not isinstance(event, Digits | NoInput):
            return None
        answers = {self.correct_key: "correct", self.wrong_key: "wrong"}
        if isinstance(event, Digits) and event.digits in answers:
            return leave(state, answers[event.digits])
        return self.question.ask_again(flow, state, event, "exhausted")
