"""The quality part of a report: only what counts is counted."""

from datetime import timedelta

import pytest

from qa.models import Answer, AutoAnswer, AutoScore, Dispute, Draw, Evaluation, Sample, ScorecardVersion
from qa.quality import quality_of
from tests.conftest import NOW
from tests.integration.qa import rows

SINCE, UNTIL = NOW - timedelta(days=1), NOW + timedelta(days=1)


@pytest.fixture
def made(installation):
    """An agent, a draw of four calls of theirs, and a scorecard."""
    with installation.unit_of_work() as session:
        who = rows.agent(session)
        card = ScorecardVersion(name="card", version=1, sha256="0" * 64, document="", published_at=NOW)
        heard = [rows.transcribed(session, who) for _ in range(4)]
        draw = Draw(
            plan="daily",
            period_start=SINCE,
            period_end=UNTIL,
            per_agent=4,
            seed="s",
            frame_hash="0" * 64,
            frame=[[t.recording_id, who.id] for t in heard],
            drawn_at=NOW,
        )
        session.add_all([card, draw])
        session.flush()
        return installation, who, card, heard, draw


def grade(session, made, number, points, *, sampled=True, at=NOW, verdict="pass"):
    _installation, who, card, heard, draw = made
    recording_id = heard[number].recording_id
    sample = Sample(draw_id=draw.id, recording_id=recording_id, agent_id=who.id) if sampled else None
    evaluation = Evaluation(
        recording_id=recording_id,
        sample=sample,
        agent_id=who.id,
        scorecard_version_id=card.id,
        evaluator_id=rows.user(session).id,
        state="submitted",
        started_at=at,
        submitted_at=at,
        points=points,
        answers=[Answer(criterion="greeting", verdict=verdict)],
    )
    session.add(evaluation)
    session.flush()
    return evaluation


def test_only_the_random_sample_feeds_an_agents_mean(made):
    installation, who, *_ = made
    with installation.unit_of_work() as session:
        grade(session, made, 0, 80.0)
        grade(session, made, 1, 90.0, verdict="fail")
        grade(session, made, 2, 0.0, sampled=False)
        grade(session, made, 3, 10.0, at=UNTIL)  # of the next period
        quality = quality_of(session, SINCE, UNTIL)

    (agent,) = quality.agents
    assert agent.agent.id == who.id
    assert (agent.graded, agent.sampled) == (3, 2)
    assert agent.score.estimate == 85.0
    assert agent.score.low < 85.0 < agent.score.high
    assert [(c.criterion, c.graded, c.graded_failed) for c in quality.criteria] == [("greeting", 3, 1)]


def test_a_grade_that_a_dispute_overruled_does_not_count(made):
    installation, *_ = made
    with installation.unit_of_work() as session:
        overruled = grade(session, made, 0, 10.0)
        session.add(
            Dispute(
                evaluation_id=overruled.id,
                raised_by_id=overruled.evaluator_id,
                raised_at=NOW,
                reason="no",
                upheld=True,
            )
        )
        grade(session, made, 1, 90.0)
        quality = quality_of(session, SINCE, UNTIL)

    assert [agent.graded for agent in quality.agents] == [1]
    assert (quality.disputes_raised, quality.disputes_upheld) == (1, 1)


def test_a_call_scored_again_counts_by_its_latest_score(made):
    installation, _who, card, heard, _draw = made
    with installation.unit_of_work() as session:
        for measure_version, verdict in ((1, "fail"), (2, "human")):
            session.add(
                AutoScore(
                    recording_id=heard[0].recording_id,
                    transcript_id=heard[0].id,
                    scorecard_version_id=card.id,
                    measure_version=measure_version,
                    created_at=NOW,
                    points=50.0,
                    coverage=0.5,
                    critical=measure_version == 1,
                    answers=[AutoAnswer(criterion="greeting", verdict=verdict, reason="x")],
                )
            )
            session.flush()
        quality = quality_of(session, SINCE, UNTIL)

    assert (quality.scored, quality.coverage, quality.critical_found) == (1, 0.5, 0)
    (criterion,) = quality.criteria
    assert (criterion.machine_failed, criterion.left_to_people) == (0, 1)
