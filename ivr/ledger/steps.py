"""A flow's steps on their way into the ledger. Every driver (FastAGI, Twilio, simulator) comes through here.

Numbers and digits stay out: the caller's number goes to the call, encrypted; of what was typed only the
outcome of the node is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.flow.document import Flow
from ivr.flow.instructions import NoteScore
from ivr.flow.interpreter import Advance, Step
from ivr.flow.nodes.queue import Queue
from ivr.flow.state import FlowState
from ivr.ledger.derived import write_facts
from ivr.ledger.entries import insert_events, load_events
from ivr.ledger.facts import LedgerEvent
from ivr.ledger.locks import lock_call
from ivr.ledger.machine import derive_facts
from ivr.ledger.path import END, START
from ivr.ledger.rows import Parties
from ivr.models import CallEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowStep:
    """One step as the ledger keeps it.

    Attributes:
        number: place in the call's way, from 0; the same number told again is the same step.
        kind: `start`, `end`, or the kind of the node that was left.
        queue: name of the queue, for a queue's step.
        fields: node, outcome and what else there is to tell; never a number or a typed digit.
    """

    number: int
    at: datetime
    kind: str
    queue: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)


def first_step(state: FlowState) -> FlowStep:
    """Return the step that opens a call's way: the flow it runs in."""
    fields = {"flow": state.flow, "version": state.version, "language": state.language}
    return FlowStep(number=0, at=state.started_at, kind=START, fields=fields)


def steps_of(flow: Flow, advance: Advance, *, number: int) -> list[FlowStep]:
    """Return what one advance of the interpreter has to tell.

    Args:
        flow: the call's flow.
        advance: answer to one event.
        number: number of the first of these steps.
    """
    told = [(step.kind, _queue(flow, step), step.at, _fields(step, advance)) for step in advance.steps]
    if told and advance.state.ended:
        told.append((END, "", advance.state.at, {"outcome": advance.state.outcome}))
    return [
        FlowStep(number=number + offset, kind=kind, queue=queue, at=at, fields=fields)
        for offset, (kind, queue, at, fields) in enumerate(told)
    ]


def record_flow_steps(
    session: Session,
    provider_call_id: str,
    steps: Iterable[FlowStep],
    *,
    now: datetime,
    provider: str = "asterisk",
    caller: str = "",
    dialled: str = "",
) -> None:
    """Keep a call's steps and bring its rows up to date, in the caller's transaction.

    Steps that were told before are left as they are, so a driver may repeat itself.
    """
    lock_call(session, provider, provider_call_id)
    origin = f"{provider}/{provider_call_id}"
    told = set(session.scalars(select(CallEvent.position).where(CallEvent.origin == origin)))
    events = [step_event(step, origin) for step in steps if step.number not in told]
    insert_events(session, ((provider_call_id, event) for event in events))
    known = load_events(session, provider, [provider_call_id])
    write_facts(
        session,
        provider,
        {call_id: derive_facts(known[call_id], now=now) for call_id in known},
        parties={provider_call_id: Parties(caller, dialled)} if known else {},
        now=now,
    )


def step_event(step: FlowStep, origin: str) -> LedgerEvent:
    """Return the ledger's event of a step."""
    return LedgerEvent("flow", origin, step.number, step.at, step.queue, "", step.kind, dict(step.fields))


def _queue(flow: Flow, step: Step) -> str:
    node = flow.nodes[step.node]
    return node.queue if isinstance(node, Queue) else ""


def _fields(step: Step, advance: Advance) -> dict[str, Any]:
    fields: dict[str, Any] = {"node": step.node, "outcome": step.outcome}
    if step.note:
        fields["note"] = step.note
    if step.kind == "language":
        fields["language"] = advance.state.language
    if step.kind == "survey":
        scores = [i for i in advance.instructions if isinstance(i, NoteScore)]
        fields |= {"score": scores[0].score, "best": scores[0].best} if scores else {}
    return fields
