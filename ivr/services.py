"""What the rooms above may ask about calls: the call log, one call's way through its flow, queue figures.

Every query stays within an index for a million calls: pages are cut by the place where the last one ended,
never counted through. Recordings are not known here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Float, and_, case, func, or_, select
from sqlalchemy.orm import Session, joinedload

from core.crypto import lookup_hash
from core.errors import BadInput
from core.i18n import N_
from core.i18n import gettext as _
from core.phone import normalise_number
from ivr.ledger.path import END, START
from ivr.models import Call, CallEvent, Queue, QueueVisit

SERVICE_LEVEL_FORMULA: Final = N_("answered within the queue's time ÷ offered")
"""Offered are all entries into the queue; waiting callers and orphans count as not answered in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFilter:
    """Which calls are wanted; what is None does not matter.

    Attributes:
        since, until: the call began in this half-open period.
        queue_id: the last queue visited.
        agent_id: who talked last.
        number: the caller's number in any form, found whole only.
    """

    since: datetime | None = None
    until: datetime | None = None
    queue_id: int | None = None
    agent_id: int | None = None
    outcome: str | None = None
    number: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A stretch of a list; `after` is the `next` of the page before."""

    size: int = 50
    after: str = ""


@dataclass(frozen=True, slots=True)
class CallPage:
    """Calls, the latest first; `next` is empty on the last page."""

    calls: Sequence[Call]
    next: str


@dataclass(frozen=True, slots=True)
class PathStep:
    """A node a call went through, for display.

    Attributes:
        took_s: seconds since the step before.
        score: a survey's answer.
    """

    at: datetime
    kind: str
    node: str
    outcome: str
    queue: str
    note: str
    took_s: float
    score: int | None


@dataclass(frozen=True, slots=True)
class QueueSummary:
    """A queue's figures of a period, by entries into the queue.

    Attributes:
        answered_in_time: answered within `service_level_s`.
        left: timed out, pressed a key, or found the queue empty or full.
        unknown: what ended the visit was never seen.
        asa_s: average speed of answer; None when nobody was answered.
        longest_wait_s: of everybody, answered or not.
    """

    queue: Queue
    offered: int
    answered: int
    answered_in_time: int
    abandoned: int
    left: int
    waiting: int
    unknown: int
    asa_s: float | None
    longest_wait_s: float | None

    @property
    def service_level(self) -> float | None:
        """Share answered in time, see `SERVICE_LEVEL_FORMULA`; None when nobody was offered."""
        return self.answered_in_time / self.offered if self.offered else None


def find_calls(session: Session, wanted: CallFilter, page: Page | None = None) -> CallPage:
    """Return a page of calls, the latest first, with their queue and agent.

    Raises:
        BadInput: `page.after` is not what a page before gave.
    """
    page = page or Page()
    statement = (
        select(Call)
        .where(*_conditions(wanted))
        .options(joinedload(Call.queue), joinedload(Call.agent))
        .order_by(Call.started_at.desc(), Call.id.desc())
        .limit(page.size + 1)
    )
    if page.after:
        at, call_id = _read_place(page.after)
        earlier = or_(Call.started_at < at, and_(Call.started_at == at, Call.id < call_id))
        statement = statement.where(Call.started_at <= at, earlier)
    calls = session.scalars(statement).all()
    shown = calls[: page.size]
    return CallPage(shown, _place(shown[-1]) if len(calls) > page.size else "")


def call_path(session: Session, call: Call) -> list[PathStep]:
    """Return a call's way through its flow, without the frame of start and end."""
    origin = f"{call.provider}/{call.provider_call_id}"
    events = session.scalars(
        select(CallEvent)
        .where(CallEvent.origin == origin, CallEvent.source == "flow")
        .order_by(CallEvent.position)
    )
    path = []
    before = call.started_at
    for event in events:
        if event.kind not in {START, END}:
            path.append(_path_step(event, before))
        before = event.at
    return path


def queue_summary(
    session: Session, *, since: datetime, until: datetime, queue_id: int | None = None
) -> list[QueueSummary]:
    """Return the figures of each queue somebody entered in a half-open period, in order of the queues."""
    visit = QueueVisit
    queues = {queue.id: queue for queue in session.scalars(select(Queue).order_by(Queue.id))}
    wanted = queues if queue_id is None else [queue_id]  # named one by one, so that the index is used
    answered = visit.outcome == "answered"
    figures = (
        select(
            visit.queue_id,
            func.count(),
            _count(answered),
            _count(and_(answered, visit.wait_s <= Queue.service_level_s)),
            _count(visit.outcome == "abandoned"),
            _count(visit.outcome.in_(("timeout", "key", "empty", "full"))),
            _count(visit.outcome == "waiting"),
            _count(visit.outcome == "orphan"),
            func.avg(case((answered, visit.wait_s)), type_=Float),
            func.max(visit.wait_s),
        )
        .join(Queue, Queue.id == visit.queue_id)
        .where(visit.queue_id.in_(list(wanted)), visit.entered_at >= since, visit.entered_at < until)
        .group_by(visit.queue_id)
        .order_by(visit.queue_id)
    )
    return [QueueSummary(queues[of_queue], *row) for of_queue, *row in session.execute(figures)]


def _count(condition: ColumnElement[bool]) -> ColumnElement[Any]:
    return func.sum(case((condition, 1), else_=0))


def _conditions(wanted: CallFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.since is not None:
        conditions.append(Call.started_at >= wanted.since)
    if wanted.until is not None:
        conditions.append(Call.started_at < wanted.until)
    if wanted.queue_id is not None:
        conditions.append(Call.queue_id == wanted.queue_id)
    if wanted.agent_id is not None:
        conditions.append(Call.agent_id == wanted.agent_id)
    if wanted.outcome is not None:
        conditions.append(Call.outcome == wanted.outcome)
    if wanted.number is not None:
        conditions.append(Call.caller_hash == lookup_hash(normalise_number(wanted.number)))
    return conditions


def _place(call: Call) -> str:
    return f"{call.started_at.isoformat()}~{call.id}"


def _read_place(text: str) -> tuple[datetime, int]:
    at, _separator, call_id = text.partition("~")
    try:
        place = datetime.fromisoformat(at), int(call_id)
    except ValueError:
        place = None
    if place is None or place[0].tzinfo is None:
        raise BadInput(_("%(place)s is not a place in the list of calls", place=text[:80]))
    return place


def _path_step(event: CallEvent, before: datetime) -> PathStep:
    fields = event.fields
    return PathStep(
        at=event.at,
        kind=event.kind,
        node=fields.get("node", ""),
        outcome=fields.get("outcome", ""),
        queue=event.queue,
        note=fields.get("note", ""),
        took_s=(event.at - before).total_seconds(),
        score=fields.get("score"),
    )
