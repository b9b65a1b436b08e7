"""The rows of a draw's page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.accounts import User
from core.errors import NotFound
from core.i18n import gettext as _
from ivr.models import Agent
from qa.models import Dispute, Draw, Evaluation, Sample
from recording.models import Recording


@dataclass(frozen=True, slots=True)
class SampleRow:
    """One drawn call: whose, to be graded by whom, and how far that is."""

    recording: Recording
    agent: Agent
    evaluator: User | None
    state: str
    points: float | None


def draw_of(session: Session, draw_id: int) -> Draw:
    """Return a draw; raises NotFound."""
    if (draw := session.get(Draw, draw_id)) is None:
        raise NotFound(_("There is no draw %(number)s.", number=draw_id))
    return draw


def drawn_by(session: Session, draw: Draw) -> User | None:
    """Return who drew; None for the system."""
    return session.get(User, draw.drawn_by_id) if draw.drawn_by_id else None


def sample_rows(session: Session, draw: Draw) -> Sequence[SampleRow]:
    """Return the calls of a draw by agent, each with the grade that stands."""
    overruled = select(Dispute.evaluation_id).where(Dispute.upheld.is_(True))
    given = (Evaluation.evaluator_id == Sample.evaluator_id) | (Evaluation.sample_id == Sample.id)
    stands = (Evaluation.recording_id == Sample.recording_id) & given & Evaluation.id.not_in(overruled)
    rows = session.execute(
        select(Recording, Agent, User, Evaluation.state, Evaluation.points)
        .select_from(Sample)
        .join(Recording, Recording.id == Sample.recording_id)
        .join(Agent, Agent.id == Sample.agent_id)
        .outerjoin(User, User.id == Sample.evaluator_id)
        .outerjoin(Evaluation, stands)
        .where(Sample.draw_id == draw.id)
        .order_by(Agent.code, Sample.id)
    )
    return [SampleRow(r, a, u, state or "", points) for r, a, u, state, points in rows]
