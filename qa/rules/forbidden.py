"""Forbidden phrases: on the agent's track only, matched strictly, with the contexts in which they are fine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from core.documents.section import Section
from core.i18n import gettext as _
from qa.models import Verdict
from qa.phrases import Hit, Phrase, sounds_alike, word_for_word
from qa.rules.base import AGENT, Answers, phrases
from qa.verdicts import Hearing, Judgement, evidence_of
from recording.models import Role


@dataclass(frozen=True, slots=True)
class ForbiddenPhrase:
    """None of these may be said.

    Attributes:
        say: what is forbidden, each with the contexts that excuse it.
        veto: it decides the whole grade, so what the machine found waits for a person.
        least_confidence: a hit recognised with less is left to a person.
    """

    say: tuple[Phrase, ...]
    veto: bool = False
    least_confidence: float = 0.5

    needs_tracks: ClassVar[frozenset[Role]] = AGENT
    needs_words: ClassVar[bool] = True

    @classmethod
    def read(cls, section: Section) -> ForbiddenPhrase:
        """Read `say`, `unless` (for a phrase of `say`, its contexts), `veto`, `least_confidence`."""
        contexts: dict[str, tuple[str, ...]] = {}
        if (unless := section.section("unless", required=False)) is not None:
            contexts = {key: phrases(unless, key) for key in unless.keys}
        said = phrases(section, "say")
        for orphan in contexts.keys() - set(said):
            section.note(_("unless: %(phrase)s is not among the phrases of say", phrase=orphan), "unless")
        return cls(
            tuple(Phrase(text, contexts.get(text, ())) for text in said),
            veto=section.flag("veto", default=False),
            least_confidence=section.number("least_confidence", 0, 1, 0.5),
        )

    def judge(self, hearing: Hearing, _answers: Answers) -> Judgement:
        """Fail with every place; human for a veto, a faint hit or a call too badly heard; else pass."""
        call = hearing.call
        hits = [h for p in self.say for h in word_for_word(p.say, call.agent, unless=p.unless)]
        if hits:
            return self._found(sorted(hits, key=lambda h: h.start_s))
        alike = [h for p in self.say for h in sounds_alike(p.say, call.agent, unless=p.unless)]
        if alike:
            return Judgement(
                Verdict.HUMAN, "forbidden_doubtful", {"phrase": alike[0].phrase}, evidence_of(alike)
            )
        span = (call.bridged_at_s, call.duration_s)
        return hearing.absent(span, Judgement(Verdict.PASS, "forbidden_absent"))

    def _found(self, hits: list[Hit]) -> Judgement:
        values = {"quote": hits[0].quote, "count": len(hits)}
        if self.veto:
            return Judgement(Verdict.HUMAN, "veto_found", values, evidence_of(hits))
        if max(h.confidence for h in hits) < self.least_confidence:
            return Judgement(Verdict.HUMAN, "forbidden_faint", values, evidence_of(hits))
        return Judgement(Verdict.FAIL, "forbidden_heard", values, evidence_of(hits))
