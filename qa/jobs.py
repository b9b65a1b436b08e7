"""Scoring a transcript by machine: the job, and the rows it writes."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.events import publish as publish_event
from core.installation import Installation
from qa.events import CallScored
from qa.hearing import hear, transcript_for_scoring
from qa.measures import MEASURE_VERSION
from qa.models import AutoAnswer, AutoScore, ScorecardVersion
from qa.publishing import current_version, scorecard_of
from qa.scoring import judge, machine_score
from recording.models import Transcript


def score_transcript(installation: Installation, *, transcript_id: int) -> None:
    """Score a transcript with the last published scorecard.

    Done before, or the recording deleted meanwhile: nothing happens.
    """
    now = installation.clock.now()
    with installation.unit_of_work() as session:
        if session.get(Transcript, transcript_id) is None:
            return
        write_score(session, transcript_id, current_version(session, at=now), at=now)


def write_score(
    session: Session, transcript_id: int, version: ScorecardVersion, *, at: datetime
) -> AutoScore:
    """Return the score of a transcript by one scorecard version, making it if there is none.

    Scores by other versions, and people's answers, are left as they are. Raises NotFound.
    """
    existing = session.scalar(
        select(AutoScore).where(
            AutoScore.transcript_id == transcript_id,
            AutoScore.scorecard_version_id == version.id,
            AutoScore.measure_version == MEASURE_VERSION,
        )
    )
    if existing is not None:
        return existing
    transcript = transcript_for_scoring(session, transcript_id)
    scorecard = scorecard_of(version)
    answers = judge(scorecard, hear(transcript))
    total = machine_score(scorecard, answers)
    made = AutoScore(
        recording_id=transcript.recording_id,
        transcript_id=transcript_id,
        scorecard_version_id=version.id,
        measure_version=MEASURE_VERSION,
        created_at=at,
        points=total.points,
        coverage=total.coverage,
        critical=total.critical,
        answers=[
            AutoAnswer(
                criterion=key,
                verdict=answer.verdict,
                reason=answer.reason,
                reason_values=answer.values,
                evidence=[e.as_dict() for e in answer.evidence],
            )
            for key, answer in answers.items()
        ],
    )
    session.add(made)
    session.flush()
    publish_event(session, CallScored(score_id=made.id), at=at)
    return made
