"""The quality part of a report: what the machine scored and what people graded in a period.

Only the random sample feeds a mean, and every mean has its interval (`qa.statistics`). Calls count by the
start of their recording for the machine, grades by their submission.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, case, func, select
from sqlalchemy.orm import Session

from ivr.models import Agent
from qa.disputes import standing
from qa.frames import eligible_calls
from qa.models import Answer, AutoAnswer, AutoScore, Dispute, Evaluation, Sample, Verdict
from qa.statistics import Interval, mean_interval
from recording.models import Recording


@dataclass(frozen=True, slots=True)
class AgentQuality:
    """One agent's grades: how many, of these from a random sample, and the sample's mean."""

    agent: Agent
    graded: int
    sampled: int
    critical: int
    score: Interval | None


@dataclass(frozen=True, slots=True)
class CriterionQuality:
    """How one criterion of the scorecard was answered by the machine and by people.

    Attributes:
        criterion: its id in the scorecard.
        left_to_people: where the machine abstained.
    """

    criterion: str
    machine_decided: int
    machine_failed: int
    left_to_people: int
    graded: int
    graded_failed: int


@dataclass(frozen=True, slots=True)
class Quality:
    """A period's quality figures; a call scored again counts by its latest score."""

    scored: int
    coverage: float | None
    critical_found: int
    disputes_raised: int
    disputes_upheld: int
    agents: Sequence[AgentQuality]
    criteria: Sequence[CriterionQuality]


def quality_of(session: Session, since: datetime, until: datetime) -> Quality:
    """Return the quality figures of a half-open period."""
    newest = _newest_scores(since, until)
    scored, coverage, critical = session.execute(
        select(
            func.count(AutoScore.id),
            func.avg(AutoScore.coverage),
            func.sum(case((AutoScore.critical, 1), else_=0)),
        ).where(AutoScore.id.in_(newest))
    ).one()
    raised, upheld = session.execute(
        select(func.count(Dispute.id), func.sum(case((Dispute.upheld.is_(True), 1), else_=0))).where(
            Dispute.raised_at >= since, Dispute.raised_at < until
        )
    ).one()
    return Quality(
        scored=scored,
        coverage=coverage,
        critical_found=critical or 0,
        disputes_raised=raised,
        disputes_upheld=upheld or 0,
        agents=_agents(session, since, until),
        criteria=_criteria(session, since, until),
    )


def _newest_scores(since: datetime, until: datetime) -> Select[int]:
    """Select the latest score of each recording of the period."""
    begun = func.coalesce(Recording.started_at, Recording.stored_at)
    return (
        select(func.max(AutoScore.id))
        .join(Recording, Recording.id == AutoScore.recording_id)
        .where(begun >= since, begun < until)
        .group_by(AutoScore.recording_id)
    )


def _agents(session: Session, since: datetime, until: datetime) -> list[AgentQuality]:
    rows = session.execute(
        select(Agent, Evaluation.points, Evaluation.critical, Sample.draw_id)
        .join(Agent, Agent.id == Evaluation.agent_id)
        .outerjoin(Sample, Sample.id == Evaluation.sample_id)
        .where(standing(), Evaluation.submitted_at >= since, Evaluation.submitted_at < until)
        .order_by(Agent.code, Evaluation.id)
    ).all()
    grades: dict[Agent, list[tuple[float | None, bool, int | None]]] = {}
    for agent, points, critical, draw_id in rows:
        grades.setdefault(agent, []).append((points, critical, draw_id))
    return [_agent(session, agent, given) for agent, given in grades.items()]


def _agent(
    session: Session, agent: Agent, given: Sequence[tuple[float | None, bool, int | None]]
) -> AgentQuality:
    sampled = [(points, draw_id) for points, _critical, draw_id in given if draw_id is not None]
    population = eligible_calls(session, {draw_id for _points, draw_id in sampled}, agent.id)
    return AgentQuality(
        agent=agent,
        graded=len(given),
        sampled=len(sampled),
        critical=sum(critical for _points, critical, _draw_id in given),
        score=mean_interval([points for points, _ in sampled if points is not None], population=population),
    )


def _criteria(session: Session, since: datetime, until: datetime) -> list[CriterionQuality]:
    newest = _newest_scores(since, until)
    machine = _verdicts(
        session,
        select(AutoAnswer.criterion, AutoAnswer.verdict, func.count())
        .where(AutoAnswer.score_id.in_(newest))
        .group_by(AutoAnswer.criterion, AutoAnswer.verdict),
    )
    people = _verdicts(
        session,
        select(Answer.criterion, Answer.verdict, func.count())
        .join(Evaluation, Evaluation.id == Answer.evaluation_id)
        .where(standing(), Evaluation.submitted_at >= since, Evaluation.submitted_at < until)
        .group_by(Answer.criterion, Answer.verdict),
    )
    found = [_criterion(name, machine.get(name, {}), people.get(name, {})) for name in machine | people]
    return sorted(found, key=lambda c: (-c.graded_failed, -c.machine_failed, c.criterion))


def _verdicts(session: Session, counted: Select[str, str, int]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for criterion, verdict, count in session.execute(counted):
        found.setdefault(criterion, {})[verdict] = count
    return found


def _criterion(name: str, machine: Mapping[str, int], people: Mapping[str, int]) -> CriterionQuality:
    return CriterionQuality(
        criterion=name,
        machine_decided=_decided(machine),
        machine_failed=machine.get(Verdict.FAIL, 0),
        left_to_people=machine.get(Verdict.HUMAN, 0),
        graded=_decided(people),
        graded_failed=people.get(Verdict.FAIL, 0),
    )


def _decided(verdicts: Mapping[str, int]) -> int:
    return verdicts.get(Verdict.PASS, 0) + verdicts.get(Verdict.FAIL, 0)
