"""Promised callbacks on Twilio: a stand-in waits in the line for the caller, and an agent who accepts dials them.

A stand-in is a `TwilioCall` of ours that Twilio does not know, in a line of its own, with the time at which its caller
had come. So the dispatcher rings agents for it in its turn, like for anybody. Nobody hears it wait, so a job looks
after it for as long as a promise is open.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.installation import Installation
from core.jobs import enqueue
from core.setting_sections import CallbackSettings
from ivr.callbacks.keeping import Promise, Result, begin_leg, end_leg, let_go, promises_to_keep
from ivr.callbacks.models import Callback
from ivr.twilio.dispatch import cancel_offers, dispatch, end_offer
from ivr.twilio.ending import RECONCILE_AFTER, RECONCILE_JOB
from ivr.twilio.facts import PROVIDER, QueueEvent, record_facts, seconds_between
from ivr.twilio.models import TwilioAgent, TwilioCall, TwilioOffer
from ivr.twilio.render import UNRECORDED
from ivr.twilio.webhook import Webhook

KEEP_JOB: Final = "keep_twilio_callbacks"

_AGAIN_S: Final = 15
_NOBODY_THERE_S: Final = 120
"""Between two looks: while agents are on duty, and while none is."""

_NEWS_WITHIN: Final = timedelta(seconds=30)
"""What came of a conversation is told at the latest so long after the agent's leg has ended."""

STAND_IN: Final = "callback-"
_RESULTS: Final[dict[str, Result]] = {
    "completed": "reached",
    "answered": "reached",
    "busy": "busy",
    "no-answer": "noanswer",
    "canceled": "noanswer",  # the agent hung up while the caller's telephone rang
    "failed": "failed",
}


def is_stand_in(call: TwilioCall | None) -> bool:
    """Whether this is a promised callback, no caller's leg."""
    return call is not None and call.call_sid.startswith(STAND_IN)


def look_again(session: Session, now: datetime) -> None:
    """See to it that open promises are looked after; told again, it is one look."""
    ready = session.scalar(select(TwilioAgent.agent_id).where(TwilioAgent.state == "ready").limit(1))
    every_s = _AGAIN_S if ready is not None else _NOBODY_THERE_S
    slot = int(now.timestamp()) // every_s + 1
    at = datetime.fromtimestamp(slot * every_s, UTC)
    enqueue(session, KEEP_JOB, key=f"{slot * every_s}", at=at)


def keep_callbacks(installation: Installation) -> None:
    """Bring stand-ins to what they should be and ring agents for them (a job that goes on while promises are open)."""
    now, settings = installation.clock.now(), installation.settings
    with installation.unit_of_work() as session:
        for promise in promises_to_keep(session, PROVIDER):
            _tend(session, promise, settings.callbacks, now)
        session.flush()
        dispatch(session, settings.twilio, now)
        is_open = (
            select(Callback.id).where(Callback.provider == PROVIDER, Callback.done_at.is_(None)).limit(1)
        )
        if session.scalar(is_open) is not None:
            look_again(session, now)


def dial_caller(session: Session, offer: TwilioOffer, call: TwilioCall, now: datetime) -> str:
    """Note that an agent has taken a callback; return the number to dial. Told again, it is the same."""
    if call.connected_at is None:
        call.connected_at, offer.state, offer.caller_sid = now, "bridged", call.call_sid
        ring_s = seconds_between(offer.ringing_at, offer.answered_at)
        fields = (f"{seconds_between(call.started_at, now)}", offer.leg_sid or "", f"{ring_s}")
        connected = QueueEvent("CONNECT", now, call.queue, offer.agent.interface, fields)
        record_facts(session, call.call_sid, now=now, events=[connected])
    number = session.scalar(select(Callback.number).where(Callback.leg == call.call_sid)) or ""
    return number if number.startswith("+") else f"+86{number.removeprefix('0')}"


def take_result(
    session: Session, settings: CallbackSettings, offer: TwilioOffer, webhook: Webhook, now: datetime
) -> None:
    """Take what came of dialling the caller; told again, it changes nothing."""
    call = session.get(TwilioCall, offer.for_sid, with_for_update=True)
    if call is None or not is_stand_in(call) or call.completed_at is not None:
        return
    result = _RESULTS.get(webhook.get("DialCallStatus"), "unknown")
    by_agent = webhook.get("CallStatus") == "completed"
    _finish(
        session, call, offer, result, settings, now, ended="COMPLETEAGENT" if by_agent else "COMPLETECALLER"
    )


def _tend(session: Session, promise: Promise, settings: CallbackSettings, now: datetime) -> None:
    call = session.get(TwilioCall, promise.leg, with_for_update=True) if promise.leg else None
    if promise.is_due(now):
        _place(session, promise, now)
    elif not promise.leg:
        if not promise.wanted:
            let_go(session, promise.id, now=now)
    elif call is None or promise.lost is not None:
        end_leg(session, PROVIDER, promise.leg, promise.lost or "no_agent", settings=settings, now=now)
    elif call.connected_at is None and not promise.wanted:
        cancel_offers(session, call, now)
        _finish(session, call, None, "withdrawn", settings, now)
    elif call.connected_at is not None and (offer := _talk_without_news(session, call, now)) is not None:
        _finish(session, call, offer, "unknown", settings, now, ended="COMPLETEAGENT")


def _place(session: Session, promise: Promise, now: datetime) -> None:
    leg = begin_leg(session, promise.id, now=now)
    if leg is None:
        return
    entered = QueueEvent("ENTERQUEUE", now, promise.queue, fields=("", "", "1"))
    record_facts(session, leg.id, now=now, events=[entered])
    line = leg.id if leg.record else leg.id + UNRECORDED
    session.add(
        TwilioCall(
            call_sid=leg.id,
            queue=promise.queue,
            line=line,
            entered_at=promise.since,
            started_at=now,
            sequence=0,
            steps=0,
        )
    )


def _talk_without_news(session: Session, call: TwilioCall, now: datetime) -> TwilioOffer | None:
    """Return the offer by which an agent took a callback, when its leg is over and nothing was told of it."""
    offer = session.scalar(
        select(TwilioOffer)
        .where(TwilioOffer.caller_sid == call.call_sid)
        .order_by(TwilioOffer.id.desc())
        .limit(1)
    )
    over = offer is not None and offer.ended_at is not None and now - offer.ended_at >= _NEWS_WITHIN
    return offer if over else None


def _finish(
    session: Session,
    call: TwilioCall,
    offer: TwilioOffer | None,
    result: Result,
    settings: CallbackSettings,
    now: datetime,
    *,
    ended: str = "",
) -> None:
    """End a stand-in, its leg in the ledger, and the try."""
    if offer is not None and ended:
        talk = f"{seconds_between(call.connected_at, now)}"
        wait = f"{seconds_between(call.started_at, call.connected_at)}"
        over = QueueEvent(ended, now, call.queue, offer.agent.interface, (wait, talk, "1"))
        record_facts(session, call.call_sid, now=now, events=[over])
        end_offer(session, offer, now)
        enqueue(session, RECONCILE_JOB, key=call.call_sid, at=now + RECONCILE_AFTER, call_sid=call.call_sid)
    call.completed_at = now
    end_leg(session, PROVIDER, call.call_sid, result, settings=settings, now=now)
