"""What every rule is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Protocol, Self

from core.documents.section import Section
from qa.models import Verdict
from qa.phrases import SIMILAR, Hit, Spoken, by_sound
from qa.phrases.matching import Range
from qa.verdicts import Hearing, Judgement

Answers = Mapping[str, Judgement]
"""The answers to the criteria before this one, by key."""


class Rule(Protocol):
    """A kind of rule with its settings.

    Attributes:
        needs_roles: it needs to know who speaks: N/A on a mono recording.
        needs_words: it needs a transcript in the scorecard's language: human without one.
    """

    needs_roles: ClassVar[bool]
    needs_words: ClassVar[bool]

    @classmethod
    def read(cls, section: Section) -> Self:
        """Read the settings; what is wrong becomes a finding of the document."""
        ...

    def judge(self, hearing: Hearing, answers: Answers) -> Judgement:
        """Answer the criterion; the preconditions hold."""
        ...


@dataclass(frozen=True, slots=True)
class Person:
    """A criterion that only a person can answer."""

    needs_roles: ClassVar[bool] = False
    needs_words: ClassVar[bool] = False

    @classmethod
    def read(cls, _section: Section) -> Person:
        """Nothing to read."""
        return cls()

    def judge(self, _hearing: Hearing, _answers: Answers) -> Judgement:
        """Leave it to a person."""
        return Judgement(Verdict.HUMAN, "person_only")


def phrases(section: Section, key: str, *, required: bool = True) -> tuple[str, ...]:
    """Read a list of phrases; an empty one is a finding where the list is required."""
    found = section.listed(key, required=required)
    return tuple(text for text, _line in found)


def hits_of(
    wordings: tuple[str, ...], spoken: Spoken, within: Range | None = None, *, least: float = SIMILAR
) -> list[Hit]:
    """Return every place where one of the wordings sounds, ascending."""
    hits = [hit for say in wordings for hit in by_sound(say, spoken, within, least=least)]
    return sorted(hits, key=lambda h: (h.start_s, -h.similarity))
