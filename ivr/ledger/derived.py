"""Writing derived rows: a call's facts become its `Call`, `QueueVisit` and `RingAttempt` rows.

A call keeps its row (and its id) for ever; visits and rings are replaced. Whoever waits for the end of a
call is told in the same transaction, once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple, cast

from sqlalchemy import LargeBinary, Table, bindparam, delete, select, update
from sqlalchemy.orm import Session

from core.crypto import encrypt_text, lookup_hash
from core.db.bulk import insert_rows, reserve_ids
from core.events import publish_all
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
_NOBODY: Final = (None, None)

_FACTS: Final = (
    "language", "flow", "flow_version", "recording_allowed", "outcome", "started_at", "ended_at", "queue_id",
    "agent_id", "wait_s", "ring_s", "talk_s", "survey_score", "facts_version",
)  # fmt: skip
_NEW: Final = (
    "id", "provider", "provider_call_id", "dialled", "caller", "caller_hash", "end_published_at", *_FACTS,
)  # fmt: skip
_VISIT_COLUMNS: Final = (
    "id", "call_id", "number", "queue_id", "entered_at", "left_queue_at", "ended_at", "outcome", "wait_s",
    "talk_s", "agent_id", "original_position", "ended_by",
)  # fmt: skip
_RING_COLUMNS: Final = ("visit_id", "number", "agent_id", "ended_at", "ring_s", "outcome")


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
    numbers = _Numbers(parties)
    fresh = {call_id: call for call_id, call in facts.items() if call_id not in known}
    ids = _insert_calls(session, provider, fresh, values, numbers, now)
    if known:
        _update_calls(session, {row.id: values[call_id] for call_id, row in known.items()})
        _drop_visits(session, [row.id for row in known.values()])
        _fill_in_numbers(session, known, numbers)
        ids |= {call_id: row.id for call_id, row in known.items()}
    _insert_visits(session, directory, [(ids[call_id], call.visits) for call_id, call in facts.items()])
    _tell(session, facts, ids, known, now)


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


def _call_values(directory: Directory, call: CallFacts) -> tuple[Any, ...]:
    """Return the values of `_FACTS`, in that order."""
    return (
        call.language or "zh",
        call.flow,
        call.flow_version,
        call.recording_allowed,
        call.outcome,
        call.started_at,
        call.ended_at,
        directory.queue(call.queue),
        directory.agent(call.agent),
        call.wait_s,
        call.ring_s,
        call.talk_s,
        call.survey_score,
        FACTS_VERSION,
    )


class _Numbers:
    """Callers' and dialled numbers as they are stored; a number that comes again is not encrypted again."""

    def __init__(self, parties: Mapping[str, Parties]) -> None:
        self._parties = parties
        self._stored: dict[str, tuple[bytes | None, str | None]] = {}

    def caller(self, call_id: str) -> tuple[bytes | None, str | None]:
        """Return a call's caller, encrypted, and the hash to find it by; None and None when not told."""
        told = self._parties.get(call_id)
        if told is None or not told.caller:
            return _NOBODY
        if told.caller not in self._stored:
            number = normalise_number(told.caller)
            self._stored[told.caller] = (encrypt_text(number), lookup_hash(number)) if number else _NOBODY
        return self._stored[told.caller]

    def dialled(self, call_id: str) -> str:
        """Return the number a call dialled, empty when not told."""
        told = self._parties.get(call_id)
        return told.dialled[:40] if told else ""


def _insert_calls(
    session: Session,
    provider: str,
    calls: Mapping[str, CallFacts],
    values: Mapping[str, tuple[Any, ...]],
    numbers: _Numbers,
    now: datetime,
) -> dict[str, int]:
    ids = dict(zip(calls, reserve_ids(session, _CALLS, len(calls)), strict=True))
    rows = [
        (
            ids[call_id],
            provider,
            call_id,
            numbers.dialled(call_id),
            *numbers.caller(call_id),
            now if call.over else None,
            *values[call_id],
        )
        for call_id, call in calls.items()
    ]
    insert_rows(session, _CALLS, _NEW, rows)
    return ids


def _update_calls(session: Session, values: Mapping[int, tuple[Any, ...]]) -> None:
    statement = (
        update(_CALLS)
        .where(_CALLS.c.id == bindparam("row_id"))
        .values({name: bindparam(f"new_{name}") for name in _FACTS})
    )
    names = [f"new_{name}" for name in _FACTS]
    rows = [{"row_id": row_id, **dict(zip(names, row, strict=True))} for row_id, row in values.items()]
    session.connection().execute(statement, rows)


def _fill_in_numbers(session: Session, known: Mapping[str, _Known], numbers: _Numbers) -> None:
    """Fill in what a call that is here already lacked."""
    callers, dialled = [], []
    for call_id, row in known.items():
        caller, caller_hash = numbers.caller(call_id)
        if caller is not None and not row.has_caller:
            callers.append({"row_id": row.id, "number": caller, "hash": caller_hash})
        number = numbers.dialled(call_id)
        if number and not row.has_dialled:
            dialled.append({"row_id": row.id, "number": number})
    by_id = update(_CALLS).where(_CALLS.c.id == bindparam("row_id"))
    if callers:
        encrypted = bindparam("number", type_=LargeBinary())
        session.connection().execute(by_id.values(caller=encrypted, caller_hash=bindparam("hash")), callers)
    if dialled:
        session.connection().execute(by_id.values(dialled=bindparam("number")), dialled)


def _drop_visits(session: Session, call_ids: list[int]) -> None:
    gone = delete(_VISITS).where(_VISITS.c.call_id == bindparam("of_call"))
    session.connection().execute(gone, [{"of_call": call_id} for call_id in call_ids])


def _insert_visits(
    session: Session, directory: Directory, calls: Sequence[tuple[int, Sequence[VisitFacts]]]
) -> None:
    numbered = [
        (call_id, number, visit) for call_id, visits in calls for number, visit in enumerate(visits, start=1)
    ]
    ids = reserve_ids(session, _VISITS, len(numbered))
    visit_rows, ring_rows = [], []
    for visit_id, (call_id, number, visit) in zip(ids, numbered, strict=True):
        visit_rows.append((visit_id, call_id, number, *_visit_values(directory, visit)))
        for place, ring in enumerate(visit.rings, start=1):
            agent_id = directory.agent(ring.agent)
            ring_rows.append((visit_id, place, agent_id, ring.ended_at, ring.ring_s, ring.outcome))
    insert_rows(session, _VISITS, _VISIT_COLUMNS, visit_rows)
    insert_rows(session, _RINGS, _RING_COLUMNS, ring_rows)


def _visit_values(directory: Directory, visit: VisitFacts) -> tuple[Any, ...]:
    return (
        directory.queue(visit.queue),
        visit.entered_at,
        visit.left_queue_at,
        visit.ended_at,
        visit.outcome,
        visit.wait_s,
        visit.talk_s,
        directory.agent(visit.agent),
        visit.original_position,
        visit.ended_by,
    )


def _tell(
    session: Session,
    facts: Mapping[str, CallFacts],
    ids: Mapping[str, int],
    known: Mapping[str, _Known],
    now: datetime,
) -> None:
    """Tell of the calls that are over, once; the rows of new ones say already that it was done."""
    ended = [
        call_id
        for call_id, call in facts.items()
        if call.over and not (call_id in known and known[call_id].end_published)
    ]
    publish_all(session, [CallEnded(call_id=ids[call_id]) for call_id in ended], at=now)
    if before := [{"row_id": ids[call_id]} for call_id in ended if call_id in known]:
        told = update(_CALLS).where(_CALLS.c.id == bindparam("row_id")).values(end_published_at=now)
        session.connection().execute(told, before)
