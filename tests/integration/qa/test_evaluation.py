"""Grading, acknowledging, disputing: who may do what, and nothing is ever overwritten."""

import pytest
from sqlalchemy import select

from core.accounts import Role
from core.audit import AuditEntry, broken_entries
from core.errors import BadInput, Conflict, Forbidden
from core.events import OutboxEvent
from qa.disputes import acknowledge, decide_dispute, raise_dispute, standing_evaluations
from qa.evaluation import (
    add_comment,
    open_evaluation,
    remove_comment,
    save_answer,
    save_summary,
    shortcomings,
    submit,
)
from qa.jobs import write_score
from qa.models import Evaluation, Sample
from qa.publishing import current_version, publish, scorecard_of, shipped_document
from qa.sampling import draw_sample
from recording.models import Transcript
from tests.conftest import NOW
from tests.integration.qa.rows import agent, transcribed, user
from tests.integration.qa.test_sampling import PERIOD


@pytest.fixture
def people(session):
    """An agent with an account, an inspector, two leads."""
    who = agent(session)
    return {
        "who": who,
        "agent": user(session, Role.AGENT, agent=who),
        "inspector": user(session),
        "lead": user(session, Role.QA_LEAD),
        "supervisor": user(session, Role.SUPERVISOR),
    }


@pytest.fixture
def sample(session, people):
    """The agent's call, scored by machine and drawn for the inspector."""
    heard = transcribed(session, people["who"])
    write_score(session, heard.id, current_version(session, at=NOW), at=NOW)
    draw = draw_sample(
        session, plan="weekly", period=PERIOD, per_agent=1, at=NOW, evaluators=[people["inspector"]]
    )
    return draw.samples[0]


@pytest.fixture
def draft(session, people, sample):
    """An opened evaluation."""
    return open_evaluation(
        session, recording=sample.recording, evaluator=people["inspector"], sample=sample, at=NOW
    )


def answer_all(session, evaluation, verdict="pass", **different):
    """Answer every criterion."""
    for criterion in scorecard_of(evaluation.scorecard_version).criteria:
        given = different.get(criterion.key, (verdict, ""))
        save_answer(
            session,
            evaluation,
            by=evaluation.evaluator,
            criterion=criterion.key,
            verdict=given[0],
            reason=given[1],
            at=NOW,
        )


NO_WAIT = {"hold_announced": ("na", ""), "hold_limit": ("na", "")}


@pytest.fixture
def submitted(session, draft):
    """An evaluation with one fail."""
    answer_all(session, draft, tone=("fail", ""), **NO_WAIT)
    submit(session, draft, by=draft.evaluator, at=NOW)
    return draft


def test_a_grade_starts_empty_and_is_opened_once(session, people, sample, draft):
    """The machine's answers are never copied into it."""
    assert draft.answers == []
    again = open_evaluation(
        session, recording=sample.recording, evaluator=people["inspector"], sample=sample, at=NOW
    )
    assert again is draft


def test_who_may_not_grade(session, people, sample):
    """Agents, supervisors, the agent on the call, and other evaluators of the sample."""
    for name in ("agent", "supervisor"):
        with pytest.raises(Forbidden):
            open_evaluation(session, recording=sample.recording, evaluator=people[name], at=NOW)
    people["lead"].agent_id = people["who"].id
    with pytest.raises(Forbidden):
        open_evaluation(session, recording=sample.recording, evaluator=people["lead"], at=NOW)
    people["lead"].agent_id = None
    with pytest.raises(Conflict):
        open_evaluation(session, recording=sample.recording, evaluator=people["lead"], sample=sample, at=NOW)


def test_nobody_grades_a_call_that_only_the_call_log_knows_to_be_their_own(session, people, sample):
    """A recording may be taken in before the call log knows who answered."""
    sample.recording.agent = None
    people["lead"].agent_id = people["who"].id
    with pytest.raises(Forbidden):
        open_evaluation(session, recording=sample.recording, evaluator=people["lead"], at=NOW)
    begun = open_evaluation(session, recording=sample.recording, evaluator=people["inspector"], at=NOW)
    assert begun.agent_id == people["who"].id, "else the agent could neither see nor dispute it"


def test_a_begun_grade_goes_on_when_the_call_is_scored_by_a_newer_scorecard(session, people, sample, draft):
    """Else the answers given so far would lie in a sheet that nobody sees again."""
    save_answer(session, draft, by=draft.evaluator, criterion="tone", verdict="pass", at=NOW)
    heard = session.scalar(select(Transcript).where(Transcript.recording_id == sample.recording_id))
    newer = publish(session, shipped_document() + "# reworded\n", NOW)
    write_score(session, heard.id, newer, at=NOW)

    again = open_evaluation(session, recording=sample.recording, evaluator=people["inspector"], at=NOW)

    assert again is draft
    answer_all(session, draft, **NO_WAIT)
    submit(session, draft, by=draft.evaluator, at=NOW)
    assert open_evaluation(session, recording=sample.recording, evaluator=draft.evaluator, at=NOW) is draft
    assert session.scalars(select(Evaluation)).all() == [draft]


def test_a_sampled_call_that_was_nobodys_counts_for_the_first_who_grades_it(session, people, sample):
    """Two grades of one sampled call would count it twice in the agent's score."""
    sample.evaluator = None
    session.flush()
    open_evaluation(session, recording=sample.recording, evaluator=people["inspector"], sample=sample, at=NOW)
    assert sample.evaluator_id == people["inspector"].id
    with pytest.raises(Conflict):
        open_evaluation(session, recording=sample.recording, evaluator=people["lead"], sample=sample, at=NOW)


def test_submission_needs_every_answer_and_the_reasons(session, draft):
    """An answer that differs from the machine's decision, and a critical fail, need a reason."""
    by = draft.evaluator
    assert len(shortcomings(session, draft)) == 23
    answer_all(
        session, draft, rings=("fail", ""), banned_rude=("fail", ""), correctness=("fail", ""), **NO_WAIT
    )
    lacking = {"banned_rude", "correctness", "rings"}
    assert {s.criterion for s in shortcomings(session, draft)} == lacking
    with pytest.raises(BadInput, match="铃响三声"):
        submit(session, draft, by=by, at=NOW)
    for key in lacking:
        save_answer(session, draft, by=by, criterion=key, verdict="fail", reason="heard it", at=NOW)
    submit(session, draft, by=by, at=NOW)
    assert (draft.state, draft.points, draft.critical) == ("submitted", 0.0, True)


def test_points_leave_out_what_does_not_apply(session, submitted):
    """One tone point of 3 lost; the two hold criteria (10) do not apply."""
    assert submitted.points == pytest.approx(100 * (90 - 3) / 90, abs=1e-3)
    events = session.scalars(select(OutboxEvent).where(OutboxEvent.name == "evaluation_submitted")).all()
    assert [e.fields for e in events] == [{"evaluation_id": submitted.id}]


def test_answers_are_checked(session, draft):
    """Unknown criteria, verdicts that are none, N/A where the scorecard allows none."""
    by = draft.evaluator
    for criterion, verdict in (("nonsense", "pass"), ("tone", "human"), ("tone", "na")):
        with pytest.raises(BadInput):
            save_answer(session, draft, by=by, criterion=criterion, verdict=verdict, at=NOW)


def test_comments_are_pinned_inside_the_recording(session, draft):
    """And can be taken back while it is a draft."""
    by = draft.evaluator
    comment = add_comment(session, draft, by=by, at_s=12.5, text=" 语气很好 ", at=NOW)
    assert [(c.at_s, c.text) for c in draft.comments] == [(12.5, "语气很好")]
    for at_s, text in ((99.0, "late"), (-1.0, "early"), (1.0, "  ")):
        with pytest.raises(BadInput):
            add_comment(session, draft, by=by, at_s=at_s, text=text, at=NOW)
    remove_comment(session, comment, by=by, at=NOW)
    assert draft.comments == []


def test_nothing_changes_after_submission_and_nobody_else_may_write(session, people, submitted):
    """A grade is a record."""
    by = submitted.evaluator
    acts = (
        lambda who: save_answer(session, submitted, by=who, criterion="tone", verdict="pass", at=NOW),
        lambda who: add_comment(session, submitted, by=who, at_s=1, text="x", at=NOW),
        lambda who: save_summary(session, submitted, by=who, text="x", at=NOW),
        lambda who: submit(session, submitted, by=who, at=NOW),
    )
    for act in acts:
        with pytest.raises(Conflict):
            act(by)
        with pytest.raises(Forbidden):
            act(people["lead"])


def test_the_agent_acknowledges_or_disputes_once(session, people, submitted):
    """Only the agent on the call; never both."""
    for name in ("inspector", "lead"):
        with pytest.raises(Forbidden):
            acknowledge(session, submitted, by=people[name], at=NOW)
    acknowledge(session, submitted, by=people["agent"], at=NOW)
    assert submitted.state == "acknowledged"
    with pytest.raises(Conflict):
        raise_dispute(session, submitted, by=people["agent"], criteria=["tone"], reason="no", at=NOW)


@pytest.fixture
def disputed(session, people, submitted):
    """The agent objects to the tone."""
    raise_dispute(
        session, submitted, by=people["agent"], criteria=["tone", "tone"], reason="背景噪声", at=NOW
    )
    return submitted


def test_a_dispute_names_criteria_and_a_reason(session, people, submitted):
    """And only known criteria."""
    for criteria, reason in (([], "x"), (["tone"], " "), (["nonsense"], "x"), (["tone"], "x" * 2001)):
        with pytest.raises(BadInput):
            raise_dispute(session, submitted, by=people["agent"], criteria=criteria, reason=reason, at=NOW)
    assert submitted.state == "submitted"


def test_somebody_else_decides(session, people, disputed):
    """Never the evaluator, never the agent."""
    how = {"upheld": False, "decision": "同意评分", "at": NOW}
    for name in ("inspector", "agent"):
        with pytest.raises(Forbidden):
            decide_dispute(session, disputed, by=people[name], **how)
    people["inspector"].role = Role.QA_LEAD
    with pytest.raises(Forbidden):
        decide_dispute(session, disputed, by=people["inspector"], **how)
    assert decide_dispute(session, disputed, by=people["supervisor"], **how) is disputed
    assert (disputed.state, disputed.dispute.upheld) == ("closed", False)
    assert standing_evaluations(session, agent_id=people["who"].id) == [disputed]
    with pytest.raises(Conflict):
        decide_dispute(session, disputed, by=people["lead"], **how)


def test_an_upheld_dispute_makes_a_corrected_copy(session, people, disputed):
    """The first evaluation stays as it was submitted; only the copy counts."""
    points = disputed.points
    how = {"by": people["lead"], "upheld": True, "decision": "录音噪声", "at": NOW}
    with pytest.raises(BadInput):
        decide_dispute(
            session, disputed, corrections={"tone": ("pass", "")}, **how | {"decision": "x" * 2001}
        )
    for corrections in ({}, {"attitude": ("fail", "")}, {"tone": ("fail", "")}, {"tone": ("human", "")}):
        with pytest.raises(BadInput):
            decide_dispute(session, disputed, corrections=corrections, **how)
        assert (disputed.state, disputed.dispute.upheld) == ("disputed", None)
    standing = decide_dispute(session, disputed, corrections={"tone": ("pass", "清楚")}, **how)
    assert standing is not disputed
    assert (standing.points, standing.evaluator, standing.sample_id) == (
        100.0,
        people["lead"],
        disputed.sample_id,
    )
    assert (disputed.points, disputed.state) == (points, "closed")
    assert {a.criterion: a.verdict for a in disputed.answers}["tone"] == "fail"
    assert standing_evaluations(session, agent_id=people["who"].id) == [standing]


def test_who_graded_the_call_cannot_correct_it(session, people, disputed):
    """A second grader of the same call is no judge of the first."""
    open_evaluation(session, recording=disputed.recording, evaluator=people["lead"], at=NOW)
    with pytest.raises(Conflict):
        decide_dispute(
            session,
            disputed,
            by=people["lead"],
            upheld=True,
            decision="x",
            corrections={"tone": ("pass", "")},
            at=NOW,
        )


def test_only_the_random_sample_feeds_the_score(session, people, sample):
    """A call picked for its risk is graded for coaching."""
    picked = open_evaluation(session, recording=sample.recording, evaluator=people["lead"], at=NOW)
    answer_all(session, picked, **NO_WAIT)
    submit(session, picked, by=people["lead"], at=NOW)
    assert standing_evaluations(session, agent_id=people["who"].id) == []
    assert standing_evaluations(session, agent_id=people["who"].id, sampled=False) == [picked]


def test_every_act_is_in_the_audit_trail(session, people, disputed):
    """The chain is whole, and names who did what."""
    decide_dispute(session, disputed, by=people["lead"], upheld=False, decision="不成立", at=NOW)
    acts = [
        (e.action, e.user_id)
        for e in session.scalars(select(AuditEntry).order_by(AuditEntry.number))
        if e.subject == f"evaluation:{disputed.id}" and e.action != "answer_saved"
    ]
    assert acts == [
        ("evaluation_opened", people["inspector"].id),
        ("evaluation_submitted", people["inspector"].id),
        ("dispute_raised", people["agent"].id),
        ("dispute_decided", people["lead"].id),
    ]
    assert list(broken_entries(session)) == []
    assert session.get(Sample, disputed.sample_id) is not None
