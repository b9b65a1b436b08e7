"""Drawing a sample on the page, and proving it."""

import pytest
from sqlalchemy import select

from qa.models import Dispute, Draw, Evaluation, Sample
from qa.publishing import current_version
from qa.statistics import mean_interval
from tests.factories import add_draw, add_scored_call
from web.recordings.queries import next_sample_for
from web.tasks.queries import grading_tasks, latest_draws, own_score


@pytest.fixture
def calls(installation, staff):
    for agent in (staff.agent_row, staff.other_agent):
        for _ in range(3):
            add_scored_call(installation, staff, agent=agent)


FORM = {"plan": "weekly", "start": "2026-11-16", "end": "2026-11-22", "per_agent": "2", "seed": "known"}


def test_a_draw_takes_the_same_number_of_every_agent_and_shows_its_proof(browser_of, calls, installation):
    lead = browser_of("qa_lead")
    answer = lead.post("/samples", data=FORM)

    assert answer.status_code == 303
    page = lead.get(answer.location).text
    with installation.unit_of_work(read_only=True) as session:
        draw = session.scalar(select(Draw))
        assert [s.agent_id for s in draw.samples].count(draw.samples[0].agent_id) == 2
        assert len(draw.samples) == 4
        assert draw.frame_hash in page
    assert "known" in page
    assert "4 of 6 eligible calls" in page
    assert "2026-11-16 – 2026-11-22" in page
    assert "the same calls" in lead.get(answer.location + "/verification").text


def test_a_tampered_sample_is_found_out(browser_of, calls, installation, staff):
    draw = add_draw(installation, staff, per_agent=2)
    with installation.unit_of_work() as session:
        session.delete(session.scalar(select(Sample).limit(1)))

    answer = browser_of("qa_lead").get(f"/samples/{draw.id}/verification").text
    assert "not what the draw gives" in answer


@pytest.mark.parametrize(
    "change",
    [
        {"per_agent": "0"},
        {"per_agent": "many"},
        {"start": ""},
        {"end": "2026-11-01"},
        {"start": "2020-01-01", "end": "2020-01-02"},
    ],
)
def test_a_draw_that_cannot_be_made_keeps_the_form_and_says_why(browser_of, calls, change):
    answer = browser_of("qa_lead").post("/samples", data=FORM | change)

    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert 'value="known"' in answer.text


def test_the_sample_is_the_inspectors_task_list(browser_of, calls, installation, staff):
    add_draw(installation, staff, per_agent=2)
    inspector = browser_of("inspector")
    home = inspector.get("/").text

    assert "4 calls wait for your grade, 0 are done." in home
    first = home.split('href="/recordings/')[1].split('"')[0]
    assert "Next in my sample" in inspector.get(f"/recordings/{first}").text


def test_lists_ask_a_fixed_number_of_questions(browser_of, calls, installation, staff, count_queries):
    draw = add_draw(installation, staff, per_agent=3)
    inspector, lead = browser_of("inspector"), browser_of("qa_lead")
    with count_queries() as home:
        inspector.get("/")
    with count_queries() as page:
        lead.get(f"/samples/{draw.id}")

    assert len(home) == 6, "account, missed calls, handover, bulletins, counts, tasks"
    assert len(page) == 4, "account, draw, calls, who drew"


@pytest.mark.parametrize("size", ["9" * 5000, "0", "1001", "-1", ""])
def test_a_size_that_is_none_is_refused_with_the_form(browser_of, calls, installation, size):
    answer = browser_of("qa_lead").post("/samples", data=FORM | {"per_agent": size})

    assert answer.status_code == 422
    with installation.unit_of_work(read_only=True) as session:
        assert session.scalar(select(Draw)) is None


def test_a_call_that_is_drawn_again_is_one_task_and_stays_graded(browser_of, calls, installation, staff):
    first = add_draw(installation, staff, per_agent=2)
    second = add_draw(installation, staff, per_agent=3)
    with installation.unit_of_work(read_only=True) as session:
        assert grading_tasks(session, staff.inspector).count == 6
        shown = [task.recording.id for task in grading_tasks(session, staff.inspector).waiting]
        assert sorted(shown) == sorted(set(shown))
        first_call = session.get_one(Draw, first.id).samples[0]
    grade(installation, staff, first_call)

    with installation.unit_of_work(read_only=True) as session:
        assert grading_tasks(session, staff.inspector).count == 5
        assert {draw.id: done for draw, _drawn, done in latest_draws(session)} == {first.id: 1, second.id: 1}
        follows = next_sample_for(session, staff.inspector, first_call)
        assert follows != first_call.recording_id


def grade(installation, staff, sample):
    """Submit an evaluation of a sampled call, as it would stand after grading."""
    with installation.unit_of_work() as session:
        version = current_version(session, at=installation.clock.now())
        made = Evaluation(
            recording_id=sample.recording_id,
            sample_id=sample.id,
            agent_id=sample.agent_id,
            scorecard_version=version,
            evaluator_id=staff.inspector.id,
            state="submitted",
            started_at=installation.clock.now(),
            submitted_at=installation.clock.now(),
            points=81.5,
        )
        session.add(made)
        return made


def test_the_page_of_a_draw_shows_the_grade_that_stands_after_a_dispute(
    browser_of, calls, installation, staff
):
    draw = add_draw(installation, staff, per_agent=1)
    with installation.unit_of_work(read_only=True) as session:
        sample = session.get_one(Draw, draw.id).samples[0]
    overruled = grade(installation, staff, sample)
    with installation.unit_of_work() as session:
        at = installation.clock.now()
        session.add(
            Dispute(
                evaluation_id=overruled.id,
                raised_by_id=staff.agent.id,
                raised_at=at,
                reason="no",
                upheld=True,
                decided_at=at,
            )
        )
        session.add(
            Evaluation(
                recording_id=sample.recording_id,
                sample_id=sample.id,
                agent_id=sample.agent_id,
                scorecard_version_id=overruled.scorecard_version_id,
                evaluator_id=staff.supervisor.id,
                state="closed",
                started_at=at,
                submitted_at=at,
                points=97.5,
            )
        )
    page = browser_of("qa_lead").get(f"/samples/{draw.id}").text

    assert "97.5" in page
    assert "81.5" not in page


def test_the_own_score_knows_how_many_calls_could_have_been_drawn(calls, installation, staff):
    """Two of an agent's three calls are graded; that two draws had them in their frames makes no six of them."""
    add_draw(installation, staff, per_agent=2)
    add_draw(installation, staff, per_agent=3)
    now = installation.clock.now()
    with installation.unit_of_work() as session:
        of_agent = select(Sample).where(Sample.agent_id == staff.agent_row.id).order_by(Sample.id)
        first, *others = session.scalars(of_agent).all()
        second = [sample for sample in others if sample.recording_id != first.recording_id][-1]
        for sample, points in ((first, 90.0), (second, 70.0)):
            session.add(
                Evaluation(
                    recording_id=sample.recording_id,
                    sample_id=sample.id,
                    agent_id=sample.agent_id,
                    scorecard_version_id=current_version(session, at=now).id,
                    evaluator_id=staff.inspector.id,
                    state="submitted",
                    started_at=now,
                    submitted_at=now,
                    points=points,
                )
            )
    with installation.unit_of_work(read_only=True) as session:
        assert {sample.draw_id for sample in (first, second)} == set(session.scalars(select(Draw.id)))
        assert own_score(session, staff.agent_row.id, now) == mean_interval([90.0, 70.0], population=3)
        assert own_score(session, staff.other_agent.id, now) is None
