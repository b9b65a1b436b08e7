"""The page of a call or recording: everything on it, put together from rows for one viewer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup
from sqlalchemy.orm import Session

from core.accounts import Permission, User
from ivr.models import Agent, Call, Queue
from qa.heard import BRIDGE_MARGIN_S, VOICEMAIL
from qa.hearing import answered_at_s, answered_visit
from qa.measures.rings import rings
from qa.models import AutoScore, Evaluation, Sample
from qa.publishing import latest_version
from recording.models import Recording, Role
from web import charts
from web.calls.path import Step, steps_of
from web.context import installation
from web.evaluations.sheet import Sheet, SheetRows, build_sheet
from web.recordings import queries
from web.recordings.player import PlayerFacts, evidence_marks, player_facts
from web.recordings.words import Mark, TranscriptText, transcript_text


@dataclass(frozen=True, slots=True)
class CallPage:
    """What the template shows; what a call lacks is None or empty."""

    call: Call | None
    recording: Recording | None
    player: PlayerFacts | None
    transcript: TranscriptText | None
    sheet: Sheet | None
    evaluation: Evaluation | None
    sample: Sample | None
    next_sample: int | None
    path: list[Step]
    rings: int | None
    time_strip: Markup
    talk_strip: Markup
    may_answer: bool
    may_decide: bool

    @property
    def number(self) -> str:
        """How people refer to it."""
        return f"#{self.call.id}" if self.call else f"R{self.recording.id if self.recording else 0}"

    @property
    def title(self) -> str:
        """Title of the browser's tab."""
        return f"{self.number} {self.agent.name}" if self.agent else self.number

    @property
    def started_at(self) -> datetime | None:
        """When the call, or a recording without a call, began."""
        if self.call:
            return self.call.started_at
        return (self.recording.started_at or self.recording.stored_at) if self.recording else None

    @property
    def agent(self) -> Agent | None:
        """Who talked."""
        recorded = self.recording.agent if self.recording else None
        return recorded or (self.call.agent if self.call else None)

    @property
    def queue(self) -> Queue | None:
        """The call's last queue."""
        return self.call.queue if self.call else None


def call_page(
    session: Session,
    viewer: User,
    *,
    recording: Recording | None,
    call: Call | None = None,
    evaluation: Evaluation | None = None,
    validated: bool = False,
) -> CallPage:
    """Return the page of a recording, or of a call without one, as `viewer` may see it."""
    call = call or (recording.call if recording else None)
    shown = evaluation or (_evaluation_for(session, viewer, recording) if recording else None)
    version_id = shown.scorecard_version_id if shown else None
    score = queries.auto_score_of(session, recording.id, version_id) if recording else None
    marks = evidence_marks(score)
    bridged = _bridged_at_s(recording) if recording else 0.0
    sample = queries.sample_of(session, recording.id) if recording else None
    grades = viewer.may(Permission.GRADE)
    return CallPage(
        call=call,
        recording=recording,
        player=player_facts(recording, marks, shown, bridged) if recording else None,
        transcript=_transcript(session, recording, marks, bridged) if recording else None,
        sheet=_sheet(session, viewer, recording, score, shown, validated=validated) if recording else None,
        evaluation=shown,
        sample=sample if grades else None,
        next_sample=queries.next_sample_for(session, viewer, sample) if grades and sample else None,
        path=steps_of(session, call) if call else [],
        rings=rings(call.ring_s) if call and call.ring_s is not None else None,
        time_strip=charts.time_strip(call) if call else Markup(),
        talk_strip=charts.talk_strip(recording.tracks, bridged)
        if recording and recording.kind != VOICEMAIL
        else Markup(),
        may_answer=_may_answer(viewer, shown),
        may_decide=_may_decide(viewer, shown),
    )


def _evaluation_for(session: Session, viewer: User, recording: Recording) -> Evaluation | None:
    """Graders see their own evaluation first, whoever may not grade sees the released one."""
    if viewer.may(Permission.GRADE):
        return queries.evaluation_by(session, recording.id, viewer)
    return queries.released_evaluation(session, recording.id)


def _bridged_at_s(recording: Recording) -> float:
    """Return where the agent joined; 0 when that is not known, at the very start, or nobody's role is."""
    known = any(track.role == Role.AGENT for track in recording.tracks)
    at = answered_at_s(recording, answered_visit(recording)) if known else None
    return at if at is not None and at > BRIDGE_MARGIN_S else 0.0


def _transcript(
    session: Session, recording: Recording, marks: list[Mark], bridged_at_s: float
) -> TranscriptText | None:
    transcript = queries.transcript_of(session, recording.id)
    if transcript is None:
        return None
    language = recording.call.language if recording.call else "zh"
    return transcript_text(transcript, [mark for mark in marks if mark.quoted], language, bridged_at_s)


def _sheet(
    session: Session,
    viewer: User,
    recording: Recording,
    score: AutoScore | None,
    evaluation: Evaluation | None,
    *,
    validated: bool,
) -> Sheet | None:
    if evaluation is None and recording.kind == VOICEMAIL:
        return None  # nobody answered, so there is nobody to judge
    grades = viewer.may(Permission.GRADE)
    version = evaluation.scorecard_version if evaluation else score.scorecard_version if score else None
    if version is None and grades:
        version = latest_version(session, installation().settings.qa.scorecard)
    if version is None:
        return None
    own = evaluation is None or evaluation.evaluator_id == viewer.id
    editable = grades and own and (evaluation is None or evaluation.state == "draft")
    return build_sheet(SheetRows(recording.id, version, score, evaluation, editable, validated))


def _may_answer(viewer: User, evaluation: Evaluation | None) -> bool:
    return (
        evaluation is not None
        and evaluation.state == "submitted"
        and viewer.may(Permission.ANSWER_EVALUATION)
        and evaluation.agent_id == viewer.agent_id
    )


def _may_decide(viewer: User, evaluation: Evaluation | None) -> bool:
    return (
        evaluation is not None
        and evaluation.state == "disputed"
        and viewer.may(Permission.DECIDE_DISPUTES)
        and evaluation.evaluator_id != viewer.id
    )
