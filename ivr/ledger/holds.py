"""Callers put on hold and taken back: AMI tells it while it happens, no queue_log does.

Each is kept as an event of its call. Where nobody listened to AMI, or on Twilio, nothing is known of holds,
which is not the same as none.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.ledger.derived import existing_calls, write_facts
from ivr.ledger.entries import insert_events, load_events
from ivr.ledger.facts import LedgerEvent
from ivr.ledger.locks import lock_call
from ivr.ledger.machine import HOLD, UNHOLD, derive_facts, hold_spans
from ivr.models import Call, CallEvent

_PLACES_IN_A_MICROSECOND: Final = 2
"""A hold may end in the microsecond it began in."""


class Hold(NamedTuple):
    """An agent put a caller on hold, or took the caller back.

    Attributes:
        call_id: the provider's.
        agent: the interface, as queue_log has it.
        begins: on hold from now on; otherwise not any more.
    """

    call_id: str
    agent: str
    at: datetime
    begins: bool


def record_holds(
    session: Session, holds: Iterable[Hold], *, now: datetime, provider: str = "asterisk"
) -> None:
    """Keep holds and bring their calls up to date, in the caller's transaction. Told twice, they are kept once.

    A hold alone makes no call: one of which nothing else is known is no caller's.
    """
    by_call: dict[str, list[Hold]] = {}
    for hold in holds:
        by_call.setdefault(hold.call_id, []).append(hold)
    for call_id in sorted(by_call):
        lock_call(session, provider, call_id)
        if not existing_calls(session, provider, [call_id]):
            continue
        _keep(session, provider, call_id, by_call[call_id])
        events = load_events(session, provider, [call_id])
        facts = {call_id: derive_facts(told, now=now) for call_id, told in events.items()}
        write_facts(session, provider, facts, parties={}, now=now)


def holds_of(session: Session, call: Call) -> list[tuple[datetime, datetime]]:
    """Return from when to when the agent who talked last had the caller of a call on hold."""
    if call.agent is None or call.ended_at is None:
        return []
    events = load_events(session, call.provider, [call.provider_call_id]).get(call.provider_call_id, [])
    holds = [event for event in events if event.kind in {HOLD, UNHOLD}]
    ended = call.ended_at
    return [(began, min(until or ended, ended)) for began, until in hold_spans(holds, call.agent.interface)]


def _keep(session: Session, provider: str, call_id: str, holds: Sequence[Hold]) -> None:
    origin = f"{provider}/hold/{call_id}"
    told = set(session.scalars(select(CallEvent.position).where(CallEvent.origin == origin)))
    events = {_position(hold): hold for hold in holds}
    insert_events(
        session,
        [
            (call_id, LedgerEvent("ami", origin, position, hold.at, "", hold.agent, _kind(hold), {}))
            for position, hold in events.items()
            if position not in told
        ],
    )


def _position(hold: Hold) -> int:
    microseconds = round(hold.at.timestamp() * 1_000_000)
    return microseconds * _PLACES_IN_A_MICROSECOND + (not hold.begins)


def _kind(hold: Hold) -> str:
    return HOLD if hold.begins else UNHOLD
