"""What happened on a Twilio call, told to the ledger in queue_log's words.

Events have the kinds and fields of queue_log, so visits, rings and metrics of both lines are one table. Their
times are those of our own clock when the webhook came, except for ringing, which only Twilio sees (its time
stamps are whole seconds: such figures are good to one second).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.ledger.entries import insert_events
from ivr.ledger.facts import LedgerEvent
from ivr.ledger.steps import FlowStep, record_flow_steps
from ivr.models import CallEvent
from ivr.presence.store import note_presence

PROVIDER: Final = "twilio"
_PLACES_IN_A_MILLISECOND: Final = 16


@dataclass(frozen=True, slots=True)
class QueueEvent:
    """One line as Asterisk would have written it into queue_log."""

    kind: str
    at: datetime
    queue: str
    agent: str = ""
    fields: tuple[str, ...] = ()


def record_facts(
    session: Session,
    call_sid: str,
    *,
    now: datetime,
    steps: Iterable[FlowStep] = (),
    events: Iterable[QueueEvent] = (),
    caller: str = "",
    dialled: str = "",
) -> None:
    """Keep steps and queue events of a call and bring its rows up to date, in the caller's transaction.

    The caller makes sure that each event is told once.
    """
    _insert(session, call_sid, f"{PROVIDER}/{call_sid}/queue", list(events))
    record_flow_steps(session, call_sid, steps, now=now, provider=PROVIDER, caller=caller, dialled=dialled)


def record_presence(session: Session, events: Sequence[QueueEvent]) -> None:
    """Keep events of agents coming, pausing and going, in the caller's transaction."""
    note_presence(session, PROVIDER, _insert(session, "", f"{PROVIDER}/presence", events))


def seconds_between(start: datetime | None, end: datetime | None) -> float:
    """Return the seconds from one time to another; 0 where one is not known or the order is wrong."""
    return max(0.0, round((end - start).total_seconds(), 3)) if start and end else 0.0


def _insert(session: Session, call_sid: str, origin: str, events: Sequence[QueueEvent]) -> list[LedgerEvent]:
    """Write events under positions in the order of their times, whatever order they became known in."""
    positions = [int(event.at.timestamp() * 1000) * _PLACES_IN_A_MILLISECOND for event in events]
    if not positions:
        return []
    taken = set(
        session.scalars(
            select(CallEvent.position).where(CallEvent.origin == origin, CallEvent.position >= min(positions))
        )
    )
    rows = []
    for event, first in zip(events, positions, strict=True):
        position = next(place for place in count(first) if place not in taken)
        taken.add(position)
        rows.append(
            LedgerEvent(
                PROVIDER,
                origin,
                position,
                event.at,
                event.queue,
                event.agent,
                event.kind,
                list(event.fields),
            )
        )
    insert_events(session, ((call_sid, row) for row in rows))
    return rows
