"""Writing presence: the sessions and pauses of the agents that new events tell of, brought up to date.

Only the stretch that the events can change is derived again: from the beginning of what was open at the
first of them. So it makes no difference in which pieces, or in which order, the events came.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, cast

from sqlalchemy import Table, delete, or_, select
from sqlalchemy.orm import Session

from core.db.bulk import insert_rows
from core.installation import Installation
from ivr.ledger.derived import Directory
from ivr.ledger.entries import parts_of, provider_of
from ivr.ledger.facts import LedgerEvent
from ivr.ledger.reading import EARLIEST
from ivr.metrics.models import MetricDay
from ivr.models import Agent, CallEvent
from ivr.presence import machine
from ivr.presence.machine import KINDS, RESTART, Presence, agent_presence, reaches_back_to
from ivr.presence.models import AgentPause, AgentSession

_EVENTS: Final = cast("Table", CallEvent.__table__).c
_LONGEST_CALL: Final = timedelta(days=1)
_SESSION: Final = ("queue_id", "began_at", "began_by", "ended_at", "ended_by", "settled_at", "restarts")
_PAUSE: Final = ("queue_id", "began_at", "reason", "ended_at", "settled_at")
_TABLES: Final = (
    (cast("Table", AgentSession.__table__), _SESSION),
    (cast("Table", AgentPause.__table__), _PAUSE),
)


@dataclass(frozen=True, slots=True)
class _Kept:
    """A row that is there: its table and id, from when to when it may change, its values in the columns' order."""

    table: Table
    id: int
    began_at: datetime
    settled_at: datetime | None
    values: tuple[Any, ...]


def note_presence(session: Session, provider: str, events: Iterable[LedgerEvent]) -> None:
    """Bring sessions and pauses up to date, in the caller's transaction.

    Args:
        session: a unit of work; the events are written already.
        provider: whose events these are.
        events: new ones; those that tell nothing of agents change nothing.
    """
    told = [event for event in events if event.kind in KINDS]
    since = _touched(session, provider, told)
    if not since:
        return
    directory = Directory(session)
    ids = _agent_ids(session, directory, since)
    kept, starts = {}, {}
    for name, agent_id in ids.items():
        starts[name], kept[name] = _stretch(session, provider, agent_id, since[name])
    stored = _stored_events(session, provider, starts)
    changes = [
        _replace(session, directory, provider, agent_id, kept[name], agent_presence(stored[name]))
        for name, agent_id in ids.items()
    ]
    _forget_days(session, changes)


def rebuild_presence(installation: Installation) -> None:
    """Derive every session and pause anew from the stored events."""
    with installation.unit_of_work() as session:
        for table in (MetricDay.__table__, *(table for table, _columns in _TABLES)):
            session.execute(delete(cast("Table", table)))
        ours = (_EVENTS.provider_call_id == "", _EVENTS.kind.in_(KINDS))
        directory = Directory(session)
        origins = session.scalars(select(_EVENTS.origin).where(*ours).distinct()).all()
        names = [n for n in session.scalars(select(_EVENTS.agent).where(*ours).distinct()) if n]
        for provider in sorted({provider_of(origin) for origin in origins}):
            stored = _stored_events(session, provider, dict.fromkeys(names, EARLIEST))
            for name in names:
                agent_id = directory.agent(name)
                if agent_id is not None:
                    _replace(session, directory, provider, agent_id, [], agent_presence(stored[name]))


def _touched(session: Session, provider: str, told: Sequence[LedgerEvent]) -> dict[str, datetime]:
    """Return each agent the events are about, with the earliest time they tell of."""
    since: dict[str, datetime] = {}
    for event in told:
        names = [event.agent] if event.agent else []
        if event.kind == RESTART:
            names = _logged_in(session, provider, event.at)
        for name in names:
            at = reaches_back_to(event)
            since[name] = min(since.get(name, at), at)
    return since


def _logged_in(session: Session, provider: str, at: datetime) -> list[str]:
    """Return who was logged in at a time, as far as it is known."""
    present = select(Agent.interface).join(AgentSession, AgentSession.agent_id == Agent.id)
    overlapping = (
        AgentSession.provider == provider,
        AgentSession.began_at <= at,
        or_(AgentSession.settled_at.is_(None), AgentSession.settled_at >= at),
    )
    return list(session.scalars(present.where(*overlapping).distinct()))


def _agent_ids(session: Session, directory: Directory, names: Iterable[str]) -> dict[str, int]:
    """Return the agents' ids; nobody else derives their presence until the transaction ends."""
    ids = {name: agent_id for name in sorted(names) if (agent_id := directory.agent(name)) is not None}
    for part in parts_of(ids.values()):
        session.scalars(select(Agent.id).where(Agent.id.in_(part)).order_by(Agent.id).with_for_update()).all()
    return ids


def _stretch(session: Session, provider: str, agent_id: int, since: datetime) -> tuple[datetime, list[_Kept]]:
    """Return the beginning of all that something at `since` can change, and an agent's rows from there on."""
    start, before = since, None
    rows: list[_Kept] = []
    while start != before:
        rows = [
            row
            for table, columns in _TABLES
            for row in _rows(session, table, columns, provider, agent_id, start)
        ]
        before, start = start, min([start, *(row.began_at for row in rows)])
    return start, rows


def _rows(
    session: Session, table: Table, columns: Sequence[str], provider: str, agent_id: int, bound: datetime
) -> list[_Kept]:
    c = table.c
    wanted = select(c.id, c.began_at, c.settled_at, *(c[name] for name in columns)).where(
        c.provider == provider, c.agent_id == agent_id, or_(c.settled_at.is_(None), c.settled_at >= bound)
    )
    return [_Kept(table, row[0], row[1], row[2], tuple(row[3:])) for row in session.execute(wanted)]


def _stored_events(
    session: Session, provider: str, starts: Mapping[str, datetime]
) -> dict[str, list[LedgerEvent]]:
    """Return each agent's stored events from a time on, and the restarts since then."""
    columns = _EVENTS
    wanted = select(
        columns.source, columns.origin, columns.position, columns.at, columns.queue, columns.agent,
        columns.kind, columns.fields,
    ).where(columns.provider_call_id == "", columns.kind.in_(KINDS))  # fmt: skip

    def events(agent: str, start: datetime) -> list[LedgerEvent]:
        rows = session.execute(wanted.where(columns.agent == agent, columns.at >= start))
        return [LedgerEvent(*row) for row in rows if provider_of(row.origin) == provider]

    restarts = [e for e in events("", min(starts.values(), default=EARLIEST)) if e.kind == RESTART]
    return {
        name: [*events(name, start), *(e for e in restarts if e.at >= start)]
        for name, start in starts.items()
    }


def _replace(
    session: Session,
    directory: Directory,
    provider: str,
    agent_id: int,
    kept: Sequence[_Kept],
    presence: Presence,
) -> datetime | None:
    """Write what is new and remove what no longer holds; return the earliest time it makes a difference for."""
    changed: list[datetime] = []
    items: tuple[Sequence[machine.Session | machine.Pause], ...] = (presence.sessions, presence.pauses)
    for (table, columns), found in zip(_TABLES, items, strict=True):
        old = [row for row in kept if row.table is table]
        new = Counter(
            (directory.queue(item.queue), *(getattr(item, name) for name in columns[1:])) for item in found
        )
        gone = []
        for row in old:
            if new[row.values]:
                new[row.values] -= 1
            else:
                gone.append(row)
        for part in parts_of(row.id for row in gone):
            session.execute(delete(table).where(table.c.id.in_(part)))
        added = list(new.elements())
        told = [(provider, agent_id, *values) for values in added]
        insert_rows(session, table, ("provider", "agent_id", *columns), told)
        changed += _differences([row.values for row in gone], added)
    return min(changed, default=None)


def _differences(gone: Sequence[tuple[Any, ...]], added: Sequence[tuple[Any, ...]]) -> Iterator[datetime]:
    """Yield from when on what holds for all queues differs: a stretch that only ends otherwise, from its end on."""
    ends: dict[tuple[Any, ...], list[datetime | None]] = {}
    for values in (*gone, *added):
        queue_id, began_at, _what, ended_at, *_rest = values
        if queue_id is None:
            ends.setdefault(values[:3], []).append(ended_at)
    for (_queue, began_at, _what), told in ends.items():
        known = [at for at in told if at is not None]
        yield min(known) if len(told) > 1 and known else began_at


def _forget_days(session: Session, changes: Iterable[datetime | None]) -> None:
    """Remove the copies of days in which the work after a call may be another now; see `ivr.metrics.columns`."""
    since = min((at for at in changes if at is not None), default=None)
    if since is not None:
        first = (since - _LONGEST_CALL).astimezone(UTC).date().isoformat()
        session.execute(delete(MetricDay).where(MetricDay.day >= first))
