"""Rules on time: rings, the greeting's delay, interruptions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from core.documents.section import Section
from qa.measures.greeting_delay import greeting_delay
from qa.measures.overtalk import interruptions
from qa.measures.rings import rings
from qa.models import Verdict
from qa.rules.base import AGENT, BOTH, NOBODY, Answers
from qa.verdicts import Hearing, Judgement, evidence_of_spans
from recording.models import Role


@dataclass(frozen=True, slots=True)
class Rings:
    """The agent picks up within so many rings. The sources disagree, hence three numbers.

    Attributes:
        target: what is aimed at; shown, not judged.
        limit: the last ring that passes.
        tolerance: up to this ring a person decides; beyond it is a fail.
    """

    target: int = 2
    limit: int = 3
    tolerance: int = 5

    needs_tracks: ClassVar[frozenset[Role]] = NOBODY
    needs_words: ClassVar[bool] = False

    @classmethod
    def read(cls, section: Section) -> Rings:
        """Read `target`, `limit`, `tolerance`."""
        return cls(
            section.whole("target", 1, 20, 2),
            section.whole("limit", 1, 20, 3),
            section.whole("tolerance", 1, 20, 5),
        )

    def judge(self, hearing: Hearing, _answers: Answers) -> Judgement:
        """Judge the ring in which the phone was picked up; N/A when the call log does not know it."""
        if hearing.call.ring_s is None:
            return Judgement(Verdict.NA, "rings_unknown")
        count = rings(hearing.call.ring_s)
        values = {"rings": count, "limit": self.limit, "target": self.target}
        if count <= self.limit:
            return Judgement(Verdict.PASS, "rings_within", values)
        if count <= self.tolerance:
            return Judgement(Verdict.HUMAN, "rings_tolerated", values)
        return Judgement(Verdict.FAIL, "rings_beyond", values)


@dataclass(frozen=True, slots=True)
class GreetingDelay:
    """The agent speaks within so many seconds of the bridge."""

    limit_s: float = 5.0

    needs_tracks: ClassVar[frozenset[Role]] = AGENT
    needs_words: ClassVar[bool] = False

    @classmethod
    def read(cls, section: Section) -> GreetingDelay:
        """Read `limit_s`."""
        return cls(section.number("limit_s", 0.5, 120, 5))

    def judge(self, hearing: Hearing, _answers: Answers) -> Judgement:
        """Judge the delay; human when the agent is not heard or the bridge is not known."""
        measured = greeting_delay(hearing.call)
        if measured is None:
            return Judgement(Verdict.HUMAN, "inaudible", {"confidence": 0.0})
        values = {"delay": round(measured.delay_s, 1), "limit": self.limit_s}
        evidence = evidence_of_spans([measured.span], Role.AGENT)
        if measured.delay_s <= self.limit_s:
            return Judgement(Verdict.PASS, "delay_within", values, evidence)
        if hearing.call.answered_at_s is None:
            return Judgement(Verdict.HUMAN, "bridge_unknown", values, evidence)
        return Judgement(Verdict.FAIL, "delay_beyond", values, evidence)


@dataclass(frozen=True, slots=True)
class Interruptions:
    """The agent interrupts the caller at most so many times."""

    allowed: int = 1

    needs_tracks: ClassVar[frozenset[Role]] = BOTH
    needs_words: ClassVar[bool] = False

    @classmethod
    def read(cls, section: Section) -> Interruptions:
        """Read `allowed`."""
        return cls(section.whole("allowed", 0, 100, 1))

    def judge(self, hearing: Hearing, _answers: Answers) -> Judgement:
        """Count the interruptions."""
        found = interruptions(hearing.call)
        values = {"count": len(found), "allowed": self.allowed}
        evidence = evidence_of_spans(found, Role.AGENT)
        if len(found) <= self.allowed:
            return Judgement(Verdict.PASS, "interruptions_within", values, evidence)
        return Judgement(Verdict.FAIL, "interruptions_beyond", values, evidence)
