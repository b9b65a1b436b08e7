"""What was heard on one call, as plain values: the only input of measures and rules.

`qa.hearing` builds it from rows; tests build it by hand. Times are seconds from the recording's start.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from qa.phrases import Spoken, SpokenWord
from recording.models import Role

Span = tuple[float, float]
"""(start_s, end_s)."""

VOICEMAIL: Final = "voicemail"
BRIDGE_MARGIN_S: Final = 1.0
"""The call log knows the bridge to the second."""


@dataclass(frozen=True, slots=True)
class HeardUtterance:
    """One stretch of speech of one party."""

    role: Role
    start_s: float
    end_s: float
    words: tuple[SpokenWord, ...]


@dataclass(frozen=True)
class HeardCall:
    """A transcribed call with what the call log knows about it.

    Attributes:
        duration_s: length of the recording, as far as the caller talked with people.
        roles_known: whether it is known which track is the agent's.
        utterances: both parties' speech in turn order.
        speech: for each role that has a track, the stretches the voice-activity detector found, ascending.
        kind: `conversation` or `voicemail`.
        language: language of the call, `zh` or another.
        answered_at_s: when the agent was bridged; None when the call log does not know.
        holds: when the caller was on hold, as the call log knows it.
        ring_s: seconds the answering agent's phone rang.
        ended_by: `agent`, `caller`, `transfer`, or empty when nobody knows.
        slots: what the queue and the agent fill into phrases: company, department, name, code.
    """

    duration_s: float
    roles_known: bool
    utterances: tuple[HeardUtterance, ...]
    speech: Mapping[Role, tuple[Span, ...]]
    kind: str = "conversation"
    language: str = "zh"
    answered_at_s: float | None = None
    holds: tuple[Span, ...] = ()
    ring_s: float | None = None
    ended_by: str = ""
    slots: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def bridged_at_s(self) -> float:
        """Seconds at which the conversation begins; a recording without a call log begins at the bridge."""
        return self.answered_at_s or 0.0

    def has_track(self, role: Role) -> bool:
        """Whether a party was recorded on a track that is known to be theirs."""
        return self.roles_known and role in self.speech

    @cached_property
    def agent(self) -> Spoken:
        """Return the agent's words, ready for matching."""
        return self._spoken(Role.AGENT)

    @cached_property
    def caller(self) -> Spoken:
        """Return the caller's words, ready for matching."""
        return self._spoken(Role.CALLER)

    def _spoken(self, role: Role) -> Spoken:
        return Spoken.of(word for u in self.utterances_of(role) for word in u.words)

    def speech_of(self, role: Role) -> tuple[Span, ...]:
        """Return the stretches in which a party speaks."""
        return tuple(span for span in self.speech.get(role, ()) if self._takes_part(role, span[0]))

    def utterances_of(self, role: Role) -> tuple[HeardUtterance, ...]:
        """Return what one party said, in order."""
        return tuple(u for u in self.utterances if u.role == role and self._takes_part(role, u.start_s))

    def _takes_part(self, role: Role, start_s: float) -> bool:
        """Whether it is this party that speaks: before the bridge the agent's track holds prompts."""
        return role != Role.AGENT or start_s >= self.bridged_at_s - BRIDGE_MARGIN_S
