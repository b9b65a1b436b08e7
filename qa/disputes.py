"""What follows a submitted evaluation: the agent acknowledges it, or disputes it and somebody else decides.

An upheld dispute makes a corrected copy in the decider's name; the first evaluation stays as it was
submitted, closed. `standing_evaluations` is what counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from core.accounts import Permission, User
from core.errors import BadInput, Conflict, Forbidden
from core.events import publish
from core.i18n import gettext as _
from qa.evaluation import check_answer, checked_text, note_act, set_points
from qa.events import EvaluationSubmitted
from qa.models import Answer, Dispute, Evaluation
from qa.publishing import scorecard_of
from qa.scorecard import in_current_language

Correction = tuple[str, str]
"""(verdict, reason)."""


def acknowledge(session: Session, evaluation: Evaluation, *, by: User, at: datetime) -> None:
    """Let the agent sign that the evaluation was read; raises Forbidden for others, Conflict unless submitted."""
    _check_own(evaluation, by)
    _check_state(evaluation, "submitted")
    evaluation.state = "acknowledged"
    session.flush()
    note_act(session, evaluation, "evaluation_acknowledged", by, at)


def raise_dispute(
    session: Session, evaluation: Evaluation, *, by: User, criteria: Sequence[str], reason: str, at: datetime
) -> Dispute:
    """Let the agent object to some answers, once, instead of acknowledging.

    Raises:
        BadInput: no criterion or no reason is given, or a criterion is not on the scorecard.
        Conflict: the evaluation is not (or no longer) open to objection.
        Forbidden: it is not the agent's own call.
    """
    _check_own(evaluation, by)
    _check_state(evaluation, "submitted")
    if not criteria:
        raise BadInput(_("say which criteria you object to"))
    objection = checked_text(reason, required=_("say why you object"))
    scorecard = scorecard_of(evaluation.scorecard_version)
    named = list(dict.fromkeys(scorecard.criterion(key).key for key in criteria))
    dispute = Dispute(raised_by_id=by.id, raised_at=at, criteria=named, reason=objection)
    evaluation.dispute, evaluation.state = dispute, "disputed"
    session.flush()
    note_act(session, evaluation, "dispute_raised", by, at, criteria=named)
    return dispute


def decide_dispute(
    session: Session,
    evaluation: Evaluation,
    *,
    by: User,
    upheld: bool,
    decision: str,
    corrections: Mapping[str, Correction] | None = None,
    at: datetime,
) -> Evaluation:
    """Decide a dispute and return the evaluation that stands.

    Args:
        session: the caller's transaction.
        evaluation: the disputed one.
        by: who decides; never the evaluator, never the agent.
        upheld: the agent is right.
        decision: the reasons, for the agent to read.
        corrections: (verdict, reason) of the disputed criteria that change; due when upheld.
        at: now.

    Raises:
        BadInput: no reasons; or upheld without a change, or corrections beyond what is disputed.
        Conflict: nothing is disputed, or the decider has graded this call already.
        Forbidden: the person may not decide.
    """
    _check_decider(evaluation, by)
    _check_state(evaluation, "disputed")
    dispute = evaluation.dispute
    if dispute is None:
        raise Conflict(_("the evaluation has no dispute"))
    decision = checked_text(decision, required=_("give the reasons of the decision"))
    changes = dict(corrections or {})
    if bool(changes) != upheld:
        raise BadInput(_("an upheld dispute needs corrections, a rejected one has none"))
    standing = evaluation
    if upheld:
        _check_corrections(session, evaluation, dispute, changes, by)
        standing = _corrected(session, evaluation, changes, summary=decision, by=by, at=at)
    dispute.upheld, dispute.decision = upheld, decision
    dispute.decided_by_id, dispute.decided_at = by.id, at
    evaluation.state = "closed"
    session.flush()
    note_act(session, evaluation, "dispute_decided", by, at, upheld=upheld, standing=standing.id)
    return standing


def standing() -> ColumnElement[bool]:
    """Return the condition on `Evaluation` for those that count: submitted, and not corrected by another."""
    overruled = select(Dispute.evaluation_id).where(Dispute.upheld.is_(True))
    return Evaluation.submitted_at.is_not(None) & Evaluation.id.not_in(overruled)


def standing_evaluations(session: Session, *, agent_id: int, sampled: bool = True) -> list[Evaluation]:
    """Return an agent's evaluations that count, newest first.

    Args:
        session: the caller's transaction.
        agent_id: whose calls.
        sampled: only calls of a random sample: others never enter a score.
    """
    wanted = select(Evaluation).where(Evaluation.agent_id == agent_id, standing())
    if sampled:
        wanted = wanted.where(Evaluation.sample_id.is_not(None))
    return list(session.scalars(wanted.order_by(Evaluation.submitted_at.desc(), Evaluation.id.desc())))


def _check_corrections(
    session: Session, evaluation: Evaluation, dispute: Dispute, changes: Mapping[str, Correction], by: User
) -> None:
    own = select(Evaluation.id).where(
        Evaluation.recording_id == evaluation.recording_id,
        Evaluation.scorecard_version_id == evaluation.scorecard_version_id,
        Evaluation.evaluator_id == by.id,
    )
    if session.scalar(own) is not None:
        raise Conflict(_("you have graded this call yourself; somebody else must correct it"))
    scorecard = scorecard_of(evaluation.scorecard_version)
    before = {a.criterion: a.verdict for a in evaluation.answers}
    for key, (verdict, reason) in changes.items():
        criterion = scorecard.criterion(key)
        check_answer(criterion, verdict, reason)
        title = in_current_language(criterion.title)
        if key not in dispute.criteria:
            raise BadInput(_("%(criterion)s is not disputed", criterion=title))
        if before[key] == verdict:
            raise BadInput(_("%(criterion)s has that answer already", criterion=title))


def _corrected(
    session: Session,
    evaluation: Evaluation,
    changes: Mapping[str, Correction],
    *,
    summary: str,
    by: User,
    at: datetime,
) -> Evaluation:
    before = {a.criterion: (a.verdict, a.reason) for a in evaluation.answers}
    copy = Evaluation(
        recording_id=evaluation.recording_id,
        sample_id=evaluation.sample_id,
        agent_id=evaluation.agent_id,
        scorecard_version=evaluation.scorecard_version,
        evaluator=by,
        state="closed",
        started_at=at,
        submitted_at=at,
        summary=summary,
        answers=[
            Answer(criterion=key, verdict=verdict, reason=reason)
            for key, (verdict, reason) in {**before, **changes}.items()
        ],
    )
    set_points(copy)
    session.add(copy)
    session.flush()
    publish(session, EvaluationSubmitted(evaluation_id=copy.id), at=at)
    return copy


def _check_own(evaluation: Evaluation, by: User) -> None:
    own = by.agent_id is not None and by.agent_id == evaluation.agent_id
    if not own or not by.may(Permission.ANSWER_EVALUATION):
        raise Forbidden(_("only the agent on the call may answer the evaluation"))


def _check_state(evaluation: Evaluation, state: str) -> None:
    if evaluation.state != state:
        raise Conflict(_("the evaluation is %(state)s, not %(wanted)s", state=evaluation.state, wanted=state))


def _check_decider(evaluation: Evaluation, by: User) -> None:
    if not by.may(Permission.DECIDE_DISPUTES):
        raise Forbidden(_("your account may not decide disputes"))
    if by.id == evaluation.evaluator_id:
        raise Forbidden(_("somebody other than the evaluator decides a dispute"))
    if by.agent_id is not None and by.agent_id == evaluation.agent_id:
        raise Forbidden(_("nobody decides a dispute about an own call"))
