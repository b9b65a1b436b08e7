"""Grading a recording, and what agent and lead say to the grade."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from core.errors import BadInput, NotFound
from core.i18n import gettext as _
from qa import disputes, evaluation
from qa.models import Comment, Evaluation
from recording.models import Recording
from web.access import visible_evaluation, visible_recording
from web.context import actor, db, installation, is_fragment_request, now, request_value, user
from web.evaluations.sheet import Sheet
from web.recordings.page import call_page
from web.recordings.queries import own_sample_of

blueprint = Blueprint("evaluations", __name__)

_OF_RECORDING = "/recordings/<int:recording_id>/evaluation"
_OF_EVALUATION = "/evaluations/<int:evaluation_id>"


@blueprint.get(_OF_EVALUATION)
def show(evaluation_id: int) -> ResponseReturnValue:
    """Show the page of a recording with this evaluation on it."""
    return _page(visible_evaluation(db(), user(), evaluation_id))


@blueprint.post(f"{_OF_RECORDING}/answers")
def answer(recording_id: int) -> ResponseReturnValue:
    """Save one answer; the first one begins the evaluation."""
    mine = _mine(recording_id)
    evaluation.save_answer(
        db(),
        mine,
        by=actor(),
        criterion=request_value("criterion"),
        verdict=request_value("verdict"),
        reason=request_value("reason"),
        at=now(),
    )
    return _fragment(mine, "evaluations/_summary.html")


@blueprint.post(f"{_OF_RECORDING}/comments")
def comment(recording_id: int) -> ResponseReturnValue:
    """Pin a comment to a moment."""
    mine = _mine(recording_id)
    text, at_s = request_value("text"), _seconds(request_value("at_s"))
    evaluation.add_comment(db(), mine, by=actor(), at_s=at_s, text=text, at=now())
    return _fragment(mine, "evaluations/_comments.html")


@blueprint.post(f"{_OF_RECORDING}/comments/<int:comment_id>/removal")
def uncomment(recording_id: int, comment_id: int) -> ResponseReturnValue:
    """Take a comment back."""
    mine = _mine(recording_id)
    found = db().get(Comment, comment_id)
    if found is None or found.evaluation_id != mine.id:
        raise NotFound(_("There is no such comment on your evaluation."))
    evaluation.remove_comment(db(), found, by=actor(), at=now())
    return _fragment(mine, "evaluations/_comments.html")


@blueprint.post(f"{_OF_RECORDING}/submission")
def submit(recording_id: int) -> ResponseReturnValue:
    """Submit the evaluation, or show what is missing."""
    mine = _mine(recording_id)
    evaluation.save_summary(db(), mine, by=actor(), text=request_value("summary"), at=now())
    try:
        evaluation.submit(db(), mine, by=actor(), at=now())
    except BadInput as error:
        return _page(mine, problem=str(error)), 422
    return redirect(f"/recordings/{recording_id}", 303)


@blueprint.post(f"{_OF_EVALUATION}/acknowledgement")
def acknowledge(evaluation_id: int) -> ResponseReturnValue:
    """Let the agent agree."""
    disputes.acknowledge(db(), visible_evaluation(db(), user(), evaluation_id), by=actor(), at=now())
    return redirect(f"/evaluations/{evaluation_id}", 303)


@blueprint.post(f"{_OF_EVALUATION}/dispute")
def dispute(evaluation_id: int) -> ResponseReturnValue:
    """Let the agent object."""
    found = visible_evaluation(db(), user(), evaluation_id)
    criteria = request.form.getlist("criteria")
    try:
        disputes.raise_dispute(
            db(), found, by=actor(), criteria=criteria, reason=request_value("reason"), at=now()
        )
    except BadInput as error:
        return _page(found, problem=str(error)), 422
    return redirect(f"/evaluations/{evaluation_id}", 303)


@blueprint.post(f"{_OF_EVALUATION}/decision")
def decide(evaluation_id: int) -> ResponseReturnValue:
    """Let somebody else decide the dispute."""
    found = visible_evaluation(db(), user(), evaluation_id)
    upheld, decision = request_value("upheld") == "yes", request_value("decision")
    try:
        standing = disputes.decide_dispute(
            db(),
            found,
            by=actor(),
            upheld=upheld,
            decision=decision,
            corrections=_corrections(found, decision) if upheld else None,
            at=now(),
        )
    except BadInput as error:
        return _page(found, problem=str(error)), 422
    return redirect(f"/evaluations/{standing.id}", 303)


def _mine(recording_id: int) -> Evaluation:
    session: Session = db()
    recording = visible_recording(session, user(), recording_id)
    sample = own_sample_of(session, recording.id, user())
    return evaluation.open_evaluation(
        session,
        recording=recording,
        evaluator=actor(),
        sample=sample,
        at=now(),
        scorecard=installation().settings.qa.scorecard,
    )


def _corrections(found: Evaluation, decision: str) -> dict[str, disputes.Correction]:
    """Return the answers the form changes."""
    before = {a.criterion: a.verdict for a in found.answers}
    sent = {key: request_value(f"answer-{key}") for key in before}
    return {key: (verdict, decision) for key, verdict in sent.items() if verdict and verdict != before[key]}


def _page(found: Evaluation, *, problem: str = "") -> str:
    recording: Recording = visible_recording(db(), user(), found.recording_id)
    page = call_page(db(), user(), recording=recording, evaluation=found, validated=bool(problem))
    return render_template("recordings/show.html", page=page, sheet_problem=problem)


def _fragment(mine: Evaluation, template: str) -> ResponseReturnValue:
    if not is_fragment_request():
        return redirect(f"/recordings/{mine.recording_id}", 303)
    page = call_page(db(), user(), recording=mine.recording, evaluation=mine)
    sheet: Sheet | None = page.sheet
    return render_template(template, sheet=sheet)


def _seconds(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise BadInput(_("The comment has no time; play the call and try again.")) from None
