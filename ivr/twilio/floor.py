"""This moment on Twilio's line, from the notes its webhooks keep: who waits, who rings, who talks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from core.phone import mask_number
from ivr.flow.state import FlowState
from ivr.live import LiveAgent, LiveFloor, LiveQueue, WaitingCaller
from ivr.twilio.dispatch import BUSY, RINGING, waiting_callers
from ivr.twilio.models import TwilioAgent, TwilioCall, TwilioOffer

_DOING: Final = {"placed": "ringing", "ringing": "ringing", "answered": "ringing"}
"""What an agent does whose offer is in a state; else they talk."""

WAITING: Final = ("digits", "queue", "dial", "record")
"""What a call waits for that goes on."""


def twilio_floor(session: Session) -> LiveFloor:
    """Return who is on Twilio's line now; empty where nobody calls and no agent is on duty."""
    offers = session.scalars(
        select(TwilioOffer).where(TwilioOffer.state.in_(BUSY)).options(joinedload(TwilioOffer.agent))
    ).all()
    by_waiting = select(TwilioCall.waiting, func.count()).where(
        TwilioCall.waiting.in_(WAITING), TwilioCall.completed_at.is_(None)
    )
    counts = {row[0]: row[1] for row in session.execute(by_waiting.group_by(TwilioCall.waiting))}
    return LiveFloor(
        queues=tuple(_queues(session, offers)),
        agents=tuple(_agents(session, offers)),
        calls=sum(counts.values()),
        in_menu=counts.get("digits", 0),
    )


def _queues(session: Session, offers: Sequence[TwilioOffer]) -> Iterator[LiveQueue]:
    ringing: dict[str, list[str]] = {}
    for offer in offers:
        if offer.state in RINGING:
            ringing.setdefault(offer.for_sid, []).append(offer.agent.interface)
    in_order = waiting_callers(session)
    for name, callers in groupby(sorted(in_order, key=lambda call: call.queue), lambda call: call.queue):
        yield LiveQueue(
            name=name,
            waiting=tuple(
                _caller(call, position, ringing.get(call.call_sid, []))
                for position, call in enumerate(callers, start=1)
            ),
        )


def _caller(call: TwilioCall, position: int, ringing: Sequence[str]) -> WaitingCaller:
    number = FlowState.from_json(call.state).caller if call.state else ""
    return WaitingCaller(
        call=call.call_sid,
        caller=mask_number(number),
        position=position,
        since=call.entered_at or call.started_at,
        ringing=tuple(ringing),
    )


def _agents(session: Session, offers: Sequence[TwilioOffer]) -> Iterator[LiveAgent]:
    busy = {offer.agent_id: offer for offer in offers}
    on_duty = select(TwilioAgent).options(joinedload(TwilioAgent.agent)).order_by(TwilioAgent.agent_id)
    for agent in session.scalars(on_duty):
        offer = busy.get(agent.agent_id)
        if offer is not None:
            yield LiveAgent(
                agent=agent.agent.interface,
                state=_DOING.get(offer.state, "talking"),
                since=_since(offer),
                call=offer.caller_sid or offer.for_sid,
            )
        elif agent.state != "away":
            yield LiveAgent(agent=agent.agent.interface, state=agent.state, since=agent.idle_since)


def _since(offer: TwilioOffer) -> datetime:
    rung_at = offer.ringing_at or offer.placed_at
    return rung_at if offer.state in RINGING else offer.answered_at or rung_at
