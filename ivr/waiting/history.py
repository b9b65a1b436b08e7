"""What the ledger knows of a queue's recent waits, for the predictor; and what was said, for its judgement."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.models import Queue, QueueVisit
from ivr.waiting.models import WaitPrediction
from ivr.waiting.predictor import VERSION, Line, Waited, WaitRange, predict

_RECENT: Final = 100
_WITHIN: Final = timedelta(hours=3)


def recent_waits(session: Session, queue: str, now: datetime) -> list[Waited]:
    """Return the callers who left a queue's line last; who timed out or pressed a key has given up, too."""
    latest = (
        select(QueueVisit.entered_at, QueueVisit.left_queue_at, QueueVisit.outcome, QueueVisit.talk_s)
        .join(Queue, Queue.id == QueueVisit.queue_id)
        .where(
            Queue.name == queue,
            QueueVisit.entered_at >= now - _WITHIN,
            QueueVisit.entered_at <= now,
            QueueVisit.left_queue_at.is_not(None),
            QueueVisit.outcome.in_(("answered", "abandoned", "timeout", "key")),
        )
        .order_by(QueueVisit.entered_at.desc())
        .limit(_RECENT)
    )
    return [
        Waited(
            entered_s=row.entered_at.timestamp(),
            left_s=row.left_queue_at.timestamp(),
            answered=row.outcome == "answered",
            talk_s=row.talk_s if row.outcome == "answered" else None,
        )
        for row in session.execute(latest)
    ]


def expected_wait(
    session: Session, queue: str, *, now: datetime, place: int, head_since: datetime, agents: int
) -> WaitRange | None:
    """Return the range of a caller's remaining wait in a queue, None when nothing can be said.

    Args:
        session: a unit of work.
        queue: its name.
        now: the time.
        place: the caller's in the line, 1 is next.
        head_since: since when the first of the line has waited.
        agents: on duty in the queue and not paused.
    """
    line = Line(now_s=now.timestamp(), place=place, head_since_s=head_since.timestamp(), agents=agents)
    return predict(line, recent_waits(session, queue, now))


def note_said(
    session: Session,
    said: WaitRange | None,
    *,
    provider: str,
    call: str,
    queue: str,
    number: int,
    at: datetime,
    place: int,
) -> WaitPrediction:
    """Keep what a caller is told, in the caller's transaction; what was said under a number stays as it was."""
    known = session.scalar(
        select(WaitPrediction).where(
            WaitPrediction.provider == provider,
            WaitPrediction.provider_call_id == call,
            WaitPrediction.number == number,
        )
    )
    if known is None:
        known = WaitPrediction(
            provider=provider,
            provider_call_id=call,
            number=number,
            queue=queue,
            said_at=at,
            place=place,
            low_min=said.low if said else None,
            high_min=said.high if said else None,
            version=VERSION,
        )
        session.add(known)
    return known
