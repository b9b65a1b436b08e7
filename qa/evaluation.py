"""A person's grade of a call: opened, answered, submitted; then acknowledged or disputed (`qa.disputes`).

A grade starts empty: the machine's answers are shown beside it and never copied into it. Nothing is
overwritten after submission. Every act is an audit entry.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.accounts import Permission, User
from core.audit import record_audit
from core.errors import BadInput, Conflict, Forbidden, NotFound
from core.events import publish
from core.i18n import gettext as _
from qa.events import EvaluationSubmitted
from qa.models import (
    Answer,
    AutoAnswer,
    AutoScore,
    Comment,
    Evaluation,
    Sample,
    ScorecardVersion,
    Verdict,
)
from qa.publishing import SHIPPED, current_version, scorecard_of
from qa.scorecard import Criterion, Critical, in_current_language
from qa.scoring import score
from recording.models import Recording

ANSWERS: Final = (Verdict.PASS, Verdict.FAIL, Verdict.NA)
"""What a person may answer."""
_DECIDED: Final = (Verdict.PASS, Verdict.FAIL)
MAX_TEXT: Final = 2000


def open_evaluation(
    session: Session,
    *,
    recording: Recording,
    evaluator: User,
    at: datetime,
    sample: Sample | None = None,
    version: ScorecardVersion | None = None,
    scorecard: str = SHIPPED,
) -> Evaluation:
    """Return the evaluator's evaluation of a recording, beginning one (empty) if there is none.

    Args:
        session: the caller's transaction.
        recording: what is graded.
        evaluator: who grades.
        at: now.
        sample: the random sample it fulfils; without one it never counts for the agent's score.
        version: the scorecard; None for that of the evaluation already begun, else that of the machine's
            score, else the current one.
        scorecard: name of the current one, see `current_version`.

    Raises:
        Forbidden: the evaluator may not grade, or is the agent on the call.
        Conflict: the sample is another evaluator's or another recording's.
    """
    if not evaluator.may(Permission.GRADE):
        raise Forbidden(_("your account may not grade calls"))
    if evaluator.agent_id is not None and evaluator.agent_id == recording.answered_by_id:
        raise Forbidden(_("nobody grades an own call"))
    if sample is not None:
        _check_sample(sample, recording, evaluator)
    if (existing := _begun(session, recording, evaluator, version)) is not None:
        return existing
    if sample is not None:
        sample.evaluator_id = evaluator.id  # one that was nobody's is now taken: it counts once
    version = version or _scored_with(session, recording) or current_version(session, at=at, name=scorecard)
    evaluation = Evaluation(
        recording=recording,
        sample=sample,
        agent_id=recording.answered_by_id,
        scorecard_version=version,
        evaluator=evaluator,
        state="draft",
        started_at=at,
    )
    session.add(evaluation)
    session.flush()
    note_act(session, evaluation, "evaluation_opened", evaluator, at, recording=recording.id)
    return evaluation


def save_answer(
    session: Session,
    evaluation: Evaluation,
    *,
    by: User,
    criterion: str,
    verdict: str,
    reason: str = "",
    at: datetime,
) -> Answer:
    """Save one answer of a draft; saving again replaces it.

    Raises:
        BadInput: an unknown criterion, a verdict that is none, or N/A where the scorecard allows none.
        Conflict: the evaluation is submitted.
        Forbidden: it is another person's.
    """
    _check_draft(evaluation, by)
    asked = scorecard_of(evaluation.scorecard_version).criterion(criterion)
    check_answer(asked, verdict, reason)
    answer = next((a for a in evaluation.answers if a.criterion == criterion), None)
    if answer is None:
        answer = Answer(criterion=criterion, verdict=verdict, reason=reason.strip())
        evaluation.answers.append(answer)
    else:
        answer.verdict, answer.reason = verdict, reason.strip()
    session.flush()
    note_act(session, evaluation, "answer_saved", by, at, criterion=criterion, verdict=verdict)
    return answer


def add_comment(
    session: Session, evaluation: Evaluation, *, by: User, at_s: float, text: str, at: datetime
) -> Comment:
    """Pin a remark to a moment of the recording, in a draft; raises BadInput outside the recording."""
    _check_draft(evaluation, by)
    if not 0 <= at_s <= evaluation.recording.duration_s:
        raise BadInput(_("the comment's time lies outside the recording"))
    remark = checked_text(text, required=_("write what the comment says"))
    comment = Comment(author=by, at_s=at_s, text=remark, created_at=at)
    evaluation.comments.append(comment)
    session.flush()
    note_act(session, evaluation, "comment_added", by, at, at_s=round(at_s, 3))
    return comment


def remove_comment(session: Session, comment: Comment, *, by: User, at: datetime) -> None:
    """Take back a remark of a draft."""
    evaluation = comment.evaluation
    _check_draft(evaluation, by)
    evaluation.comments.remove(comment)
    session.flush()
    note_act(session, evaluation, "comment_removed", by, at, comment=comment.id)


def save_summary(session: Session, evaluation: Evaluation, *, by: User, text: str, at: datetime) -> None:
    """Save the summary of a draft."""
    _check_draft(evaluation, by)
    evaluation.summary = checked_text(text)
    session.flush()
    note_act(session, evaluation, "summary_saved", by, at)


def submit(session: Session, evaluation: Evaluation, *, by: User, at: datetime) -> None:
    """Submit a draft: its points are computed and it can no longer be changed.

    Raises:
        BadInput: answers or reasons are missing; `shortcomings` says which.
    """
    _check_draft(evaluation, by)
    if missing := shortcomings(session, evaluation):
        raise BadInput("\n".join(m.text for m in missing))
    evaluation.state, evaluation.submitted_at = "submitted", at
    set_points(evaluation)
    session.flush()
    note_act(session, evaluation, "evaluation_submitted", by, at, points=evaluation.points)
    publish(session, EvaluationSubmitted(evaluation_id=evaluation.id), at=at)


@dataclass(frozen=True, slots=True)
class Shortcoming:
    """What one criterion still lacks: its key and a sentence."""

    criterion: str
    text: str


def shortcomings(session: Session, evaluation: Evaluation) -> list[Shortcoming]:
    """Return what keeps a draft from being submitted, in the scorecard's order."""
    machine = machine_verdicts(session, evaluation)
    answers = {a.criterion: a for a in evaluation.answers}
    found = []
    for criterion in scorecard_of(evaluation.scorecard_version).criteria:
        answer, title = answers.get(criterion.key), in_current_language(criterion.title)
        if answer is None:
            found.append(Shortcoming(criterion.key, _("%(criterion)s has no answer", criterion=title)))
        elif not answer.reason and reason_due(criterion, answer.verdict, machine.get(criterion.key)):
            found.append(Shortcoming(criterion.key, _("%(criterion)s needs a reason", criterion=title)))
    return found


def reason_due(criterion: Criterion, verdict: str, machine: str | None) -> bool:
    """Whether an answer needs a reason: it differs from the machine's decision, or fails a critical criterion."""
    if criterion.critical != Critical.NONE and verdict == Verdict.FAIL:
        return True
    return machine in _DECIDED and machine != verdict


def machine_verdicts(session: Session, evaluation: Evaluation) -> dict[str, str]:
    """Return the machine's newest verdicts by the evaluation's scorecard version."""
    newest = (
        select(AutoScore.id)
        .where(
            AutoScore.recording_id == evaluation.recording_id,
            AutoScore.scorecard_version_id == evaluation.scorecard_version_id,
        )
        .order_by(AutoScore.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    rows = session.execute(
        select(AutoAnswer.criterion, AutoAnswer.verdict).where(AutoAnswer.score_id == newest)
    )
    return {row.criterion: row.verdict for row in rows}


def set_points(evaluation: Evaluation) -> None:
    """Compute an evaluation's points from its answers; critical failures of people count."""
    total = score(
        scorecard_of(evaluation.scorecard_version),
        {a.criterion: a.verdict for a in evaluation.answers},
        confirmed=True,
    )
    evaluation.points, evaluation.critical = total.points, total.critical


def check_answer(criterion: Criterion, verdict: str, reason: str) -> None:
    """Raise BadInput unless a person may answer this criterion so."""
    if verdict not in ANSWERS:
        raise BadInput(
            _("%(verdict)s is not an answer; choose pass, fail or na", verdict=verdict), code="bad_verdict"
        )
    if verdict == Verdict.NA and not criterion.na:
        raise BadInput(_("%(criterion)s cannot be N/A", criterion=in_current_language(criterion.title)))
    checked_text(reason)


def note_act(
    session: Session, evaluation: Evaluation, action: str, by: User, at: datetime, **detail: Any
) -> None:
    """Write the audit entry of an act on an evaluation."""
    subject = f"evaluation:{evaluation.id}"
    record_audit(session, at=at, user_id=by.id, action=action, subject=subject, **detail)


def find_evaluation(session: Session, evaluation_id: int) -> Evaluation:
    """Return an evaluation; raises NotFound."""
    found = session.get(Evaluation, evaluation_id)
    if found is None:
        raise NotFound(_("there is no evaluation %(id)s", id=evaluation_id))
    return found


def _begun(
    session: Session, recording: Recording, evaluator: User, version: ScorecardVersion | None
) -> Evaluation | None:
    """Return the evaluator's newest evaluation of a recording: re-scoring by another version starts no second."""
    own = select(Evaluation).where(
        Evaluation.recording_id == recording.id, Evaluation.evaluator_id == evaluator.id
    )
    if version is not None:
        own = own.where(Evaluation.scorecard_version_id == version.id)
    return session.scalar(own.order_by(Evaluation.id.desc()).limit(1))


def _scored_with(session: Session, recording: Recording) -> ScorecardVersion | None:
    newest = select(AutoScore).where(AutoScore.recording_id == recording.id).order_by(AutoScore.id.desc())
    found = session.scalar(newest.limit(1))
    return found.scorecard_version if found else None


def _check_sample(sample: Sample, recording: Recording, evaluator: User) -> None:
    if sample.recording_id != recording.id:
        raise Conflict(_("the sample names another recording"))
    if sample.evaluator_id is not None and sample.evaluator_id != evaluator.id:
        raise Conflict(_("this call of the sample is another evaluator's"))


def _check_draft(evaluation: Evaluation, by: User) -> None:
    if evaluation.evaluator_id != by.id:
        raise Forbidden(_("this is another person's evaluation"))
    if evaluation.state != "draft":
        raise Conflict(_("the evaluation is submitted and can no longer be changed"))


def checked_text(text: str, *, required: str = "") -> str:
    """Return what somebody wrote, stripped; raises BadInput when it is too long, or empty but `required`."""
    stripped = text.strip()
    if required and not stripped:
        raise BadInput(required)
    if len(stripped) > MAX_TEXT:
        raise BadInput(_("the text is longer than %(most)s characters", most=MAX_TEXT))
    return stripped
