"""language: let the caller choose the language; the question is said in every one of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Self

from core.documents.section import Section
from ivr.flow.document import Flow, Settings
from ivr.flow.events import Digits, Event, NoInput
from ivr.flow.nodes.base import Node, Turn, leave, note_unknown, read_choices, read_exits
from ivr.flow.nodes.question import Question, read_question
from ivr.flow.state import FlowState


@dataclass(frozen=True, slots=True, kw_only=True)
class Language(Node):
    """Ask for the language; a caller who does not choose keeps the present one (`exhausted`).

    Attributes:
        choices: key to language.
    """

    kind: ClassVar[str] = "language"
    silent: ClassVar[frozenset[str]] = frozenset({"exhausted"})

    question: Question
    choices: Mapping[str, str]

    @classmethod
    def read(cls, node_id: str, section: Section, settings: Settings) -> Self:
        """Read a question and `choices`."""
        choices = read_choices(section)
        for language in choices.values():
            if language not in settings.languages:
                note_unknown(section, "choices", language, settings.languages)
        return cls(
            id=node_id,
            line=section.line,
            exits=read_exits(section, (*dict.fromkeys(choices.values()), "exhausted")),
            question=replace(read_question(section, settings), every_language=True),
            choices=choices,
        )

    def enter(self, flow: Flow, state: FlowState) -> Turn:
        """Ask."""
        return self.question.ask(flow, state)

    def resume(self, flow: Flow, state: FlowState, event: Event) -> Turn | None:
        """Take the choice."""
        if isinstance(event, Digits) and event.digits in self.choices:
            language = self.choices[event.digits]
            return leave(replace(state, language=language), language)
        if isinstance(event, Digits | NoInput):
            return self.question.ask_again(flow, state, event, "exhausted")
        return None
