"""What waits for one person: calls to grade, grades to answer, disputes to decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session, aliased, defer, joinedload

from core.accounts import User
from core.jobs import Job
from ivr.models import Agent
from qa.disputes import standing
from qa.frames import eligible_calls
from qa.models import AutoScore, Dispute, Draw, Evaluation, Sample
from qa.statistics import Interval, mean_interval
from recording.models import Recording

LISTED: Final = 50
SCORE_PERIOD: Final = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class GradingTask:
    """A sampled call that waits for this person."""

    recording: Recording
    agent: Agent
    plan: str
    draft: bool
    machine_points: float | None


@dataclass(frozen=True, slots=True)
class GradingTasks:
    """The first of the waiting calls, how many wait in all, and how many are done."""

    waiting: list[GradingTask]
    count: int
    done: int


def grading_tasks(session: Session, evaluator: User) -> GradingTasks:
    """Return the sampled calls somebody is to grade: drafts first, then in drawing order."""
    mine = (Evaluation.recording_id == Sample.recording_id) & (Evaluation.evaluator_id == evaluator.id)
    is_done = func.coalesce(Evaluation.state, "draft") != "draft"
    later = aliased(Sample)  # a call drawn again is still one call to grade
    again = (later.recording_id == Sample.recording_id) & (later.evaluator_id == evaluator.id)
    superseded = select(later.id).where(again, later.id > Sample.id).exists()
    own = select(Sample).outerjoin(Evaluation, mine).where(Sample.evaluator_id == evaluator.id, ~superseded)
    counts = own.with_only_columns(func.count(case((is_done, None), else_=1)), func.count(case((is_done, 1))))
    waiting, done = session.execute(counts).one()
    any_score = aliased(AutoScore)
    newest = select(func.max(any_score.id)).where(any_score.recording_id == Sample.recording_id)
    rows = session.execute(
        own.join(Agent, Agent.id == Sample.agent_id)
        .join(Draw, Draw.id == Sample.draw_id)
        .join(Recording, Recording.id == Sample.recording_id)
        .outerjoin(AutoScore, AutoScore.id == newest.scalar_subquery())
        .where(~is_done)
        .with_only_columns(Recording, Agent, Draw.plan, Evaluation.id, AutoScore.points)
        .order_by(Evaluation.id.is_(None), Sample.id)
        .limit(LISTED)
    )
    tasks = [GradingTask(r, a, plan, draft is not None, points) for r, a, plan, draft, points in rows]
    return GradingTasks(tasks, waiting, done)


def own_evaluations(session: Session, agent_id: int) -> Sequence[Evaluation]:
    """Return an agent's submitted evaluations: those to answer first, then the latest."""
    released = select(Evaluation).where(Evaluation.agent_id == agent_id, Evaluation.state != "draft")
    ordered = released.order_by(Evaluation.state != "submitted", Evaluation.submitted_at.desc()).limit(LISTED)
    options = (joinedload(Evaluation.recording), joinedload(Evaluation.evaluator))
    return session.scalars(ordered.options(*options)).all()


def own_score(session: Session, agent_id: int, now: datetime) -> Interval | None:
    """Return an agent's mean score with its interval: random sample only, the last 90 days.

    The interval is for the mean of all the calls that the same draws could have drawn.
    """
    graded = session.execute(
        select(Evaluation.points, Sample.draw_id)
        .join(Evaluation.sample)
        .where(
            Evaluation.agent_id == agent_id,
            standing(),
            Evaluation.submitted_at >= now - SCORE_PERIOD,
        )
    ).all()
    population = eligible_calls(session, {draw_id for _points, draw_id in graded}, agent_id)
    return mean_interval([p for p, _draw_id in graded if p is not None], population=population)


def open_disputes(session: Session) -> Sequence[Dispute]:
    """Return the disputes nobody has decided, the oldest first."""
    waiting = select(Dispute).where(Dispute.decided_at.is_(None)).order_by(Dispute.raised_at).limit(LISTED)
    evaluation = joinedload(Dispute.evaluation)
    options = (evaluation.joinedload(Evaluation.agent), evaluation.joinedload(Evaluation.evaluator))
    return session.scalars(waiting.options(*options)).all()


def latest_draws(session: Session, *, limit: int = 5) -> list[tuple[Draw, int, int]]:
    """Return the latest draws with the number of their calls and of those graded."""
    mine = (Evaluation.recording_id == Sample.recording_id) & (Evaluation.evaluator_id == Sample.evaluator_id)
    counted = (
        select(
            Sample.draw_id,
            func.count(func.distinct(Sample.id)),
            func.count(func.distinct(case((Evaluation.state != "draft", Sample.id)))),
        )
        .outerjoin(Evaluation, mine)
        .group_by(Sample.draw_id)
    )
    draws = session.scalars(
        select(Draw).options(defer(Draw.frame)).order_by(Draw.drawn_at.desc(), Draw.id.desc()).limit(limit)
    ).all()
    found = session.execute(counted.where(Sample.draw_id.in_([draw.id for draw in draws])))
    counts = {draw_id: (drawn, done) for draw_id, drawn, done in found}
    return [(draw, *counts.get(draw.id, (0, 0))) for draw in draws]


def dead_job_count(session: Session) -> int:
    """Return how many jobs failed for good."""
    return session.scalar(select(func.count()).select_from(Job).where(Job.state == "dead")) or 0
