"""The end of a caller's leg: noted when Twilio tells it, settled when nothing more can come.

That the leg has ended and what it ended in (a queue, a message, a transfer) are told by two webhooks in either
order. So where a result may still come, it is waited for a little before the hang-up is taken.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete
from sqlalchemy.orm import Session

from core.errors import Conflict
from core.installation import Installation
from core.jobs.rows import enqueue
from ivr.flow.document import Flow
from ivr.flow.events import HungUp, QueueResult
from ivr.flow.interpreter import advance
from ivr.flow.state import FlowState
from ivr.ledger.path import END
from ivr.ledger.steps import FlowStep, steps_of
from ivr.twilio.facts import QueueEvent, record_facts
from ivr.twilio.hotline import Hotline
from ivr.twilio.leaving import leave_queue
from ivr.twilio.models import TwilioAnswer, TwilioCall

OVER: Final = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})
"""Call states in which a leg has ended."""

SETTLE_JOB: Final = "settle_twilio_call"
RECONCILE_JOB: Final = "reconcile_twilio_call"

_RESULTS: Final = frozenset({"queue", "dial", "record"})
_SETTLE: Final = timedelta(seconds=15)
"""A result may come so long after the news that the leg has ended."""

_FORGET: Final = timedelta(seconds=75)
"""After so long nothing is repeated any more, and the ledger takes a call as over whose queue never let go."""

RECONCILE_AFTER: Final = timedelta(minutes=10)
"""Recordings of which nothing was heard so long after the call are asked for."""

_LONGEST: Final = timedelta(hours=6)
"""A call whose end was never told is over after so long: Twilio itself ends calls after four hours."""


def expect_end(session: Session, call: TwilioCall, now: datetime) -> None:
    """See to it that a call ends even if its end is never told."""
    _promise(session, call, "longest", now + _LONGEST)


def end_leg(session: Session, call: TwilioCall, now: datetime) -> None:
    """Note that a leg has ended."""
    if call.completed_at is None:
        call.completed_at = now
        _promise(session, call, "soon", now + _SETTLE)
        _promise(session, call, "late", now + _FORGET)
        enqueue(session, RECONCILE_JOB, key=call.call_sid, at=now + RECONCILE_AFTER, call_sid=call.call_sid)


def leg_ended(session: Session, hotline: Hotline, call: TwilioCall, now: datetime) -> None:
    """Take the news that a leg has ended; the hang-up itself waits for a result that may still come."""
    end_leg(session, call, now)
    if call.waiting not in _RESULTS:
        hang_up(session, hotline, call, now)


def hang_up(session: Session, hotline: Hotline, call: TwilioCall, now: datetime) -> None:
    """Take the hang-up; a queue's result that was never told is what our own notes say."""
    if call.state is None:
        return
    noted: tuple[QueueEvent, ...] = ()
    result: QueueResult | None = None
    if call.waiting == "queue" and call.entered_at is not None:
        result, noted = leave_queue(session, call, "hangup", now=now, by_caller=True)
    try:
        steps = _last_steps(hotline.flow, call, result, now)
    except Conflict:  # the flow was changed while the call was on its way
        steps = [FlowStep(number=call.steps, at=now, kind=END, fields={"outcome": "failed"})]
    call.steps += len(steps)
    call.state, call.waiting, call.line = None, "", ""
    record_facts(session, call.call_sid, now=now, steps=steps, events=noted)


def _last_steps(flow: Flow, call: TwilioCall, result: QueueResult | None, now: datetime) -> list[FlowStep]:
    steps: list[FlowStep] = []
    state = FlowState.from_json(call.state or "")
    for event in (result, HungUp(at=now)):
        if event is not None:
            answer = advance(flow, state, event)
            steps += steps_of(flow, answer, number=call.steps + len(steps))
            state = answer.state
    return steps


def settle_call(installation: Installation, *, call_sid: str) -> None:
    """Close a call of which nothing more will come, and forget what it was answered with (a job)."""
    now = installation.clock.now()
    hotline = Hotline.of(installation.settings)
    with installation.unit_of_work() as session:
        call = session.get(TwilioCall, call_sid, with_for_update=True)
        if call is None:
            return
        hang_up(session, hotline, call, now)
        record_facts(session, call_sid, now=now)
        if now - (call.completed_at or call.started_at) >= _FORGET:
            session.execute(delete(TwilioAnswer).where(TwilioAnswer.call_sid == call_sid))


def _promise(session: Session, call: TwilioCall, name: str, at: datetime) -> None:
    enqueue(session, SETTLE_JOB, key=f"{call.call_sid}:{name}", at=at, call_sid=call.call_sid)
