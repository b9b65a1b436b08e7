"""An agent's leg: rung, asked whether a person is there, connected with the first caller of a line.

A mailbox or a pocket answers telephones too, so an agent accepts with a key. Of several who accept at once, only
as many are connected as callers wait. Every webhook of a leg gives the same answer when it comes again.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ivr.twilio.callbacks import dial_caller, is_stand_in, take_result
from ivr.twilio.dispatch import cancel_offers, end_offer, waiting_callers
from ivr.twilio.ending import OVER, leg_ended
from ivr.twilio.facts import QueueEvent, record_facts, seconds_between
from ivr.twilio.hotline import Hotline
from ivr.twilio.leaving import enter_queue
from ivr.twilio.models import TwilioCall, TwilioOffer
from ivr.twilio.render import recorded_line, recording_attributes
from ivr.twilio.twiml import EMPTY, document, say, verb
from ivr.twilio.webhook import Refused, Webhook

_ACCEPT = (("zh", "有来电，接听请按 1。"), ("en", "A call is waiting. To take it, press 1."))
_TOO_LATE = (("zh", "来电已由其他同事接听或已挂断。"), ("en", "The call has been taken or has ended."))
_ACCEPT_KEY = "1"
_ACCEPT_WITHIN_S = 8
_CONNECT_WITHIN_S = 10
_FRESH = timedelta(hours=1)
"""A status callback of another time was captured, or our clock is wrong."""


def agent_answered(session: Session, hotline: Hotline, webhook: Webhook, offer_id: int, now: datetime) -> str:
    """Ask whoever answered whether they take the call."""
    offer = _offer(session, offer_id, webhook)
    if offer.state == "ended":
        return _goodbye()
    if offer.answered_at is None:
        offer.answered_at = now
    offer.ringing_at = offer.ringing_at or offer.placed_at
    if offer.state in {"placed", "ringing"}:
        offer.state = "answered"
    return _ask(hotline.addresses.agent(offer_id, "accept"), _ACCEPT)


def agent_accepts(session: Session, hotline: Hotline, webhook: Webhook, offer_id: int, now: datetime) -> str:
    """Connect an agent who pressed the key; end the leg of one who did not, or who is too late."""
    offer = _offer(session, offer_id, webhook)
    if offer.state in {"accepted", "bridged"}:
        return _connection(session, hotline, offer, now)
    if offer.state == "ended" or webhook.get("Digits") != _ACCEPT_KEY:
        end_offer(session, offer, now, "RINGNOANSWER")
        return document([verb("Hangup")])
    taken = session.scalar(
        select(func.count()).where(TwilioOffer.line == offer.line, TwilioOffer.state == "accepted")
    )
    if len(waiting_callers(session, offer.line)) <= (taken or 0):
        end_offer(session, offer, now, "RINGCANCELED")
        return _goodbye()
    offer.state = "accepted"
    call = session.get(TwilioCall, offer.for_sid)
    if call is not None:
        cancel_offers(session, call, now, accepted=offer)
    return _connection(session, hotline, offer, now)


def agent_done(session: Session, hotline: Hotline, webhook: Webhook, offer_id: int, now: datetime) -> str:
    """Note how long an agent talked; a leg that found the line empty is over without."""
    offer = _offer(session, offer_id, webhook)
    take_result(session, hotline.callbacks, offer, webhook, now)
    if offer.caller_sid is not None and offer.talk_s is None:
        offer.talk_s = webhook.seconds("DialCallDuration")
    end_offer(session, offer, now, "RINGCANCELED" if offer.state == "accepted" else "")
    return document([verb("Hangup")])


def connecting(session: Session, webhook: Webhook, now: datetime) -> str:
    """Note that a caller leaves the queue for an agent; the caller hears nothing more of us."""
    call = session.get(TwilioCall, webhook["CallSid"], with_for_update=True)
    if call is None or call.waiting != "queue":
        raise Refused("stale")
    if call.connected_at is not None:
        return EMPTY
    enter_queue(session, call, now, position="1", waited_s=webhook.seconds("QueueTime"))
    call.connected_at = now
    leg_sid = webhook["DequeingCallSid"]
    offer = session.scalar(select(TwilioOffer).where(TwilioOffer.leg_sid == leg_sid).with_for_update())
    agent, ring_s = "", 0.0
    if offer is not None:
        offer.state, offer.caller_sid = "bridged", call.call_sid
        agent, ring_s = offer.agent.interface, seconds_between(offer.ringing_at, offer.answered_at)
    cancel_offers(session, call, now, accepted=offer)
    fields = (f"{seconds_between(call.entered_at, now)}", leg_sid, f"{ring_s}")
    record_facts(
        session, call.call_sid, now=now, events=[QueueEvent("CONNECT", now, call.queue, agent, fields)]
    )
    return EMPTY


def leg_progress(session: Session, hotline: Hotline, webhook: Webhook, now: datetime) -> None:
    """Take a status callback, of a caller's leg or an agent's; they come in any order and more than once."""
    status, sid, at = webhook["CallStatus"], webhook["CallSid"], webhook.time("Timestamp") or now
    if abs(now - at) > _FRESH:
        raise Refused("old")
    call = session.get(TwilioCall, sid, with_for_update=True)
    if call is not None:
        if status in OVER:
            leg_ended(session, hotline, call, now)
        return
    offer = session.scalar(select(TwilioOffer).where(TwilioOffer.leg_sid == sid).with_for_update())
    if offer is not None:
        _agent_progress(session, offer, status, at, now)


def _agent_progress(session: Session, offer: TwilioOffer, status: str, at: datetime, now: datetime) -> None:
    if status == "ringing":
        offer.ringing_at = at
        offer.state = "ringing" if offer.state == "placed" else offer.state
    elif status == "in-progress":
        offer.answered_at = at
        offer.state = "answered" if offer.state in {"placed", "ringing"} else offer.state
    elif status in OVER:
        end_offer(session, offer, now, "" if offer.state == "bridged" else "RINGNOANSWER")


def _offer(session: Session, offer_id: int, webhook: Webhook) -> TwilioOffer:
    """Return the offer a leg belongs to; a leg we did not hear of yet (the job was killed) becomes known here."""
    offer = session.get(TwilioOffer, offer_id, with_for_update=True)
    leg_sid = webhook["CallSid"]
    if offer is None or offer.leg_sid not in {None, leg_sid}:
        raise Refused("other_leg")
    offer.leg_sid = leg_sid
    return offer


def _connection(session: Session, hotline: Hotline, offer: TwilioOffer, now: datetime) -> str:
    """Return the document that connects an agent: with the first of a line, or with a caller to be called back."""
    dial = verb(
        "Dial", action=hotline.addresses.agent(offer.id, "done"), method="POST", timeout=_CONNECT_WITHIN_S
    )
    call = session.get(TwilioCall, offer.for_sid, with_for_update=True)
    if recorded_line(offer.line):
        dial.attrib.update({"record": "record-from-answer-dual", **recording_attributes(hotline)})
    if call is not None and is_stand_in(call):
        dial.attrib.update({"timeout": str(hotline.callbacks.ring_s), "callerId": hotline.number})
        dial.append(verb("Number", dial_caller(session, offer, call, now)))
    else:
        dial.append(verb("Queue", offer.line, url=hotline.addresses.connecting(), method="POST"))
    return document([dial])


def whisper(hotline: Hotline, webhook: Webhook, step: str) -> str:
    """Ask whoever answered a transfer whether they take it; nothing more is heard once they have."""
    if step == "ask":
        return _ask(hotline.addresses.whisper("accept"), _ACCEPT)
    return EMPTY if webhook.get("Digits") == _ACCEPT_KEY else document([verb("Hangup")])


def _ask(action: str, texts: tuple[tuple[str, str], ...]) -> str:
    gather = verb(
        "Gather",
        input="dtmf",
        numDigits=1,
        finishOnKey="",
        timeout=_ACCEPT_WITHIN_S,
        actionOnEmptyResult="true",
        action=action,
        method="POST",
    )
    gather.extend(say(language, text) for language, text in texts)
    return document([gather])


def _goodbye() -> str:
    return document([*(say(language, text) for language, text in _TOO_LATE), verb("Hangup")])
