"""Who is rung for whom: our own dispatcher over Twilio's queues.

Callers go by priority, then by their time of entry; agents by penalty, then by who has been idle longest. Twilio
only connects: an agent's leg that accepts takes the first caller of a line. So what is counted is lines: nobody
is rung for a line where nobody waits any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.jobs import enqueue
from core.setting_sections import TwilioSettings
from ivr.models import Agent, Queue, QueueMember
from ivr.twilio.facts import QueueEvent, record_facts, seconds_between
from ivr.twilio.models import TwilioAgent, TwilioCall, TwilioOffer

RING_JOB: Final = "ring_twilio_agent"
DROP_JOB: Final = "drop_twilio_leg"

_NEWS_WITHIN: Final = timedelta(seconds=60)
"""An agent who was rung has answered, accepted and been connected so long after the ringing at the latest."""

RINGING: Final = ("placed", "ringing", "answered")
"""States of an offer that has not been accepted yet."""

BUSY: Final = (*RINGING, "accepted", "bridged")


def waiting_callers(session: Session, line: str = "") -> Sequence[TwilioCall]:
    """Return the callers who wait (on one line), in the order they are to be answered."""
    wanted = select(TwilioCall).where(
        TwilioCall.line == line if line else TwilioCall.line != "",
        TwilioCall.entered_at.is_not(None),
        TwilioCall.connected_at.is_(None),
        TwilioCall.completed_at.is_(None),
        TwilioCall.leaving == "",
    )
    order = (TwilioCall.priority.desc(), TwilioCall.entered_at, TwilioCall.call_sid)
    return session.scalars(wanted.order_by(*order)).all()


def dispatch(session: Session, settings: TwilioSettings, now: datetime) -> list[TwilioOffer]:
    """Place an offer for every waiting caller who has none and for whom an agent is free."""
    _end_forgotten(session, now - timedelta(seconds=settings.ring_s) - _NEWS_WITHIN, now)
    placed = []
    for call in waiting_callers(session):
        ringing = session.scalars(
            select(TwilioOffer).where(TwilioOffer.for_sid == call.call_sid, TwilioOffer.state.in_(BUSY))
        ).all()
        for agent_id in _free_agents(session, call)[: max(0, settings.ring_at_once - len(ringing))]:
            offer = TwilioOffer(
                agent_id=agent_id, line=call.line, for_sid=call.call_sid, state="placed", placed_at=now
            )
            session.add(offer)
            session.flush()
            enqueue(session, RING_JOB, key=str(offer.id), at=now, offer_id=offer.id)
            placed.append(offer)
    return placed


def _end_forgotten(session: Session, before: datetime, now: datetime) -> None:
    """End offers of which nothing was heard: their agents would be taken for busy for ever."""
    forgotten = select(TwilioOffer).where(
        TwilioOffer.state.in_((*RINGING, "accepted")), TwilioOffer.placed_at < before
    )
    for offer in session.scalars(forgotten):
        end_offer(session, offer, now, "RINGNOANSWER")
        enqueue(session, DROP_JOB, key=str(offer.id), at=now, offer_id=offer.id)


def cancel_offers(
    session: Session, call: TwilioCall, now: datetime, *, accepted: TwilioOffer | None = None
) -> None:
    """Stop ringing for a caller who is answered or gone."""
    rung = session.scalars(
        select(TwilioOffer).where(TwilioOffer.for_sid == call.call_sid, TwilioOffer.state.in_(RINGING))
    )
    for offer in rung:
        if offer is not accepted:
            end_offer(session, offer, now, "RINGCANCELED")
            enqueue(session, DROP_JOB, key=str(offer.id), at=now, offer_id=offer.id)


def end_offer(session: Session, offer: TwilioOffer, now: datetime, kind: str = "") -> None:
    """End an offer; `kind` is what queue_log calls a ring that came to nothing. The agent is idle from now on."""
    if offer.state == "ended":
        return
    offer.state, offer.ended_at = "ended", now
    agent = session.get(TwilioAgent, offer.agent_id)
    if agent is not None:
        agent.idle_since = now
    call = session.get(TwilioCall, offer.for_sid)
    if kind and call is not None and offer.ringing_at is not None and call.queue:
        ring_ms = round(1000 * seconds_between(offer.ringing_at, now))
        event = QueueEvent(kind, now, call.queue, offer.agent.interface, (str(ring_ms),))
        record_facts(session, call.call_sid, now=now, events=[event])


def agents_on_duty(session: Session, queue: str) -> int:
    """Return how many agents of a queue take calls, those on one included."""
    members = (
        select(func.count())
        .select_from(TwilioAgent)
        .join(QueueMember, QueueMember.agent_id == TwilioAgent.agent_id)
        .join(Queue, Queue.id == QueueMember.queue_id)
        .join(Agent, Agent.id == TwilioAgent.agent_id)
        .where(Queue.name == queue, Agent.active, TwilioAgent.state == "ready")
    )
    return session.scalar(members) or 0


def _free_agents(session: Session, call: TwilioCall) -> list[int]:
    """Return the agents who could be rung now for a caller; who has been rung for them in vain comes last."""
    busy = select(TwilioOffer.agent_id).where(TwilioOffer.state.in_(BUSY))
    in_vain = (
        select(func.count())
        .where(TwilioOffer.for_sid == call.call_sid, TwilioOffer.agent_id == Agent.id)
        .correlate(Agent)
        .scalar_subquery()
    )
    members = (
        select(TwilioAgent.agent_id)
        .join(Agent, Agent.id == TwilioAgent.agent_id)
        .join(QueueMember, QueueMember.agent_id == Agent.id)
        .join(Queue, Queue.id == QueueMember.queue_id)
        .where(Queue.name == call.queue, Agent.active, TwilioAgent.state == "ready", Agent.id.not_in(busy))
        .order_by(in_vain, QueueMember.penalty, TwilioAgent.idle_since, Agent.id)
    )
    return list(session.scalars(members))
