"""A caller's leg: the interpreter's state, and one answer to each request.

Twilio repeats requests and may deliver them late. A document's number is in the address of the request that ends
it, so each request is answered once: repeated, it gets the same document and changes nothing; for a number that
is over or has never been, or for another event than the one waited for, it is refused. The row is locked, so
that of two deliveries at once the second finds the first one's answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NoReturn

from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Session

from core.logging import get_logger
from core.phone import normalise_number
from ivr.callbacks.booking import book_callback
from ivr.callers.lists import UNLISTED, Standing, standing_of
from ivr.flow.events import Event, HungUp, LookupResult, Start
from ivr.flow.instructions import BookCallback, Enqueue, Instruction, Lookup
from ivr.flow.interpreter import Advance, advance, begin
from ivr.flow.state import FlowState
from ivr.ledger.derived import existing_calls
from ivr.ledger.steps import FlowStep, first_step, steps_of
from ivr.twilio.callbacks import look_again
from ivr.twilio.ending import OVER, end_leg, expect_end
from ivr.twilio.facts import PROVIDER, QueueEvent, record_facts
from ivr.twilio.hotline import Hotline, Waiting
from ivr.twilio.models import TwilioAnswer, TwilioCall
from ivr.twilio.render import line_name, render, waits_for
from ivr.twilio.webhook import Refused, Webhook

_log = get_logger(__name__)

WITHHELD: Final = frozenset({"+266696687", "+7378742833", "+2562533", "+8656696", "+86282452253"})
"""Numbers Twilio gives for callers without one: ANONYMOUS, RESTRICTED, BLOCKED, UNKNOWN, UNAVAILABLE, keyed."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a webhook says: the flow's event, and what the queue has to note about it."""

    event: Event
    noted: Sequence[QueueEvent] = ()


Reading = Callable[[Session, TwilioCall], Told]


def answer_call(session: Session, hotline: Hotline, webhook: Webhook, now: datetime) -> str:
    """Begin a call; return the first document.

    Raises:
        Refused: this call has been before.
    """
    sid = webhook["CallSid"]
    if webhook.get("Direction", "inbound") != "inbound":
        raise Refused("not_inbound")
    caller = "" if webhook["From"] in WITHHELD else normalise_number(webhook["From"])
    call = session.get(TwilioCall, sid, with_for_update=True)
    if call is None:
        call = _new_call(session, sid, now)
    if call is None or call.sequence or call.steps:  # this request has been here before
        return _answer(session, sid, 0) or _refuse("stale")
    expect_end(session, call, now)
    standing = _standing(session, caller, now)
    start = Start(caller=caller, called=webhook["To"], at=now, vip=standing.vip, blocked=standing.blocked)
    started = begin(hotline.flow, start)
    return _go_on(session, hotline, call, started, now, steps=[first_step(started.state)], start=start)


def take_event(
    session: Session,
    hotline: Hotline,
    webhook: Webhook,
    *,
    waiting: Waiting,
    sequence: int,
    reading: Reading,
    now: datetime,
) -> str:
    """Take the event that ends the document of a number; return the next document.

    Raises:
        Refused: there is no such call, or it does not wait for this.
    """
    sid = webhook["CallSid"]
    call = session.get(TwilioCall, sid, with_for_update=True) or _refuse("unknown_call")
    if (cached := _answer(session, sid, sequence)) is not None:
        return cached
    if call.state is None or (sequence, waiting) != (call.sequence, call.waiting):
        raise Refused("stale")
    if webhook.get("CallStatus") in OVER:
        end_leg(session, call, now)
    told = reading(session, call)
    answer = advance(hotline.flow, FlowState.from_json(call.state), told.event)
    return _go_on(session, hotline, call, answer, now, noted=told.noted)


def _new_call(session: Session, sid: str, now: datetime) -> TwilioCall | None:
    """Return the row of a new call, locked; None when another delivery of its first request made it."""
    if existing_calls(session, PROVIDER, [sid]):
        return None
    call = TwilioCall(call_sid=sid, started_at=now, sequence=0, steps=0)
    try:
        with session.begin_nested():
            session.add(call)
    except IntegrityError:
        return None
    return call


def _standing(session: Session, caller: str, now: datetime) -> Standing:
    """Return what a caller is to us; a list that cannot be read costs nobody the call."""
    try:
        with session.begin_nested():
            return standing_of(session, caller, now)
    except SQLAlchemyError as error:
        _log.warning("standing_unknown", reason=type(error).__name__)
        return UNLISTED


def _answer(session: Session, sid: str, sequence: int) -> str | None:
    answer = session.get(TwilioAnswer, (sid, sequence))
    return None if answer is None else answer.document


def _refuse(reason: str) -> NoReturn:
    raise Refused(reason)


def _go_on(
    session: Session,
    hotline: Hotline,
    call: TwilioCall,
    answer: Advance,
    now: datetime,
    *,
    steps: Sequence[FlowStep] = (),
    noted: Sequence[QueueEvent] = (),
    start: Start | None = None,
) -> str:
    """Carry out an advance, and those that follow from it without the caller; return the document."""
    told: list[Instruction] = []
    steps = list(steps)
    while True:
        told += [instruction for instruction in answer.instructions if not isinstance(instruction, Lookup)]
        steps += steps_of(hotline.flow, answer, number=call.steps + len(steps))
        if answer.state.ended:
            break
        if isinstance(
            answer.instructions[-1], Lookup
        ):  # no outside system is connected: the flow's exit for that
            event: Event = LookupResult(result="error", at=now)
        elif call.completed_at is not None:
            event = HungUp(at=now)
        else:
            break
        answer = advance(hotline.flow, answer.state, event)
    text = render(hotline, told, call.sequence + 1)
    session.add(TwilioAnswer(call_sid=call.call_sid, sequence=call.sequence, document=text))
    _book(session, call, told, now)
    _wait(call, answer, told)
    call.steps += len(steps)
    caller, dialled = (start.caller, start.called) if start else ("", "")
    record_facts(session, call.call_sid, now=now, steps=steps, events=noted, caller=caller, dialled=dialled)
    return text


def _wait(call: TwilioCall, answer: Advance, told: Sequence[Instruction]) -> None:
    """Note what the call waits for now, and the queue it is in."""
    call.state = None if answer.state.ended else answer.state.to_json()
    call.sequence += 1
    last = told[-1] if told and not answer.state.ended else None
    call.waiting = (last and waits_for(last)) or ""
    call.entered_at = call.connected_at = None
    call.leaving = call.queue = call.line = ""
    if isinstance(last, Enqueue):
        call.queue, call.priority = last.queue, last.priority
        call.line = line_name(last.queue, last.priority, record=last.record)


def _book(session: Session, call: TwilioCall, told: Sequence[Instruction], now: datetime) -> None:
    for instruction in told:
        if isinstance(instruction, BookCallback):
            book_callback(
                session,
                provider=PROVIDER,
                provider_call_id=call.call_sid,
                number=instruction.number,
                queue=instruction.queue,
                language=instruction.language,
                at=now,
            )
            look_again(session, now)
