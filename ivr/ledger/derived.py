"""Writing derived rows: a call's facts become its `Call`, `QueueVisit` and `RingAttempt` rows.

A call keeps its row (and its id) for ever; visits and rings are replaced. Whoever waits for the end of a
call is told in the same transaction, once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import LargeBinary, bindparam, delete, select, update
from sqlalchemy.orm import Session

from core.db.bulk import insert_stored, reserve_ids, session_dialect, stored_value
from core.events import publish_all
from ivr.events import CallEnded
from ivr.ledger.entries import parts_of
from ivr.ledger.facts import CallFacts
from ivr.ledger.rows import (
    CALL_FACTS,
    CALLS,
    NO_NUMBERS,
    RING_FACTS,
    RINGS,
    VISIT_FACTS,
    VISITS,
    CallRows,
    Parties,
    StoredNumbers,
    call_facts,
    call_rows,
    stored_numbers,
)
from ivr.models import Agent, Queue

_CODE_LENGTH: Final = 32
_NEW_CALL: Final = (
    "id", "provider", "end_published_at", "queue_id", "agent_id", "provider_call_id", "caller", "caller_hash",
    "dialled", *CALL_FACTS,
)  # fmt: skip
_NEW_VISIT: Final = ("id", "call_id", "queue_id", "agent_id", *VISIT_FACTS)
_NEW_RING: Final = ("visit_id", "agent_id", *RING_FACTS)
_CHANGED: Final = ("queue_id", "agent_id", *CALL_FACTS)


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


class KnownCall(NamedTuple):
    """A call that has a row already, and what that lacks."""

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
    fresh = {call_id: call for call_id, call in facts.items() if call_id not in known}
    insert_calls(session, provider, call_rows(session_dialect(session), fresh, parties), now=now)
    update_calls(session, known, {call_id: facts[call_id] for call_id in known}, now=now)
    fill_in_numbers(session, known, stored_numbers(parties))


def insert_calls(
    session: Session, provider: str, rows: CallRows, *, known: Container[str] = (), now: datetime
) -> None:
    """Insert the rows of calls that are not known, and tell of those that are over."""
    directory = Directory(session)
    call_ids = _insert_calls(session, provider, directory, rows, known, now)
    visit_ids = _insert_visits(session, directory, rows, call_ids)
    _insert_rings(session, directory, rows, visit_ids)
    ended = [CallEnded(call_id=row_id) for place, row_id in call_ids.items() if rows.named[place].over]
    publish_all(session, ended, at=now)


def update_calls(
    session: Session, known: Mapping[str, KnownCall], facts: Mapping[str, CallFacts], *, now: datetime
) -> None:
    """Give calls that have rows already their new facts, and new visits."""
    if not facts:
        return
    directory = Directory(session)
    _update_facts(session, directory, {known[call_id].id: call for call_id, call in facts.items()})
    _drop_visits(session, [known[call_id].id for call_id in facts])
    rows = call_rows(session_dialect(session), facts, {})
    call_ids = {place: known[call_id].id for place, call_id in enumerate(facts)}
    _insert_rings(session, directory, rows, _insert_visits(session, directory, rows, call_ids))
    _tell_ends(session, known, facts, now)


def fill_in_numbers(
    session: Session, known: Mapping[str, KnownCall], numbers: Mapping[str, StoredNumbers]
) -> None:
    """Fill in what calls that have rows already lacked."""
    callers, dialled = [], []
    for call_id, row in known.items():
        caller, caller_hash, number = numbers.get(call_id, NO_NUMBERS)
        if caller is not None and not row.has_caller:
            callers.append({"row_id": row.id, "number": caller, "hash": caller_hash})
        if number and not row.has_dialled:
            dialled.append({"row_id": row.id, "number": number})
    by_id = update(CALLS).where(CALLS.c.id == bindparam("row_id"))
    if callers:
        encrypted = bindparam("number", type_=LargeBinary())
        session.connection().execute(by_id.values(caller=encrypted, caller_hash=bindparam("hash")), callers)
    if dialled:
        session.connection().execute(by_id.values(dialled=bindparam("number")), dialled)


def existing_calls(session: Session, provider: str, call_ids: Iterable[str]) -> dict[str, KnownCall]:
    """Return the calls that have a row already, by the provider's call id."""
    columns = CALLS.c
    wanted = select(
        columns.provider_call_id,
        columns.id,
        columns.end_published_at.is_not(None),
        columns.caller_hash.is_not(None),
        columns.dialled != "",
    ).where(columns.provider == provider)
    return {
        call_id: KnownCall(*row)
        for part in parts_of(call_ids)
        for call_id, *row in session.execute(wanted.where(columns.provider_call_id.in_(part)))
    }


def _insert_calls(
    session: Session,
    provider: str,
    directory: Directory,
    rows: CallRows,
    known: Container[str],
    now: datetime,
) -> dict[int, int]:
    """Return the new calls' row ids, by their places among the rows."""
    new = [place for place, call in enumerate(rows.named) if call.call_id not in known]
    ids = dict(zip(new, reserve_ids(session, CALLS, len(new)), strict=True))
    told_at = stored_value(session_dialect(session), CALLS, "end_published_at", now)
    values = []
    for place, row_id in ids.items():
        call_id, queue, agent, over, numbers = rows.named[place]
        told = told_at if over else None
        beside = (row_id, provider, told, directory.queue(queue), directory.agent(agent), call_id)
        values.append((*beside, *numbers, *rows.calls[place]))
    insert_stored(session, CALLS, _NEW_CALL, values)
    return ids


def _insert_visits(
    session: Session, directory: Directory, rows: CallRows, call_ids: Mapping[int, int]
) -> dict[int, int]:
    """Return the row ids of the visits whose calls are given, by their places."""
    new = [place for place, (call, _queue, _agent) in enumerate(rows.visit_of) if call in call_ids]
    ids = dict(zip(new, reserve_ids(session, VISITS, len(new)), strict=True))
    values = []
    for place, row_id in ids.items():
        call, queue, agent = rows.visit_of[place]
        beside = (row_id, call_ids[call], directory.queue(queue), directory.agent(agent))
        values.append(beside + rows.visits[place])
    insert_stored(session, VISITS, _NEW_VISIT, values)
    return ids


def _insert_rings(
    session: Session, directory: Directory, rows: CallRows, visit_ids: Mapping[int, int]
) -> None:
    values = [
        (visit_ids[visit], directory.agent(agent), *ring)
        for (visit, agent), ring in zip(rows.ring_of, rows.rings, strict=True)
        if visit in visit_ids
    ]
    insert_stored(session, RINGS, _NEW_RING, values)


def _update_facts(session: Session, directory: Directory, calls: Mapping[int, CallFacts]) -> None:
    new = [f"new_{name}" for name in _CHANGED]
    statement = (
        update(CALLS)
        .where(CALLS.c.id == bindparam("row_id"))
        .values({name: bindparam(value) for name, value in zip(_CHANGED, new, strict=True)})
    )
    values = []
    for row_id, call in calls.items():
        changed = (directory.queue(call.queue), directory.agent(call.agent), *call_facts(call))
        values.append({"row_id": row_id, **dict(zip(new, changed, strict=True))})
    session.connection().execute(statement, values)


def _drop_visits(session: Session, call_ids: Sequence[int]) -> None:
    gone = delete(VISITS).where(VISITS.c.call_id == bindparam("of_call"))
    session.connection().execute(gone, [{"of_call": call_id} for call_id in call_ids])


def _tell_ends(
    session: Session, known: Mapping[str, KnownCall], facts: Mapping[str, CallFacts], now: datetime
) -> None:
    """Tell of the calls that are over and of which nobody was told; their rows say so from now on."""
    ended = [
        known[call_id].id for call_id, call in facts.items() if call.over and not known[call_id].end_published
    ]
    publish_all(session, [CallEnded(call_id=row_id) for row_id in ended], at=now)
    if ended:
        told = update(CALLS).where(CALLS.c.id == bindparam("row_id")).values(end_published_at=now)
        session.connection().execute(told, [{"row_id": row_id} for row_id in ended])
