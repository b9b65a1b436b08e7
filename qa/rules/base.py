"""What every rule is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final, Protocol, Self

from core.documents.section import Section
from qa.models import Verdict
from qa.phrases import SIMILAR, Hit, Spoken, by_sound
from qa.phrases.matching import Range
from qa.verdicts import Hearing, Judgement
from recording.models import Role

Answers = Mapping[str, Judgement]
"""The answers to the criteria before this one, by key."""

NOBODY: Final[frozenset[Role]] = frozenset()
AGENT: Final = frozenset({Role.AGENT})
BOTH: Final = frozenset({Role.AGENT, Role.CALLER})
"""Whom a rule must hear: silence, for one, is known only where both parties are."""


class Rule(Protocol):
    """A kind of rule with its settings.

    Attributes:
        needs_tracks: the parties it must hear, each on a track of their own: N/A where one is mixed or missing.
        needs_words: it needs a transcript in the scorecard's language: human without one.
    """

    needs_tracks: ClassVar[frozenset[Role]]
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

    needs_tracks: ClassVar[frozenset[Role]] = NOBODY
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
