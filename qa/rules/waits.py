"""Rules on waits: holds are announced, long ones come with an offer to call back, silence is explained.

Every wait is judged once: a hold, or a silence the agent asked the caller to bear, under hold
etiquette; a silence that nobody announced is dead air.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from core.documents.section import Section
from qa.heard import Span
from qa.measures.waits import Wait, waits
from qa.models import Verdict
from qa.phrases import Hit
from qa.rules.base import BOTH, Answers, hits_of, phrases
from qa.verdicts import Evidence, Hearing, Judgement, evidence_of, evidence_of_spans
from recording.models import Role

_HOLD_S: Final = 3.0
"""A shorter hold is a slip of the finger."""
_SAID_AFTER_S: Final = 1.0
"""The call log's hold may begin while the agent is still finishing the sentence."""
_LONGEST_REQUEST_S: Final = 5.0
_EXPLAINED_WITHIN_S: Final = 12.0
_OFFER_BEFORE_S: Final = 15.0
_OFFER_AFTER_S: Final = 30.0
_ASK: Final = (
    "请稍等",
    "请稍候",
    "请您稍等",
    "请您稍候",
    "稍等一下",
    "稍等片刻",
    "请您耐心等待",
    "请您等一下",
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a scorecard takes for a wait.

    Attributes:
        silence_s: both silent for so long is a wait.
        ask: how an agent asks to wait.
        within_s: the request ends at most so long before the wait begins.
    """

    silence_s: float = 10.0
    ask: tuple[str, ...] = _ASK
    within_s: float = 5.0

    @classmethod
    def read(cls, section: Section) -> Waiting:
        """Read `silence_s`, `ask`, `within_s`."""
        return cls(
            section.number("silence_s", 2, 600, 10),
            phrases(section, "ask", required=False) or _ASK,
            section.number("within_s", 0.5, 60, 5),
        )

    def of(self, hearing: Hearing) -> tuple[list[Wait], list[Wait]]:
        """Return the call's waits under hold etiquette, and its dead air."""
        found = waits(hearing.call, silence_s=self.silence_s, hold_s=_HOLD_S)
        etiquette = [w for w in found if w.on_hold or self.asked(hearing, w)]
        return etiquette, [w for w in found if w not in etiquette]

    def asked(self, hearing: Hearing, wait: Wait) -> list[Hit]:
        """Return where the agent asked the caller to bear this wait."""
        at = wait.span[0]
        agent = hearing.call.agent
        near = agent.between(at - self.within_s - _LONGEST_REQUEST_S, at + _SAID_AFTER_S)
        return [h for h in hits_of(self.ask, agent, near) if h.end_s >= at - self.within_s]


@dataclass(frozen=True, slots=True)
class HoldAnnounced:
    """Before every wait the agent asks to wait, and apologises or explains.

    Attributes:
        waiting: what a wait is.
        courtesy: apologies and explanations.
    """

    waiting: Waiting
    courtesy: tuple[str, ...]

    needs_tracks: ClassVar[frozenset[Role]] = BOTH
    needs_words: ClassVar[bool] = True

    @classmethod
    def read(cls, section: Section) -> HoldAnnounced:
        """Read `courtesy` and what a wait is."""
        return cls(Waiting.read(section), phrases(section, "courtesy"))

    def judge(self, hearing: Hearing, _answers: Answers) -> Judgement:
        """Fail at the first wait that lacks a part; N/A without waits."""
        found, _dead = self.waiting.of(hearing)
        if not found:
            return Judgement(Verdict.NA, "no_wait")
        evidence: list[Evidence] = []
        for wait in found:
            asked = self.waiting.asked(hearing, wait)
            if not asked:
                return self._lacking(hearing, wait, "hold_unannounced")
            courtesy = self._courtesy(hearing, wait.span)
            if not courtesy:
                return self._lacking(hearing, wait, "hold_unexplained")
            evidence += evidence_of([courtesy[-1], asked[-1]])
        return Judgement(Verdict.PASS, "hold_announced", {"count": len(found)}, tuple(evidence))

    def _courtesy(self, hearing: Hearing, span: Span) -> list[Hit]:
        agent = hearing.call.agent
        within = agent.between(span[0] - _EXPLAINED_WITHIN_S, span[0] + _SAID_AFTER_S)
        return hits_of(self.courtesy, agent, within)

    def _lacking(self, hearing: Hearing, wait: Wait, reason: str) -> Judgement:
        values = {"at": round(wait.span[0], 1), "length": round(wait.length_s, 1)}
        evidence = evidence_of_spans([wait.span], Role.AGENT)
        whole = (hearing.call.bridged_at_s, hearing.call.duration_s)
        return hearing.absent(whole, Judgement(Verdict.FAIL, reason, values, evidence))


@dataclass(frozen=True, slots=True)
class HoldLimit:
    """A wait longer than the limit comes with an offer to call back.

    Attributes:
        waiting: what a wait is.
        limit_s: up to this length no offer is due.
        offer: how an agent offers to call back.
    """

    waiting: Waiting
    limit_s: float
    offer: tuple[str, ...]

    needs_tracks: ClassVar[frozenset[Role]] = BOTH
    needs_words: ClassVar[bool] = True

    @classmethod
    def read(cls, section: Section) -> HoldLimit:
        """Read `limit_s`, `offer` and what a wait is."""
        return cls(Waiting.read(section), section.number("limit_s", 5, 600, 30), phrases(section, "offer"))

    def judge(self, hearing: Hearing, _answers: Answers) -> Judgement:
        """Fail at the first long wait without an offer near it; N/A without waits."""
        found, _dead = self.waiting.of(hearing)
        if not found:
            return Judgement(Verdict.NA, "no_wait")
        longest = max(found, key=lambda w: w.length_s)
        values = {"longest": round(longest.length_s, 1), "limit": self.limit_s}
        offers: list[Hit] = []
        for wait in (w for w in found if w.length_s > self.limit_s):
            near = self._offered(hearing, wait.span)
            if not near:
                whole = (hearing.call.bridged_at_s, hearing.call.duration_s)
                evidence = evidence_of_spans([wait.span], Role.AGENT)
                return hearing.absent(whole, Judgement(Verdict.FAIL, "hold_too_long", values, evidence))
            offers += near[:1]
        reason = "callback_offered" if offers else "hold_within"
        evidence = evidence_of(offers) or evidence_of_spans([longest.span], Role.AGENT)
        return Judgement(Verdict.PASS, reason, values, evidence)

    def _offered(self, hearing: Hearing, span: Span) -> list[Hit]:
        agent = hearing.call.agent
        within = agent.between(span[0] - _OFFER_BEFORE_S, span[1] + _OFFER_AFTER_S)
        return hits_of(self.offer, agent, within)


@dataclass(frozen=True, slots=True)
class DeadAir:
    """Nobody speaks, and nobody said why."""

    waiting: Waiting

    needs_tracks: ClassVar[frozenset[Role]] = BOTH
    needs_words: ClassVar[bool] = True

    @classmethod
    def read(cls, section: Section) -> DeadAir:
        """Read what a wait is."""
        return cls(Waiting.read(section))

    def judge(self, hearing: Hearing, _answers: Answers) -> Judgement:
        """Fail with every stretch of dead air."""
        _found, dead = self.waiting.of(hearing)
        values = {"limit": self.waiting.silence_s, "count": len(dead)}
        if not dead:
            return Judgement(Verdict.PASS, "no_dead_air", values)
        return Judgement(Verdict.FAIL, "dead_air", values, evidence_of_spans([w.span for w in dead]))
