"""Whether the tracks of a recording are the right way round, by what was said on them.

Which channel is the agent's follows from how a line records, and on Twilio that is known from its documentation only.
Prompts are over before Twilio records, so what tells the sides apart is the opening the scorecard asks of the agent:
heard on the caller's track and not on the agent's, it contradicts the order of the channels. Every score of that
line would then be about the wrong person.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ivr.models import Call
from ivr.twilio.facts import PROVIDER
from ivr.twilio.models import TwilioRecording
from qa.heard import HeardCall
from qa.hearing import hear, transcript_for_scoring
from qa.publishing import latest_version, scorecard_of
from qa.rules.required import FirstWords, RequiredPhrase
from qa.scorecard import Scorecard
from qa.verdicts import Hearing
from recording.models import Recording, Role, Transcript

_MORE: Final = 2
"""So many more phrases of the opening on the caller's track: one of them, 您好, callers say too."""

_OTHER: Final = {Role.AGENT: Role.CALLER, Role.CALLER: Role.AGENT}


@dataclass(frozen=True, slots=True)
class Sides:
    """How the latest conversations of a line were heard: looked at, and those that contradict their channels."""

    looked_at: int
    contradicted: int


def are_contradicted(scorecard: Scorecard, call: HeardCall) -> bool:
    """Whether the agent's opening was said on the track that is held to be the caller's."""
    if not (call.has_track(Role.AGENT) and call.has_track(Role.CALLER)):
        return False
    return _opening(scorecard, _mirrored(call)) - _opening(scorecard, call) >= _MORE


def latest_sides(session: Session, scorecard_name: str, *, most: int = 20) -> Sides:
    """Look at the latest transcribed conversations of Twilio's line; at none before anything was scored."""
    version = latest_version(session, scorecard_name)
    if version is None:
        return Sides(0, 0)
    scorecard = scorecard_of(version)
    found = [
        are_contradicted(scorecard, hear(transcript_for_scoring(session, transcript_id)))
        for transcript_id in _latest_transcripts(session, most)
    ]
    return Sides(len(found), sum(found))


def _latest_transcripts(session: Session, most: int) -> Iterator[int]:
    newest = (
        select(func.max(Transcript.id))
        .join(Recording, Recording.id == Transcript.recording_id)
        .join(Call, Call.id == Recording.call_id)
        .join(TwilioRecording, TwilioRecording.call_sid == Call.provider_call_id)
        .where(Call.provider == PROVIDER, Recording.kind == "conversation")
        .group_by(Recording.id)
        .order_by(Recording.id.desc())
        .limit(most)
    )
    return iter(session.scalars(newest).all())


def _mirrored(call: HeardCall) -> HeardCall:
    return replace(
        call,
        utterances=tuple(replace(u, role=_OTHER.get(u.role, u.role)) for u in call.utterances),
        speech={_OTHER.get(role, role): spans for role, spans in call.speech.items()},
    )


def _opening(scorecard: Scorecard, call: HeardCall) -> int:
    """Return how many phrases of the opening were heard from the agent."""
    hearing = Hearing(call, scorecard.language, scorecard.certainty)
    return sum(
        bool(criterion.rule.judge(hearing, {}).heard_at)
        for criterion in scorecard.criteria
        if isinstance(criterion.rule, FirstWords)
        or (isinstance(criterion.rule, RequiredPhrase) and criterion.rule.first_s)
    )
