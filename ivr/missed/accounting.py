"""Nothing disappears: every caller who was missed in a queue has a task, or a reason why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.orm import Session

from core.i18n import N_
from ivr.missed.models import MissedCall
from ivr.models import Call, Queue, QueueVisit

PERIOD: Final = timedelta(days=7)
"""What is accounted for; calls that became known later than this after they ended are history, not work."""

ACCOUNTS: Final[Mapping[str, str]] = {
    "task": N_("in the list"),
    "answered": N_("answered later in the same call"),
    "blocked": N_("blocked caller"),
    "going_on": N_("still on the line"),
    "unnoted": N_("being noted just now"),
}
"""What became of a missed visit; `unnoted` for longer than moments means that a job has failed."""

_MISSED: Final = ("abandoned", "timeout", "key", "empty", "full", "orphan")


def account_for_missed(session: Session, now: datetime) -> dict[str, int]:
    """Return how many missed visits of the last seven days came to what, by the keys of `ACCOUNTS`."""
    visit = QueueVisit
    cut = and_(visit.outcome == "answered", or_(visit.ended_at.is_(None), visit.ended_by == "crash"))
    account = case(
        (MissedCall.id.is_not(None), "task"),
        (Call.outcome == "open", "going_on"),
        *((Call.outcome == outcome, outcome) for outcome in ("answered", "blocked")),
        else_="unnoted",
    )
    accounts = (
        select(account.label("account"))
        .select_from(visit)
        .join(Call, Call.id == visit.call_id)
        .outerjoin(MissedCall, MissedCall.call_id == Call.id)
        .where(
            visit.queue_id.in_(select(Queue.id)),  # all of them: so the index finds the period
            visit.entered_at >= now - PERIOD,
            visit.entered_at <= now,
            or_(visit.outcome.in_(_MISSED), and_(cut, Call.outcome != "open")),
        )
        .subquery()
    )
    counted = select(accounts.c.account, func.count()).group_by(accounts.c.account)
    return {row[0]: row[1] for row in session.execute(counted)}
