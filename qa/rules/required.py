"""Required phrases: said in a stretch of the call, said first, said in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from core.documents.section import Section
from core.i18n import gettext as _
from qa.heard import HeardCall, Span
from qa.models import Verdict
from qa.phrases import (
    DOUBTFUL,
    SIMILAR,
    UNKNOWN,
    Hit,
    Phrase,
    SpokenWord,
    half_heard,
    sounds_of,
    word_for_word,
)
from qa.phrases.matching import Range
from qa.phrases.phrase import SLOTS
from qa.rules.base import AGENT, Answers, hits_of, phrases
from qa.verdicts import Evidence, Hearing, Judgement, evidence_of
from recording.models import Role

_FILLERS: Final = frozenset("嗯哎啊呃哦") | {UNKNOWN}
_EXACT: Final = 100.0
_ANYWHERE: Final = 3
_EDGE_SLACK: Final = 2
"""Syllables that may stand between a phrase and its edge."""


@dataclass(frozen=True, slots=True)
class RequiredPhrase:
    """One of several wordings must be said.

    Attributes:
        say: the wordings.
        informal: wordings that may be enough: a person decides.
        first_s: only in the first seconds after the bridge; 0 for no limit.
        last_s: only in the last seconds of the agent's speech; 0 for no limit.
        exact: every syllable must sound right (numbers: 1003 is not 1006).
        edge: `start` or `end` when it belongs at that edge of the stretch: there, half a short phrase is a doubt.
    """

    say: tuple[Phrase, ...]
    informal: tuple[str, ...] = ()
    first_s: float = 0.0
    last_s: float = 0.0
    exact: bool = False
    edge: str = ""

    needs_tracks: ClassVar[frozenset[Role]] = AGENT
    needs_words: ClassVar[bool] = True

    @classmethod
    def read(cls, section: Section) -> RequiredPhrase:
        """Read `say`, `informal`, `first_s` or `last_s`, `exact`, `edge`."""
        say = tuple(Phrase(text) for text in phrases(section, "say"))
        for phrase in say:
            for slot in phrase.slots:
                if slot not in SLOTS:
                    section.note(
                        _("there is no slot %(slot)s; known: %(known)s", slot=slot, known=", ".join(SLOTS)),
                        "say",
                    )
        return cls(
            say=say,
            informal=phrases(section, "informal", required=False),
            first_s=section.number("first_s", 0, 3600, 0),
            last_s=section.number("last_s", 0, 3600, 0),
            exact=section.flag("exact", default=False),
            edge=section.choice("edge", ("start", "end"), ""),
        )

    def judge(self, hearing: Hearing, _answers: Answers) -> Judgement:
        """Pass when heard; human when half heard; fail when not heard in an audible stretch."""
        return self.judge_within(hearing, self.window(hearing.call))

    def judge_within(self, hearing: Hearing, span: Span) -> Judgement:
        """Judge a stretch of the call."""
        wordings = tuple(text for phrase in self.say for text in phrase.filled(hearing.call.slots))
        if not wordings:
            missing = sorted({slot for phrase in self.say for slot in phrase.slots})
            return Judgement(Verdict.HUMAN, "not_configured", {"slots": ", ".join(missing)})
        if hits := self._heard(hearing.call, wordings, span):
            return _passed(hits)
        if hits := self._half_heard(hearing.call, wordings, span):
            return Judgement(
                Verdict.HUMAN, "phrase_doubtful", {"phrase": hits[0].phrase}, evidence_of(hits[:1])
            )
        missing_phrase = Judgement(
            Verdict.FAIL, "phrase_missing", {"phrase": wordings[0]}, (Evidence(*span, role=Role.AGENT),)
        )
        return hearing.absent(span, missing_phrase)

    def window(self, call: HeardCall) -> Span:
        """Return the stretch of the call in which it must be said."""
        start, end = call.bridged_at_s, call.duration_s
        if self.first_s:
            end = min(end, start + self.first_s)
        speech = call.speech_of(Role.AGENT)
        if self.last_s and speech:
            start = max(start, speech[-1][1] - self.last_s)
        return start, max(start, end)

    def _heard(self, call: HeardCall, wordings: tuple[str, ...], span: Span) -> list[Hit]:
        within = call.agent.between(*span)
        return hits_of(wordings, call.agent, within, least=_EXACT if self.exact else SIMILAR)

    def _half_heard(self, call: HeardCall, wordings: tuple[str, ...], span: Span) -> list[Hit]:
        within = call.agent.between(*span)
        near = hits_of(wordings, call.agent, within, least=DOUBTFUL)
        near += [hit for say in self.informal for hit in word_for_word(say, call.agent, within)]
        near += [hit for say in wordings for hit in half_heard(say, call.agent, self._place(say, within))]
        return sorted(near, key=lambda h: -h.similarity)

    def _place(self, wording: str, within: Range) -> Range:
        """Return where half of a short wording is a doubt: three syllables anywhere, two at the edge."""
        low, high = within
        length = len(sounds_of(wording))
        if length >= _ANYWHERE:
            return within
        reach = length + _EDGE_SLACK
        if self.edge == "start":
            return low, min(high, low + reach)
        return (max(low, high - reach), high) if self.edge == "end" else (low, low)


@dataclass(frozen=True, slots=True)
class FirstWords:
    """The agent's very first words must be a wording.

    Attributes:
        phrase: the wordings and where they may stand.
        never: words that must not come before, such as 喂.
    """

    phrase: RequiredPhrase
    never: tuple[str, ...] = ()

    needs_tracks: ClassVar[frozenset[Role]] = AGENT
    needs_words: ClassVar[bool] = True

    @classmethod
    def read(cls, section: Section) -> FirstWords:
        """Read `never` and the settings of a required phrase."""
        return cls(RequiredPhrase.read(section), phrases(section, "never", required=False))

    def judge(self, hearing: Hearing, answers: Answers) -> Judgement:
        """Pass when nothing but fillers and other greetings comes before it."""
        found = self.phrase.judge(hearing, answers)
        start, end = self.phrase.window(hearing.call)
        agent = hearing.call.agent
        bad = [hit for say in self.never for hit in word_for_word(say, agent, agent.between(start, end))]
        first = found.heard_at[0] if found.heard_at else end
        if bad and min(h.start_s for h in bad) < first:
            bad.sort(key=lambda h: h.start_s)
            return Judgement(
                Verdict.FAIL, "bad_opening", {"quote": bad[0].quote}, evidence_of(bad[:1]), found.heard_at
            )
        if found.verdict != Verdict.PASS:
            return found
        before = [w for w in agent.words_between(start, first) if not self._may_lead(w.text)]
        if sum(len(sounds_of(w.text)) for w in before) <= 1:
            return self._after_one_syllable(found, before)
        evidence = Evidence(before[0].start_s, first, Role.AGENT, "".join(w.text for w in before))
        values = {"quote": evidence.quote}
        return Judgement(Verdict.FAIL, "not_first", values, (evidence,), found.heard_at)

    def _after_one_syllable(self, found: Judgement, before: list[SpokenWord]) -> Judgement:
        """Let one odd syllable pass, unless it sounds like a word that must not come first (为 for 喂)."""
        never = {sounds_of(word).plain for word in self.never}
        suspect = [w for w in before if sounds_of(w.text).plain in never]
        if not suspect:
            return found
        word = suspect[0]
        evidence = Evidence(word.start_s, word.end_s, Role.AGENT, word.text, confidence=word.confidence)
        return Judgement(Verdict.HUMAN, "opening_doubtful", {"quote": word.text}, (evidence,), found.heard_at)

    def _may_lead(self, word: str) -> bool:
        return word in self.phrase.informal or set(sounds_of(word).text) <= _FILLERS


@dataclass(frozen=True, slots=True)
class Order:
    """The phrases of other criteria must come in this order, as far as they were said.

    A missing phrase is counted once, under its own criterion.
    """

    of: tuple[str, ...]

    needs_tracks: ClassVar[frozenset[Role]] = AGENT
    needs_words: ClassVar[bool] = True

    @classmethod
    def read(cls, section: Section) -> Order:
        """Read `of`, the keys of criteria that stand before this one."""
        return cls(phrases(section, "of"))

    def judge(self, _hearing: Hearing, answers: Answers) -> Judgement:
        """Pass when there is a way to hear the parts in this order; N/A for fewer than two parts."""
        parts = [answers[key] for key in self.of if key in answers]
        said = [part for part in parts if part.heard_at]
        evidence = tuple(e for part in said for e in part.evidence)
        if not _ascending([part.heard_at for part in said]):
            return Judgement(Verdict.FAIL, "out_of_order", {}, evidence)
        if any(part.verdict == Verdict.HUMAN and not part.heard_at for part in parts):
            return Judgement(Verdict.HUMAN, "part_undecided", {}, evidence)
        if len(said) < 2:
            return Judgement(Verdict.NA, "too_few_parts")
        return Judgement(Verdict.PASS, "in_order", {}, evidence)


def _ascending(times: list[tuple[float, ...]]) -> bool:
    at = 0.0
    for part in times:
        later = [t for t in part if t >= at]
        if not later:
            return False
        at = min(later)
    return True


def _passed(hits: list[Hit]) -> Judgement:
    best = max(hits, key=lambda h: h.similarity)
    return Judgement(
        Verdict.PASS,
        "phrase_heard",
        {"quote": best.quote},
        evidence_of([best]),
        tuple(h.start_s for h in hits),
    )
