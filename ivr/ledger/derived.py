"""Writing derived rows: a call's facts become its `Call`, `QueueVisit` and `RingAttempt` rows.

A call keeps its row (and its id) for ever; visits and rings are replaced. Whoever waits for the end of a
call is told in the same transaction, once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple, cast

from sqlalchemy import Table, bindparam, delete, insert, select, update
from sqlalchemy.orm import Session

from core.crypto import lookup_hash
from core.events import publish
from core.phone import normalise_number
from ivr.events import CallEnded
from ivr.ledger.entries import Parties, parts_of
from ivr.ledger.facts import CallFacts, VisitFacts
from ivr.ledger.machine import FACTS_VERSION
from ivr.models import Agent, Call, Queue, QueueVisit, RingAttempt

_CALLS: Final = cast("Table", Call.__table__)
_VISITS: Final = cast("Table", QueueVisit.__table__)
_RINGS: Final = cast("Table", RingAttempt.__table__)
_CODE_LENGTH: Final = 32


class Directory:
    """Row ids of queues and agents by the names the telephony uses; unknown ones become rows."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._queues = {name: row_id for row_id, name in session.execute(select(Queue.id, Queue.name))}
        self._agents = {name: row_id for row_id, name in session.execute(select(Agent.id, Agent.interface))}

    def queue(self, name: str) -> int | None:
        """Return a queue's id, None for no name."""
        if name and name not in self._queues:
            self._queues[name] = self._add(Queue(name=name, title_zh=name, title_en=name))
        return self._queues.get(name)

    def agent(self, name: str) -> int | None:
        """Return an agent's id, None for no name."""
        if name and name not in self._agents:
            agent = Agent(code=self._free_code(name), name=name[:80], interface=name)
            self._agents[name] = self._add(agent)
        return self._agents.get(name)

    def _add(self, row: Queue | Agent) -> int:
        self._session.add(row)
        self._session.flush()
        return row.id

    def _free_code(self, name: str) -> str:
        taken = self._session.scalar(select(Agent.id).where(Agent.code == name[:_CODE_LENGTH]))
        if len(name) <= _CODE_LENGTH and taken is None:
            return name
        return f"{name[: _CODE_LENGTH - 9]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


class _Known(NamedTuple):
    id: int
    end_published: bool
    has_caller: bool
    has_dialled: bool


def write_facts(
    session: Session,
    provider: str,
    facts: Mapping[str, CallFacts],
    *,
    parties: Mapping[str, Parties],
    now: datetime,
) -> None:
    """Write the rows of calls, in the caller's transaction.

    Args:
        session: a unit of work.
        provider: `asterisk`, `twilio` or `simulator`.
        facts: by the provider's call id.
        parties: what is known of the numbers, by call id.
        now: when the others are told of ended calls.
    """
    known = existing_calls(session, provider, facts)
    directory = Directory(session)
    values = {call_id: _call_values(directory, call) for call_id, call in facts.items()}
    ids = _insert_calls(session, provider, [call_id for call_id in facts if call_id not in known], values)
    if known:
        _update_calls(session, {row.id: values[call_id] for call_id, row in known.items()})
        _drop_visits(session, [row.id for row in known.values()])
    ids |= {call_id: row.id for call_id, row in known.items()}
    _write_parties(session, ids, known, parties)
    _insert_visits(session, directory, [(ids[call_id], call.visits) for call_id, call in facts.items()])
    ended = [
        ids[call_id]
        for call_id, call in facts.items()
        if call.over and not (call_id in known and known[call_id].end_published)
    ]
    _tell(session, ended, now)


def existing_calls(session: Session, provider: str, call_ids: Iterable[str]) -> dict[str, _Known]:
    """Return the calls that have a row already, by the provider's call id."""
    columns = _CALLS.c
    wanted = select(
        columns.provider_call_id,
        columns.id,
        columns.end_published_at.is_not(None),
        columns.caller_hash.is_not(None),
        columns.dialled != "",
    ).where(columns.provider == provider)
    return {
        call_id: _Known(*row)
        for part in parts_of(call_ids)
        for call_id, *row in session.execute(wanted.where(columns.provider_call_id.in_(part)))
    }


def _call_values(directory: Directory, call: CallFacts) -> dict[str, Any]:
    return {
        "language": call.language or "zh",
        "flow": call.flow,
        "flow_version": call.flow_version,
        "recording_allowed": call.recording_allowed,
        "outcome": call.outcome,
        "started_at": call.started_at,
        "ended_at": call.ended_at,
        "queue_id": directory.queue(call.queue),
        "agent_id": directory.agent(call.agent),
        "wait_s": call.wait_s,
        "ring_s": call.ring_s,
        "talk_s": call.talk_s,
        "survey_score": call.survey_score,
        "facts_version": FACTS_VERSION,
    }


def _insert_calls(
    session: Session, provider: str, call_ids: list[str], values: Mapping[str, dict[str, Any]]
) -> dict[str, int]:
    if not call_ids:
        return {}
    rows = [
        {"provider": provider, "provider_call_id": call_id, "dialled": "", **values[call_id]}
        for call_id in call_ids
    ]
    session.execute(insert(_CALLS), rows)
    return {call_id: row.id for call_id, row in existing_calls(session, provider, call_ids).items()}


def _update_calls(session: Session, values: Mapping[int, dict[str, Any]]) -> None:
    names = next(iter(values.values()))
    statement = (
        update(_CALLS)
        .where(_CALLS.c.id == bindparam("row_id"))
        .values({name: bindparam(f"new_{name}") for name in names})
    )
    rows = [
        {"row_id": row_id, **{f"new_{name}": value for name, value in row.items()}}
        for row_id, row in values.items()
    ]
    session.connection().execute(statement, rows)


def _write_parties(
    session: Session, ids: Mapping[str, int], known: Mapping[str, _Known], parties: Mapping[str, Parties]
) -> None:
    callers, dialled = [], []
    for call_id, told in parties.items():
        row = known.get(call_id)
        number = normalise_number(told.caller)
        if number and not (row and row.has_caller):
            callers.append({"row_id": ids[call_id], "number": number, "hash": lookup_hash(number)})
        if told.dialled and not (row and row.has_dialled):
            dialled.append({"row_id": ids[call_id], "number": told.dialled[:40]})
    by_id = update(_CALLS).where(_CALLS.c.id == bindparam("row_id"))
    if callers:
        with_caller = by_id.values(caller=bindparam("number"), caller_hash=bindparam("hash"))
        session.connection().execute(with_caller, callers)
    if dialled:
        session.connection().execute(by_id.values(dialled=bindparam("number")), dialled)


def _drop_visits(session: Session, call_ids: list[int]) -> None:
    gone = delete(_VISITS).where(_VISITS.c.call_id == bindparam("of_call"))
    session.connection().execute(gone, [{"of_call": call_id} for call_id in call_ids])


def _insert_visits(
    session: Session, directory: Directory, calls: list[tuple[int, tuple[VisitFacts, ...]]]
) -> None:
    numbered = [
        (call_id, number, visit) for call_id, visits in calls for number, visit in enumerate(visits, start=1)
    ]
    if not numbered:
        return
    session.execute(insert(_VISITS), [_visit_row(directory, *visit) for visit in numbered])
    ids = _visit_ids(session, [call_id for call_id, visits in calls if visits])
    rings = [
        {
            "visit_id": ids[call_id, visit_number],
            "number": number,
            "agent_id": directory.agent(ring.agent),
            "ended_at": ring.ended_at,
            "ring_s": ring.ring_s,
            "outcome": ring.outcome,
        }
        for call_id, visit_number, visit in numbered
        for number, ring in enumerate(visit.rings, start=1)
    ]
    if rings:
        session.execute(insert(_RINGS), rings)


def _visit_ids(session: Session, call_ids: list[int]) -> dict[tuple[int, int], int]:
    """Read new ids back by key: SQLite would return them only for one row at a time."""
    columns = _VISITS.c
    wanted = select(columns.call_id, columns.number, columns.id)
    return {
        (call_id, number): visit_id
        for part in parts_of(call_ids)
        for call_id, number, visit_id in session.execute(wanted.where(columns.call_id.in_(part)))
    }


def _visit_row(directory: Directory, call_id: int, number: int, visit: VisitFacts) -> dict[str, Any]:
    return {
        "call_id": call_id,
        "number": number,
        "queue_id": directory.queue(visit.queue),
        "entered_at": visit.entered_at,
        "left_queue_at": visit.left_queue_at,
        "ended_at": visit.ended_at,
        "outcome": visit.outcome,
        "wait_s": visit.wait_s,
        "talk_s": visit.talk_s,
        "agent_id": directory.agent(visit.agent),
        "original_position": visit.original_position,
        "ended_by": visit.ended_by,
    }


def _tell(session: Session, call_ids: list[int], now: datetime) -> None:
    for call_id in call_ids:
        publish(session, CallEnded(call_id=call_id), at=now)
    if call_ids:
        told = update(_CALLS).where(_CALLS.c.id == bindparam("row_id")).values(end_published_at=now)
        session.connection().execute(told, [{"row_id": call_id} for call_id in call_ids])
