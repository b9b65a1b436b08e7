"""Keeping promises: which stand where in the line, what a try begins with, and what came of it.

A promise keeps the place its caller had in the queue. A try is a call of its own, a leg, with an id, a row and a
way in the ledger: `start`, `callback:answered` once the caller is on the line, `callback:<result>`, `end`. Whoever
is not reached after the last try stays on the missed-call list, for a person; so does every promise that nothing
dials.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from core.setting_sections import CallbackSettings
from ivr.callbacks.models import Callback
from ivr.ledger.path import CALLBACK, CALLBACK_OF, END, RECORDED, START
from ivr.ledger.steps import FlowStep, record_flow_steps
from ivr.missed.models import MissedCall
from ivr.models import Call, Queue, QueueVisit

Result = Literal["reached", "busy", "noanswer", "failed", "no_agent", "withdrawn", "unknown"]

_NO_WAY: Final = timedelta(seconds=5)
"""A promise nobody of ours had time for goes back into the line after so long."""

_ANSWERED, _RESULT, _ENDED = 1, 2, 3
"""Places of a leg's steps in its way; the start is 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """A promise that is not kept yet.

    Attributes:
        since: when the caller came into the queue: the place in the line.
        wanted: the machine is to keep it; False: a person has taken it, or the caller got through.
        leg: the try that goes on; empty: none.
        lost: how that try must have ended, when it is over and nobody told; None: it goes on, or there is none.
    """

    id: int
    queue: str
    since: datetime
    next_at: datetime | None
    wanted: bool
    leg: str
    lost: Result | None

    def is_due(self, now: datetime) -> bool:
        """Whether it may be put into the line."""
        return self.wanted and not self.leg and (self.next_at is None or self.next_at <= now)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """A try about to begin: whom to call, and what shows there.

    Attributes:
        id: the provider's id of the call it will be.
        dialled: the number the caller had called.
        record: whether the conversation may be recorded.
    """

    id: str
    number: str
    dialled: str
    language: str
    record: bool


def promises_to_keep(session: Session, provider: str) -> list[Promise]:
    """Return the promises of a provider's callers that are not done, in the order of their places.

    A caller who is still on the line with the promise is not among them.
    """
    leg_call = aliased(Call)
    place = (
        select(func.max(QueueVisit.entered_at))
        .join(Queue, Queue.id == QueueVisit.queue_id)
        .where(QueueVisit.call_id == Call.id, Queue.name == Callback.queue, QueueVisit.outcome == "key")
        .correlate(Call, Callback)
        .scalar_subquery()
    )
    answered = (
        select(func.count())
        .where(QueueVisit.call_id == leg_call.id, QueueVisit.outcome == "answered")
        .correlate(leg_call)
        .scalar_subquery()
    )
    found = session.execute(
        select(Callback, MissedCall.disposition, MissedCall.owner_id, place, leg_call.outcome, answered)
        .join(
            Call, (Call.provider == Callback.provider) & (Call.provider_call_id == Callback.provider_call_id)
        )
        .outerjoin(MissedCall, MissedCall.call_id == Call.id)
        .outerjoin(
            leg_call,
            (Callback.leg != "")
            & (leg_call.provider == Callback.provider)
            & (leg_call.provider_call_id == Callback.leg),
        )
        .where(Callback.provider == provider, Callback.done_at.is_(None), Call.outcome != "open")
    )
    promises = [
        Promise(
            id=row.id,
            queue=row.queue,
            since=since or row.promised_at,
            next_at=row.next_at,
            wanted=not disposition and owner is None,
            leg=row.leg,
            lost=_lost(outcome, talks),
        )
        for row, disposition, owner, since, outcome, talks in found
    ]
    return sorted(promises, key=lambda promise: (promise.since, promise.id))


def begin_leg(session: Session, promise_id: int, *, now: datetime) -> Leg | None:
    """Begin a try, in the caller's transaction; None when there is one already, or the promise is done with."""
    promise = session.get(Callback, promise_id, with_for_update=True)
    if promise is None or promise.leg or promise.done_at is not None:
        return None
    call = session.scalars(
        select(Call).where(
            Call.provider == promise.provider, Call.provider_call_id == promise.provider_call_id
        )
    ).one()
    promise.leg = f"callback-{int(now.timestamp())}.{promise.id}"
    start = {
        "flow": CALLBACK,
        "language": promise.language,
        CALLBACK_OF: call.provider_call_id,
        RECORDED: call.recording_allowed,
    }
    record_flow_steps(
        session,
        promise.leg,
        [FlowStep(number=0, at=now, kind=START, fields=start)],
        now=now,
        provider=promise.provider,
        caller=promise.number,
        dialled=call.dialled,
    )
    return Leg(
        id=promise.leg,
        number=promise.number,
        dialled=call.dialled,
        language=promise.language,
        record=call.recording_allowed,
    )


def answered_step(at: datetime) -> FlowStep:
    """Return the step of a leg whose caller has taken the call."""
    return FlowStep(number=_ANSWERED, at=at, kind=CALLBACK, fields={"node": CALLBACK, "outcome": "answered"})


def end_leg(
    session: Session, provider: str, leg: str, result: Result, *, settings: CallbackSettings, now: datetime
) -> None:
    """Take what came of a try; told again, or of another try than goes on, it changes nothing."""
    promise = session.scalar(
        select(Callback).where(Callback.provider == provider, Callback.leg == leg).with_for_update()
    )
    if promise is None or not leg:
        return
    promise.leg, promise.result, promise.tried_at = "", result, now
    if result in {"no_agent", "withdrawn"}:
        promise.next_at = now + _NO_WAY
    elif result in {"reached", "unknown"}:
        promise.done_at = now
    else:
        promise.tries += 1
        promise.next_at = now + timedelta(seconds=settings.pause_s)
        promise.done_at = now if promise.tries >= settings.tries else None
    record_flow_steps(session, leg, _last_steps(result, now), now=now, provider=provider)


def let_go(session: Session, promise_id: int, *, now: datetime) -> None:
    """Be done with a promise that is not the machine's any more: a person has it, or the caller got through."""
    promise = session.get(Callback, promise_id, with_for_update=True)
    if promise is not None and promise.done_at is None:
        promise.done_at = now


def promises_of(session: Session, calls: Sequence[Call]) -> dict[int, Callback]:
    """Return the latest promise made on each of some calls of one page, by the call's id."""
    ids = {(call.provider, call.provider_call_id): call.id for call in calls}
    names = [name for _provider, name in ids]
    rows = session.scalars(select(Callback).where(Callback.provider_call_id.in_(names)).order_by(Callback.id))
    return {ids[place]: row for row in rows if (place := (row.provider, row.provider_call_id)) in ids}


def _lost(outcome: str | None, talks: int) -> Result | None:
    """Return how a leg ended of which nothing was told, by what the ledger has of it."""
    if outcome in {None, "open"}:
        return None
    if outcome == "answered":
        return "reached"
    return "unknown" if talks else "no_agent"


def _last_steps(result: Result, at: datetime) -> list[FlowStep]:
    told = [answered_step(at)] if result == "reached" else []
    outcome = "completed" if result == "reached" else result
    return [
        *told,
        FlowStep(number=_RESULT, at=at, kind=CALLBACK, fields={"node": CALLBACK, "outcome": result}),
        FlowStep(number=_ENDED, at=at, kind=END, fields={"outcome": outcome}),
    ]
