"""Entering and leaving a queue, in the flow's words and in queue_log's."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.flow.events import QueueOutcome, QueueResult
from ivr.twilio.dispatch import cancel_offers, end_offer
from ivr.twilio.facts import QueueEvent, record_facts, seconds_between
from ivr.twilio.models import TwilioCall, TwilioOffer

_RESULTS: Final[dict[str, QueueOutcome]] = {
    # Twilio's QueueResult where it says everything; what was bridged is known from our own notes
    "queue-full": "full",
    "error": "error",
    "system-error": "error",
    "redirected": "error",
    "hangup": "abandoned",
}


def enter_queue(
    session: Session, call: TwilioCall, now: datetime, *, position: str, waited_s: float | None
) -> None:
    """Note that a call is in its queue since `waited_s` ago; told once."""
    if call.entered_at is None:
        call.entered_at = now - timedelta(seconds=waited_s or 0.0)
        entered = QueueEvent("ENTERQUEUE", call.entered_at, call.queue, fields=("", "", position))
        record_facts(session, call.call_sid, now=now, events=[entered])


def leave_queue(
    session: Session, call: TwilioCall, result: str, *, now: datetime, by_caller: bool
) -> tuple[QueueResult, tuple[QueueEvent, ...]]:
    """Return how the queue let go of a call, for the flow and for the ledger.

    Args:
        session: a unit of work.
        call: a call that waits for the queue's result.
        result: Twilio's QueueResult, or `hangup` when none came.
        now: when it was told.
        by_caller: the caller's leg has ended with it.
    """
    outcome = _outcome(call, result)
    if outcome == "full":
        return QueueResult(result="full", at=now), ()
    if call.entered_at is None:  # it let go before the first request for something to hear
        call.entered_at = now
        first: tuple[QueueEvent, ...] = (QueueEvent("ENTERQUEUE", now, call.queue, fields=("", "", "1")),)
    else:
        first = ()
    cancel_offers(session, call, now)
    wait_s = seconds_between(call.entered_at, call.connected_at or now)
    if outcome == "bridged":
        talk_s, ended = _conversation(session, call, now, by_caller=by_caller, wait_s=wait_s)
        return QueueResult(result="bridged", at=now, wait_s=wait_s, talk_s=talk_s), (*first, ended)
    told = _exit(call, outcome, now, f"{wait_s}")
    return QueueResult(result=outcome, at=now, wait_s=wait_s), first + ((told,) if told else ())


def _outcome(call: TwilioCall, result: str) -> QueueOutcome:
    if call.connected_at is not None:
        return "bridged"
    if result == "leave":
        return cast("QueueOutcome", call.leaving or "timeout")
    return _RESULTS.get(result, "error")  # Twilio says bridged, and nobody ever was: not a conversation


def _conversation(
    session: Session, call: TwilioCall, now: datetime, *, by_caller: bool, wait_s: float
) -> tuple[float, QueueEvent]:
    offer = session.scalar(
        select(TwilioOffer)
        .where(TwilioOffer.caller_sid == call.call_sid)
        .order_by(TwilioOffer.id.desc())
        .limit(1)
    )
    told_s = offer.talk_s if offer is not None else None
    talk_s = told_s if told_s is not None else seconds_between(call.connected_at, now)
    agent = ""
    if offer is not None:
        agent = offer.agent.interface
        end_offer(session, offer, now)  # the agent is free, also where the news of their leg's end is lost
    kind = "COMPLETECALLER" if by_caller else "COMPLETEAGENT"
    return talk_s, QueueEvent(kind, now, call.queue, agent, (f"{wait_s}", f"{talk_s}", "1"))


def _exit(call: TwilioCall, outcome: QueueOutcome, now: datetime, wait_s: str) -> QueueEvent | None:
    """Return queue_log's line; it has none for a queue that failed."""
    if outcome == "abandoned":
        return QueueEvent("ABANDON", now, call.queue, fields=("1", "1", wait_s))
    if outcome == "timeout":
        return QueueEvent("EXITWITHTIMEOUT", now, call.queue, fields=("1", "1", wait_s))
    if outcome in {"callback", "left"}:
        return QueueEvent("EXITWITHKEY", now, call.queue, fields=("", "1", "1", wait_s))
    return None
