"""survey: ask the caller to rate the call, after the agent has gone; the agent has no say in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from core.documents.section import Section
from ivr.flow.document import Flow, Settings
from ivr.flow.events import Digits, Event, NoInput
from ivr.flow.instructions import NoteScore
from ivr.flow.nodes.base import Node, Turn, leave, read_exits
from ivr.flow.nodes.question import Question, read_question
from ivr.flow.state import FlowState

SCORE = "survey_score"


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey(Node):
    """Ask for a score from 1 to `best`.

    Attributes:
        best: top of the scale.
        first_is_best: key 1 is the best mark, as most Chinese hotlines have it: the score noted is turned
            round, so that more is always better; otherwise the key is the score.
    """

    kind: ClassVar[str] = "survey"
    silent: ClassVar[frozenset[str]] = frozenset({"exhausted"})

    question: Question
    best: int
    first_is_best: bool

    @classmethod
    def read(cls, node_id: str, section: Section, settings: Settings) -> Self:
        """Read a question, `best` and `first_is_best`."""
        section.reading.refer("set", SCORE, section.line)
        return cls(
            id=node_id,
            line=section.line,
            exits=read_exits(section, ("score", "exhausted")),
            question=read_question(section, settings),
            best=section.whole("best", 2, 9, 5),
            first_is_best=section.flag("first_is_best", default=False),
        )

    def enter(self, flow: Flow, state: FlowState) -> Turn:
        """Ask."""
        return self.question.ask(flow, state)

    def resume(self, flow: Flow, state: FlowState, event: Event) -> Turn | None:
        """Take the score."""
        if not isinstance(event, Digits | NoInput):
            return None
        score = self._score(event.digits) if isinstance(event, Digits) else None
        if score is None:
            return self.question.ask_again(flow, state, event, "exhausted")
        noted = state.with_values({SCORE: str(score)})
        return leave(noted, "score", NoteScore(score=score, best=self.best))

    def _score(self, digits: str) -> int | None:
        if len(digits) != 1 or digits not in "123456789"[: self.best]:
            return None
        return self.best + 1 - int(digits) if self.first_is_best else int(digits)
