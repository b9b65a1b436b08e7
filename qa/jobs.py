"""Scoring a transcript by machine: the job, and the rows it writes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.events import publish as publish_event
from core.installation import Installation
from core.logging import get_logger
from qa.events import CallScored
from qa.heard import HeardCall
from qa.hearing import hear, transcript_for_scoring
from qa.measures import MEASURE_VERSION
from qa.models import AutoAnswer, AutoScore, ScorecardVersion
from qa.publishing import current_version, scorecard_of
from qa.scorecard import Scorecard
from qa.scoring import Score, judge, machine_score
from qa.sides import are_contradicted
from recording.models import Recording, Transcript

_log = get_logger(__name__)


def score_transcript(installation: Installation, *, transcript_id: int) -> None:
    """Score a transcript with the scorecard of the setting `qa.scorecard`.

    Done before, or the recording deleted meanwhile: nothing happens.
    """
    now = installation.clock.now()
    with installation.unit_of_work() as session:
        if session.get(Transcript, transcript_id) is None:
            return
        version = current_version(session, at=now, name=installation.settings.qa.scorecard)
        write_score(session, transcript_id, version, at=now)


def rescore_transcript(installation: Installation, *, transcript_id: int) -> None:
    """Bring every score of a transcript up to date; not scored yet, or deleted meanwhile: nothing happens."""
    now = installation.clock.now()
    with installation.unit_of_work() as session:
        of_transcript = (
            select(ScorecardVersion)
            .join(AutoScore, AutoScore.scorecard_version_id == ScorecardVersion.id)
            .where(AutoScore.transcript_id == transcript_id, AutoScore.measure_version == MEASURE_VERSION)
            .order_by(ScorecardVersion.id)
        )
        for version in session.scalars(of_transcript).all():
            renew_score(session, transcript_id, version, at=now)


def write_score(
    session: Session, transcript_id: int, version: ScorecardVersion, *, at: datetime
) -> AutoScore:
    """Return the score of a transcript by one scorecard version, making it if there is none.

    Scores by other versions, and people's answers, are left as they are. Raises NotFound.
    """
    return _stored(session, transcript_id, version) or _make(session, transcript_id, version, at)


def renew_score(session: Session, transcript_id: int, version: ScorecardVersion, *, at: datetime) -> bool:
    """Score a transcript again and keep what differs; return whether anything was written.

    The machine's answers are derived: where names, roles or rules were corrected they are replaced.
    People's answers are left as they are. Raises NotFound.
    """
    stored = _stored(session, transcript_id, version)
    if stored is None:
        _make(session, transcript_id, version, at)
        return True
    total, answers = _judged(scorecard_of(version), hear(_locked(session, transcript_id)))
    if _content(stored, stored.answers) == _content(total, answers):
        return False
    stored.answers.clear()
    session.flush()  # the old answers must be gone before the new ones take their keys
    stored.answers = answers
    stored.created_at = at
    stored.points, stored.coverage, stored.critical = total.points, total.coverage, total.critical
    session.flush()
    return True


def _stored(session: Session, transcript_id: int, version: ScorecardVersion) -> AutoScore | None:
    return session.scalar(
        select(AutoScore).where(
            AutoScore.transcript_id == transcript_id,
            AutoScore.scorecard_version_id == version.id,
            AutoScore.measure_version == MEASURE_VERSION,
        )
    )


def _make(session: Session, transcript_id: int, version: ScorecardVersion, at: datetime) -> AutoScore:
    transcript = _locked(session, transcript_id)
    scorecard, call = scorecard_of(version), hear(transcript)
    if are_contradicted(scorecard, call):
        _log.error("tracks_contradicted", recording_id=transcript.recording_id)
    total, answers = _judged(scorecard, call)
    made = AutoScore(
        recording_id=transcript.recording_id,
        transcript_id=transcript_id,
        scorecard_version_id=version.id,
        measure_version=MEASURE_VERSION,
        created_at=at,
        points=total.points,
        coverage=total.coverage,
        critical=total.critical,
        answers=answers,
    )
    session.add(made)
    session.flush()
    publish_event(session, CallScored(score_id=made.id), at=at)
    return made


def _locked(session: Session, transcript_id: int) -> Transcript:
    """Return a transcript whose recording nobody corrects while it is judged."""
    of_transcript = select(Transcript.recording_id).where(Transcript.id == transcript_id).scalar_subquery()
    session.execute(select(Recording.id).where(Recording.id == of_transcript).with_for_update())
    return transcript_for_scoring(session, transcript_id)


def _judged(scorecard: Scorecard, call: HeardCall) -> tuple[Score, list[AutoAnswer]]:
    answers = judge(scorecard, call)
    rows = [
        AutoAnswer(
            criterion=key,
            verdict=answer.verdict,
            reason=answer.reason,
            reason_values=answer.values,
            evidence=[e.as_dict() for e in answer.evidence],
        )
        for key, answer in answers.items()
    ]
    return machine_score(scorecard, answers), rows


def _content(total: Score | AutoScore, answers: Sequence[AutoAnswer]) -> list[object]:
    told = [(a.criterion, a.verdict, a.reason, a.reason_values, a.evidence) for a in answers]
    return [total.points, total.coverage, total.critical, told]
