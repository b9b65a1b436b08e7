"""The rows of the call page. Their number does not grow with the call."""

from __future__ import annotations

from sqlalchemy import ColumnElement, or_, select, true
from sqlalchemy.orm import Session, joinedload, selectinload

from core.accounts import User
from ivr.models import Call, QueueVisit
from qa.models import AutoScore, Evaluation, Sample
from recording.models import Recording, Transcript


def transcript_of(session: Session, recording_id: int) -> Transcript | None:
    """Return the latest transcript with its utterances."""
    newest = select(Transcript).where(Transcript.recording_id == recording_id).order_by(Transcript.id.desc())
    return session.scalar(newest.options(selectinload(Transcript.utterances)).limit(1))


def auto_score_of(session: Session, recording_id: int, version_id: int | None) -> AutoScore | None:
    """Return the latest machine score, of one scorecard version if it is given."""
    newest = select(AutoScore).where(AutoScore.recording_id == recording_id).order_by(AutoScore.id.desc())
    if version_id is not None:
        newest = newest.where(AutoScore.scorecard_version_id == version_id)
    options = (joinedload(AutoScore.scorecard_version), selectinload(AutoScore.answers))
    return session.scalar(newest.options(*options).limit(1))


def evaluation_by(session: Session, recording_id: int, evaluator: User) -> Evaluation | None:
    """Return the evaluation somebody made of a recording, the latest first."""
    mine = select(Evaluation).where(
        Evaluation.recording_id == recording_id, Evaluation.evaluator_id == evaluator.id
    )
    return session.scalar(mine.order_by(Evaluation.id.desc()).limit(1))


def released_evaluation(session: Session, recording_id: int) -> Evaluation | None:
    """Return the latest submitted evaluation of a recording."""
    released = select(Evaluation).where(Evaluation.recording_id == recording_id, Evaluation.state != "draft")
    return session.scalar(released.order_by(Evaluation.id.desc()).limit(1))


def sample_of(session: Session, recording_id: int) -> Sample | None:
    """Return the random sample a recording is in, the latest first."""
    return session.scalar(
        select(Sample).where(Sample.recording_id == recording_id).order_by(Sample.id.desc()).limit(1)
    )


def own_sample_of(session: Session, recording_id: int, evaluator: User) -> Sample | None:
    """Return the sample that gives this recording to this evaluator, or to nobody; the latest first."""
    fits = or_(Sample.evaluator_id == evaluator.id, Sample.evaluator_id.is_(None))
    samples = select(Sample).where(Sample.recording_id == recording_id, fits)
    return session.scalar(samples.order_by(Sample.evaluator_id.is_(None), Sample.id.desc()).limit(1))


def next_sample_for(session: Session, evaluator: User, after: Sample) -> int | None:
    """Return the recording of the next sample this evaluator has not submitted, or None."""
    done = select(Evaluation.id).where(
        Evaluation.recording_id == Sample.recording_id,
        Evaluation.evaluator_id == evaluator.id,
        Evaluation.state != "draft",
    )
    waiting = select(Sample.recording_id).where(
        Sample.evaluator_id == evaluator.id, Sample.recording_id != after.recording_id, ~done.exists()
    )
    following = waiting.order_by(Sample.id <= after.id, Sample.id).limit(1)
    return session.scalar(following)


def of_agent(own: int | None) -> ColumnElement[bool]:
    """Return the condition on the recordings of a visible call that whoever is limited to an agent may see."""
    if own is None:
        return true()
    return or_(Recording.agent_id.is_(None), Recording.agent_id == own)


def main_recording(session: Session, call: Call, own: int | None) -> Recording | None:
    """Return the recording a call's page plays: the first conversation, else the first of any kind.

    Args:
        session: the request's session.
        call: a call that may be seen.
        own: the agent the viewer is limited to; a call that was transferred has colleagues' recordings too.
    """
    recordings = select(Recording).where(Recording.call_id == call.id, of_agent(own))
    return session.scalar(recordings.order_by(Recording.kind != "conversation", Recording.id).limit(1))


def visits_of(session: Session, call: Call) -> list[QueueVisit]:
    """Return a call's queue visits with queue, agent and rings."""
    visits = select(QueueVisit).where(QueueVisit.call_id == call.id).order_by(QueueVisit.number)
    options = (joinedload(QueueVisit.queue), joinedload(QueueVisit.agent), selectinload(QueueVisit.rings))
    return list(session.scalars(visits.options(*options)))
