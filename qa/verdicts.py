"""How sure a machine's answer must be, and what an answer carries.

Three states: pass, fail, and human (a person decides); N/A leaves the denominator. Nothing is a fail
because it was not heard: the stretch must have been audible and well enough transcribed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from qa.heard import VOICEMAIL, HeardCall, Span
from qa.measures.audibility import Audibility, audibility
from qa.models import Verdict
from qa.phrases import Hit
from recording.models import Role

LEAST_SPEECH_S: Final = 0.3
"""Speech in a stretch from which it counts as audible."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A stretch of the recording that an answer rests on; what does not apply is None."""

    start_s: float
    end_s: float
    role: Role | None = None
    quote: str | None = None
    similarity: float | None = None
    confidence: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON form: times to the millisecond, without what does not apply."""
        full = {
            "start_s": round(self.start_s, 3),
            "end_s": round(self.end_s, 3),
            "role": self.role and self.role.value,
            "quote": self.quote,
            "similarity": self.similarity,
            "confidence": self.confidence and round(self.confidence, 3),
        }
        return {key: value for key, value in full.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Judgement:
    """The machine's answer to one criterion.

    Attributes:
        verdict: pass, fail, human or na.
        reason: a key of `qa.reasons.REASONS`.
        values: what the reason's sentence names.
        evidence: where to listen.
        heard_at: seconds at which the criterion's phrase was heard, whatever the verdict.
    """

    verdict: Verdict
    reason: str
    values: dict[str, Any] = field(default_factory=dict)
    evidence: tuple[Evidence, ...] = ()
    heard_at: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Certainty:
    """What a stretch needs before the machine says that something was not said in it.

    Attributes:
        confidence: mean ASR confidence of its words.
        transcribed: share of its speech that has words.
        unknown: largest share of words the model does not know.
    """

    confidence: float = 0.6
    transcribed: float = 0.5
    unknown: float = 0.3

    def doubt(self, heard: Audibility) -> str:
        """Return the reason why a stretch allows no answer, empty when it does."""
        if heard.speech_s < LEAST_SPEECH_S:
            return "inaudible"
        if (
            heard.confidence < self.confidence
            or heard.transcribed < self.transcribed
            or heard.unknown > self.unknown
        ):
            return "low_confidence"
        return ""


@dataclass(frozen=True, slots=True)
class Hearing:
    """A call in front of a scorecard: what every rule is given.

    Attributes:
        call: the call.
        language: the language the scorecard's phrases are in.
        certainty: the scorecard's demands.
    """

    call: HeardCall
    language: str = "zh"
    certainty: Certainty = field(default_factory=Certainty)

    def absent(self, span: Span, judgement: Judgement) -> Judgement:
        """Return an answer that rests on something not heard from the agent, or human when unsure."""
        heard = audibility(self.call, Role.AGENT, *span)
        if doubt := self.certainty.doubt(heard):
            values = {"confidence": round(heard.confidence, 2)}
            return Judgement(Verdict.HUMAN, doubt, values, (Evidence(*span, role=Role.AGENT),))
        return judgement


def precondition(hearing: Hearing, *, tracks: frozenset[Role], words: bool) -> Judgement | None:
    """Return the answer when a rule cannot be applied to the call at all, else None.

    Args:
        hearing: the call.
        tracks: the parties the rule must hear, each on a track of their own.
        words: the rule needs words in the scorecard's language.
    """
    call = hearing.call
    if call.kind == VOICEMAIL:
        return Judgement(Verdict.NA, "no_agent")
    if tracks and not call.roles_known:
        return Judgement(Verdict.NA, "roles_unknown")
    if not all(call.has_track(role) for role in tracks):
        return Judgement(Verdict.NA, "track_missing")
    if words and call.language.split("_")[0].split("-")[0] != hearing.language:
        return Judgement(Verdict.HUMAN, "language_unsupported", {"language": call.language})
    return None


def evidence_of(hits: Iterable[Hit]) -> tuple[Evidence, ...]:
    """Return the agent's words as evidence."""
    return tuple(Evidence(h.start_s, h.end_s, Role.AGENT, h.quote, h.similarity, h.confidence) for h in hits)


def evidence_of_spans(spans: Sequence[Span], role: Role | None = None) -> tuple[Evidence, ...]:
    """Return stretches of time as evidence."""
    return tuple(Evidence(start, end, role) for start, end in spans)
