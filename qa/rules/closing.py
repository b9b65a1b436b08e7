"""Phrases that belong to the end of a call, when the agent had a chance to say them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from core.documents.section import Section
from qa.heard import HeardCall, Span
from qa.models import Verdict
from qa.rules.base import AGENT, Answers, hits_of, phrases
from qa.rules.required import RequiredPhrase
from qa.verdicts import Hearing, Judgement
from recording.models import Role

_LAST_S: Final = 30.0
_SIGNS: Final = ("再见", "拜拜", "感谢您的来电", "谢谢您的来电", "还有其他需要", "还有什么可以帮您")


@dataclass(frozen=True, slots=True)
class ClosingPhrase:
    """A phrase of the closing: N/A when the caller hung up in mid-call or the call was transferred.

    Attributes:
        phrase: the wordings and where they may stand.
        signs: words, of either party, that show that the call was being closed.
    """

    phrase: RequiredPhrase
    signs: tuple[str, ...] = _SIGNS

    needs_tracks: ClassVar[frozenset[Role]] = AGENT
    needs_words: ClassVar[bool] = True

    @classmethod
    def read(cls, section: Section) -> ClosingPhrase:
        """Read `signs` and the settings of a required phrase."""
        return cls(RequiredPhrase.read(section), phrases(section, "signs", required=False) or _SIGNS)

    def judge(self, hearing: Hearing, _answers: Answers) -> Judgement:
        """Judge the phrase; when it is missing, ask first how the call ended."""
        found = self.phrase.judge_within(hearing, self._window(hearing.call))
        if found.verdict == Verdict.PASS:
            return found
        if hearing.call.ended_by == "transfer":
            return Judgement(Verdict.NA, "transferred")
        if hearing.call.ended_by == "agent" or self._was_closing(hearing.call):
            return found
        if hearing.call.ended_by == "caller" and hearing.call.has_track(Role.CALLER):
            return Judgement(Verdict.NA, "caller_hung_up")
        return Judgement(Verdict.HUMAN, "end_unknown")

    def _window(self, call: HeardCall) -> Span:
        """Return the stretch for it, without the opening: 请问有什么可以帮您 sounds like 还有什么可以帮您."""
        start, end = self.phrase.window(call)
        caller = call.speech_of(Role.CALLER)
        opening = [u.end_s for u in call.utterances_of(Role.AGENT)[:1]] + [s for s, _end in caller[:1]]
        start = max([start, *opening])
        return start, max(start, end)

    def _was_closing(self, call: HeardCall) -> bool:
        start = max(self._window(call)[0], call.duration_s - _LAST_S)
        return any(
            hits_of(self.signs, spoken, spoken.between(start, call.duration_s))
            for spoken in (call.agent, call.caller)
        )
