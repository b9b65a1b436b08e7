"""What this room tells the others."""

from __future__ import annotations

from dataclasses import dataclass

from core.events import Event


@dataclass(frozen=True, slots=True)
class CallScored(Event):
    """The machine scored a transcript."""

    score_id: int


@dataclass(frozen=True, slots=True)
class CallSampled(Event):
    """A call was drawn for grading."""

    sample_id: int


@dataclass(frozen=True, slots=True)
class EvaluationSubmitted(Event):
    """A person graded a call."""

    evaluation_id: int
