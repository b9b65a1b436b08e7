"""Visits as columns of numbers: what every figure is counted from.

A day of a queue is packed once into `MetricDay` and read back as it is, fifty times faster than from its
rows; days without a copy are read from the rows. Both ways give the same numbers. Times are whole
milliseconds, -1 where one is not known.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, select, text
from sqlalchemy.orm import Session

from core.errors import RetryLater
from core.installation import Installation
from core.logging import get_logger
from ivr.metrics.models import MetricDay
from ivr.metrics.wrap_up import UNKNOWN, wrap_up_ms
from ivr.models import Call, Queue, QueueVisit, RingAttempt

LAYOUT: Final = 3
OUTCOMES: Final = ("answered", "abandoned", "timeout", "key", "empty", "full", "waiting", "orphan")
ENDED_BY: Final = ("", "agent", "caller", "transfer", "crash")
VISIT: Final = np.dtype(
    [
        ("entered", "<i8"),  # milliseconds since 1970
        ("caller", "<i8"),  # from the keyed hash; 0 for an unknown caller
        ("visit", "<i4"),
        ("call", "<i4"),
        ("queue", "<i4"),
        ("agent", "<i4"),  # 0 for nobody
        ("wait", "<i4"),
        ("talk", "<i4"),
        ("hold", "<i4"),
        ("ring", "<i4"),
        ("wrap_up", "<i4"),  # work after the call
        ("outcome", "u1"),
        ("ended_by", "u1"),
    ]
)
RING: Final = np.dtype(
    [("entered", "<i8"), ("visit", "<i4"), ("queue", "<i4"), ("agent", "<i4"), ("ring", "<i4")]
)
"""One telephone that rang without an answer."""

_STILL_WRITTEN: Final = timedelta(hours=1)
"""Most calls of a day are over so long after it; one that goes on longer takes the day's copy away."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Visits:
    """Visits of some queues and their unanswered rings, by queue and time of entry.

    Attributes:
        rows: of type `VISIT`.
        rings: of type `RING`.
        packed: the bytes they were read from; equal bytes are equal visits.
    """

    rows: NDArray[np.void]
    rings: NDArray[np.void]
    packed: tuple[bytes, bytes]


def milliseconds(moment: datetime) -> int:
    """Return a moment as whole milliseconds since 1970, never later than the moment."""
    return (moment - _EPOCH) // _MILLISECOND


def load_visits(session: Session, queue_ids: Iterable[int], since: datetime, until: datetime) -> Visits:
    """Return the visits that entered the queues in a half-open period."""
    wanted = sorted(queue_ids)
    parts = _kept_days(session, wanted, since, until)
    kept = set(parts)
    for queue_id in wanted:
        for first, last in _gaps(queue_id, since, until, kept):
            live = _from_rows(session, queue_id, first, last)
            parts[queue_id, _name(first)] = live
    ordered = [parts[place] for place in sorted(parts)]
    packed = b"".join(visits for visits, _ in ordered), b"".join(rings for _, rings in ordered)
    rows, rung = np.frombuffer(packed[0], VISIT), np.frombuffer(packed[1], RING)
    return Visits(_inside(rows, since, until), _inside(rung, since, until), packed)


def keep_days(installation: Installation, since: datetime, until: datetime) -> int:
    """Pack the days of a period that are over and have no copy; return how many.

    A copy only saves time: when the database is busy the report is counted from the rows instead.
    """
    over = min(until, installation.clock.now() - _STILL_WRITTEN)
    count = 0
    try:
        with installation.unit_of_work(read_only=True) as session:
            missing = _days_without_copy(session, since, over)
        for queue_id, day in missing:
            with installation.unit_of_work() as session:
                count += _keep_day(session, queue_id, day)
    except RetryLater as busy:
        _log.info("metric_days_not_kept", reason=str(busy))
    return count


def known_until(session: Session) -> int:
    """Return when the newest visit entered a queue, in milliseconds since 1970; 0 when there is none."""
    newest = [
        session.scalar(
            select(QueueVisit.entered_at)
            .where(QueueVisit.queue_id == queue_id)
            .order_by(QueueVisit.entered_at.desc())
            .limit(1)
        )
        for queue_id in session.scalars(select(Queue.id))
    ]
    return max((milliseconds(at) for at in newest if at is not None), default=0)


def days_of(since: datetime, until: datetime) -> list[datetime]:
    """Return the UTC days that a half-open period touches, each by its beginning."""
    day = since.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    days = []
    while day < until:
        days.append(day)
        day += timedelta(days=1)
    return days


def _days_without_copy(session: Session, since: datetime, until: datetime) -> list[tuple[int, datetime]]:
    found = []
    for queue_id in session.scalars(select(Queue.id).order_by(Queue.id)).all():
        span = select(QueueVisit.entered_at).where(
            QueueVisit.queue_id == queue_id, QueueVisit.entered_at >= since, QueueVisit.entered_at < until
        )
        first = session.scalar(span.order_by(QueueVisit.entered_at).limit(1))
        last = session.scalar(span.order_by(QueueVisit.entered_at.desc()).limit(1))
        if first is None or last is None:
            continue
        kept = select(MetricDay.day).where(MetricDay.queue_id == queue_id, MetricDay.layout == LAYOUT)
        known = set(session.scalars(kept))
        days = days_of(first, min(last + timedelta(microseconds=1), until))
        found += [
            (queue_id, day) for day in days if day + timedelta(days=1) <= until and _name(day) not in known
        ]
    return found


def _keep_day(session: Session, queue_id: int, day: datetime) -> int:
    if session.get_bind().dialect.name == "postgresql":
        # A writer who began before us must be seen, one who comes later must find our row to remove.
        session.execute(text("LOCK TABLE queue_visit, agent_session, agent_pause IN SHARE MODE"))
    visits, rings = _from_rows(session, queue_id, day, day + timedelta(days=1))
    row = MetricDay(
        queue_id=queue_id,
        day=_name(day),
        layout=LAYOUT,
        visits=visits,
        rings=rings,
    )
    session.merge(row)
    return 1


def _kept_days(
    session: Session, queue_ids: Sequence[int], since: datetime, until: datetime
) -> dict[tuple[int, str], tuple[bytes, bytes]]:
    last = _name(until - timedelta(microseconds=1))
    rows = session.execute(
        select(MetricDay.queue_id, MetricDay.day, MetricDay.visits, MetricDay.rings).where(
            MetricDay.queue_id.in_(queue_ids),
            MetricDay.day >= _name(since),
            MetricDay.day <= last,
            MetricDay.layout == LAYOUT,
        )
    )
    return {(queue_id, day): (visits, rings) for queue_id, day, visits, rings in rows}


def _gaps(
    queue_id: int, since: datetime, until: datetime, kept: Container[tuple[int, str]]
) -> list[tuple[datetime, datetime]]:
    """Return the stretches of a period that have no copy, days that follow each other as one."""
    gaps: list[tuple[datetime, datetime]] = []
    for day in days_of(since, until):
        if (queue_id, _name(day)) in kept:
            continue
        first, last = max(day, since), min(day + timedelta(days=1), until)
        if gaps and gaps[-1][1] == first:
            gaps[-1] = (gaps[-1][0], last)
        else:
            gaps.append((first, last))
    return gaps


def _from_rows(session: Session, queue_id: int, since: datetime, until: datetime) -> tuple[bytes, bytes]:
    visit = QueueVisit
    span = (visit.queue_id == queue_id, visit.entered_at >= since, visit.entered_at < until)
    answered, missed = _rings(session, queue_id, span)
    connection = session.connection()  # not the session: rows of values need no identity
    rows = connection.execute(
        select(
            visit.entered_at,
            Call.caller_hash,
            visit.id,
            visit.call_id,
            visit.agent_id,
            visit.wait_s,
            visit.talk_s,
            visit.hold_s,
            visit.outcome,
            visit.ended_by,
            visit.left_queue_at,
            visit.ended_at,
        )
        .join(Call, Call.id == visit.call_id)
        .where(*span)
        .order_by(visit.entered_at, visit.id)
    ).all()
    wrap_up = wrap_up_ms(
        session,
        [
            (row.id, row.agent_id, row.left_queue_at, row.ended_at)
            for row in rows
            if row.outcome == "answered" and row.agent_id and row.left_queue_at and row.ended_at
        ],
    )
    packed = [
        (
            milliseconds(entered),
            int(caller[:15], 16) if caller else 0,
            visit_id,
            call_id,
            queue_id,
            agent_id or 0,
            _ms(wait_s),
            _ms(talk_s),
            _ms(hold_s),
            answered.get(visit_id, -1),
            wrap_up.get(visit_id, UNKNOWN),
            OUTCOMES.index(outcome),
            ENDED_BY.index(ended_by),
        )
        for entered, caller, visit_id, call_id, agent_id, wait_s, talk_s, hold_s, outcome, ended_by, *_times in rows
    ]
    return np.array(packed, VISIT).tobytes(), np.array(missed, RING).tobytes()


def _rings(
    session: Session, queue_id: int, span: Sequence[ColumnElement[bool]]
) -> tuple[dict[int, int], list[tuple[int, ...]]]:
    """Return how long each visit's answering telephone rang, and a `RING` for each that rang in vain."""
    visit = QueueVisit
    rings = session.connection().execute(
        select(visit.entered_at, visit.id, RingAttempt.agent_id, RingAttempt.ring_s, RingAttempt.outcome)
        .join(RingAttempt, RingAttempt.visit_id == visit.id)
        .where(*span)
        .order_by(RingAttempt.number)
    )
    answered: dict[int, int] = {}
    missed: list[tuple[int, ...]] = []
    for entered, visit_id, agent_id, ring_s, outcome in rings:
        if outcome == "answered":
            answered[visit_id] = _ms(ring_s)
        elif outcome == "no_answer":
            missed.append((milliseconds(entered), visit_id, queue_id, agent_id or 0, _ms(ring_s)))
    return answered, missed


def _ms(seconds: float | None) -> int:
    return -1 if seconds is None else round(seconds * 1000)


def _name(day: datetime) -> str:
    return day.astimezone(UTC).date().isoformat()


def _inside(rows: NDArray[np.void], since: datetime, until: datetime) -> NDArray[np.void]:
    if not len(rows):
        return rows
    entered = rows["entered"]
    inside = (entered >= milliseconds(since)) & (entered < milliseconds(until))
    return rows if inside.all() else rows[inside]
