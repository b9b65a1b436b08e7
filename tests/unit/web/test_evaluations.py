"""Grading on the page: answers, reasons, comments, submission, acknowledgement, dispute."""

import pytest
from sqlalchemy import delete, select

from qa.models import AutoAnswer, AutoScore, Evaluation
from qa.publishing import publish, scorecard_of, shipped_document
from tests.factories import add_draw, add_scored_call

HTMX = {"HX-Request": "true"}


@pytest.fixture
def recording(installation, staff):
    made = add_scored_call(installation, staff)
    add_draw(installation, staff)
    return made


@pytest.fixture
def grade(browser_of, recording):
    """Return a function that sends something to the inspector's evaluation of the recording."""
    client = browser_of("inspector")

    def send(what, **form):
        return client.post(f"/recordings/{recording.id}/evaluation/{what}", data=form, headers=HTMX)

    return send


def evaluations(installation):
    with installation.unit_of_work(read_only=True) as session:
        found = session.scalars(select(Evaluation).order_by(Evaluation.id)).all()
        for evaluation in found:
            list(evaluation.answers), list(evaluation.comments), evaluation.dispute
        return found


def answer_everything(grade, installation, **others):
    """Agree with the machine, pass what it left open, and answer `others` as given with a reason."""
    with installation.unit_of_work(read_only=True) as session:
        from qa.models import AutoScore

        score = session.scalar(select(AutoScore))
        criteria = scorecard_of(score.scorecard_version).criteria
        machine = {a.criterion: a.verdict for a in score.answers}
    for criterion in criteria:
        verdict = machine[criterion.key]
        agreed = "pass" if verdict == "human" or (verdict == "na" and not criterion.na) else verdict
        chosen = others.get(criterion.key, agreed)
        reason = "heard it otherwise" if criterion.key in others else ""
        assert grade("answers", criterion=criterion.key, verdict=chosen, reason=reason).status_code == 200


def test_the_first_answer_begins_an_evaluation_of_the_sample(grade, installation, staff):
    answer = grade("answers", criterion="greeting_first", verdict="pass")

    assert 'id="sheet-summary"' in answer.text
    assert "1 of 23 answered" in answer.text
    (made,) = evaluations(installation)
    assert (made.state, made.evaluator_id) == ("draft", staff.inspector.id)
    assert made.sample_id is not None


def test_the_running_score_counts_only_what_is_answered(grade):
    grade("answers", criterion="greeting_first", verdict="pass")
    text = grade("answers", criterion="greeting_company", verdict="fail", reason="too late").text

    assert "54.5" in text, "6 of 6 + 5 points"


def test_an_answer_that_is_none_is_refused_with_a_sentence(grade, installation):
    answer = grade("answers", criterion="greeting_first", verdict="na")

    assert answer.status_code == 400
    assert "cannot be N/A" in answer.text
    assert "<html" not in answer.text
    assert evaluations(installation) == []


def test_submitting_too_early_names_what_is_missing_and_submits_nothing(
    grade, browser_of, recording, installation
):
    grade("answers", criterion="greeting_first", verdict="fail")
    answer = browser_of("inspector").post(
        f"/recordings/{recording.id}/evaluation/submission", data={"summary": "so far"}
    )

    assert answer.status_code == 422
    assert "23 criteria are not complete" in answer.text
    assert 'href="#criterion-greeting_first">您好 comes first</a>: reason missing' in answer.text
    assert "answer missing" in answer.text
    assert evaluations(installation)[0].state == "draft"
    assert "so far" in answer.text


def test_a_comment_is_pinned_shown_and_taken_back(grade, installation):
    grade("comments", at_s="12.50", text="later remark")
    text = grade("comments", at_s="3.25", text="<b>early</b> remark").text

    assert text.index("&lt;b&gt;early") < text.index("later remark"), "in the order of the sound"
    assert 'data-at="3.25"' in text
    comment = next(c for c in evaluations(installation)[0].comments if c.at_s == 3.25)
    assert "early" not in grade(f"comments/{comment.id}/removal").text


@pytest.mark.parametrize(
    "form", [{"at_s": "", "text": "x"}, {"at_s": "9999", "text": "x"}, {"at_s": "1", "text": " "}]
)
def test_a_comment_without_moment_or_words_is_refused(grade, form):
    assert grade("comments", **form).status_code == 400


def test_a_complete_sheet_is_submitted_once(grade, browser_of, recording, installation):
    answer_everything(grade, installation)
    submission = f"/recordings/{recording.id}/evaluation/submission"
    client = browser_of("inspector")

    assert client.post(submission, data={"summary": "well done"}).status_code == 303
    assert client.post(submission, data={"summary": "again"}).status_code == 409
    (made,) = evaluations(installation)
    assert (made.state, made.summary) == ("submitted", "well done")
    page = client.get(f"/recordings/{recording.id}").text
    assert "Submitted" in page
    assert 'type="radio"' not in page


@pytest.fixture
def submitted(grade, browser_of, recording, installation):
    answer_everything(grade, installation, greeting_company="fail")
    browser_of("inspector").post(f"/recordings/{recording.id}/evaluation/submission", data={})
    return evaluations(installation)[0]


def test_the_agent_reads_listens_and_agrees(browser_of, submitted, installation):
    agent = browser_of("agent")
    home = agent.get("/").text
    assert f"/evaluations/{submitted.id}" in home
    page = agent.get(f"/evaluations/{submitted.id}").text
    assert "heard it otherwise" in page
    assert "I have read it and agree" in page

    assert agent.post(f"/evaluations/{submitted.id}/acknowledgement").status_code == 303
    assert evaluations(installation)[0].state == "acknowledged"
    assert "I have read it and agree" not in agent.get(f"/evaluations/{submitted.id}").text


def test_a_dispute_without_criterion_or_reason_is_explained(browser_of, submitted):
    agent = browser_of("agent")
    answer = agent.post(f"/evaluations/{submitted.id}/dispute", data={"reason": "unfair"})

    assert answer.status_code == 422
    assert "which criteria" in answer.text


def test_an_upheld_dispute_shows_the_corrected_grade(browser_of, submitted, installation):
    form = {"criteria": ["greeting_company"], "reason": "the company was named"}
    browser_of("agent").post(f"/evaluations/{submitted.id}/dispute", data=form)
    lead = browser_of("qa_lead")
    assert "the company was named" in lead.get("/").text
    decision = {"upheld": "yes", "decision": "it was named", "answer-greeting_company": "pass"}
    answer = lead.post(f"/evaluations/{submitted.id}/decision", data=decision)

    first, corrected = evaluations(installation)
    assert answer.location == f"/evaluations/{corrected.id}"
    assert first.points < corrected.points
    assert {a.criterion: a.verdict for a in first.answers}["greeting_company"] == "fail"
    assert "Upheld" in browser_of("agent").get(f"/evaluations/{submitted.id}").text


def test_upholding_without_a_change_is_refused(browser_of, submitted):
    form = {"criteria": ["greeting_company"], "reason": "the company was named"}
    browser_of("agent").post(f"/evaluations/{submitted.id}/dispute", data=form)
    decision = {"upheld": "yes", "decision": "yes", "answer-greeting_company": "fail"}

    assert (
        browser_of("qa_lead").post(f"/evaluations/{submitted.id}/decision", data=decision).status_code == 422
    )


def test_a_sheet_without_a_machine_score_is_that_of_the_setting(browser_of, installation, recording):
    """A second scorecard that somebody published later is not slipped in."""
    with installation.unit_of_work() as session:
        session.execute(delete(AutoAnswer))
        session.execute(delete(AutoScore))
        other = shipped_document().replace("scorecard: hotline-etiquette", "scorecard: other")
        publish(
            session, other.replace("zh: 热线服务礼仪评分表", "zh: 另一张评分表"), installation.clock.now()
        )
    inspector = browser_of("inspector")

    page = inspector.get(f"/recordings/{recording.id}").text
    inspector.post(
        f"/recordings/{recording.id}/evaluation/answers", data={"criterion": "tone", "verdict": "pass"}
    )

    assert "另一张评分表" not in page
    with installation.unit_of_work(read_only=True) as session:
        begun = session.scalars(select(Evaluation)).all()
        assert [e.scorecard_version.name for e in begun] == ["hotline-etiquette"]


def test_the_own_score_of_one_call_claims_no_interval(browser_of, submitted):
    home = browser_of("agent").get("/").text

    assert "no interval yet" in home
