"""Call events as rows: what of a line is kept, writing rows in bulk, reading a call's events back.

A caller's number never becomes part of an event: it goes to the call, encrypted. Of events nobody has
told us about only the name is kept, because nobody knows what is in their fields.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Final, TypeVar, cast

from sqlalchemy import Dialect, Table, select
from sqlalchemy.orm import Session

from core.db.bulk import insert_stored, session_dialect, stored_rows
from core.phone import mask_number
from ivr.ledger.facts import LedgerEvent
from ivr.ledger.reading import QueueLogLine
from ivr.models import CallEvent

EVENTS: Final = cast("Table", CallEvent.__table__)
_EVENT_COLUMNS: Final = (
    "source", "origin", "position", "at", "provider_call_id", "queue", "agent", "kind", "fields",
)  # fmt: skip
Key = TypeVar("Key", str, int)

_AT_ONCE: Final = 500
"""Call ids in one query; SQLite allows 999 parameters in old builds."""

_SHORTEST_OUTSIDE_NUMBER: Final = 7
_WITHOUT_NUMBERS: Final = frozenset(
    {
        "ABANDON", "ADDMEMBER", "AGENTCALLBACKLOGIN", "AGENTCALLBACKLOGOFF", "AGENTDUMP", "AGENTLOGIN",
        "AGENTLOGOFF", "ATTENDEDTRANSFER", "COMPLETEAGENT", "COMPLETECALLER", "CONFIGRELOAD", "CONNECT",
        "EXITEMPTY", "EXITWITHKEY", "EXITWITHTIMEOUT", "FULL", "JOINEMPTY", "PAUSE", "PAUSEALL", "PENALTY",
        "QUEUESTART", "REMOVEMEMBER", "RINGCANCELED", "RINGINUSE", "RINGNOANSWER", "SYSCOMPAT", "UNPAUSE",
        "UNPAUSEALL",
    }
)  # fmt: skip
_TRANSFERS: Final = frozenset({"BLINDTRANSFER", "TRANSFER"})


def as_event(line: QueueLogLine, origin: str) -> LedgerEvent:
    """Return the ledger's event of a line, without the caller's number."""
    return LedgerEvent(
        "queue_log", origin, line.position, line.at, line.queue, line.agent, line.event, _kept(line)
    )


def insert_events(session: Session, events: Iterable[tuple[str, LedgerEvent]]) -> None:
    """Write events with the calls they belong to (empty: no call's)."""
    insert_event_rows(session, event_rows(session_dialect(session), events))


def event_rows(dialect: Dialect, events: Iterable[tuple[str, LedgerEvent]]) -> list[tuple[Any, ...]]:
    """Return events as a database of that dialect stores them, for `insert_event_rows`."""
    rows = [
        (e.source, e.origin, e.position, e.at, call_id, e.queue, e.agent, e.kind, e.fields)
        for call_id, e in events
    ]
    return stored_rows(dialect, EVENTS, _EVENT_COLUMNS, rows)


def insert_event_rows(session: Session, rows: Sequence[tuple[Any, ...]]) -> None:
    """Write what `event_rows` made."""
    insert_stored(session, EVENTS, _EVENT_COLUMNS, rows)


def load_events(session: Session, provider: str, call_ids: Iterable[str]) -> dict[str, list[LedgerEvent]]:
    """Return the stored events of calls of one provider."""
    found: dict[str, list[LedgerEvent]] = {}
    columns = EVENTS.c
    wanted = select(
        columns.provider_call_id, columns.source, columns.origin, columns.position, columns.at,
        columns.queue, columns.agent, columns.kind, columns.fields,
    )  # fmt: skip
    for part in parts_of(call_ids):
        for call_id, *event in session.execute(wanted.where(columns.provider_call_id.in_(part))):
            if provider_of(event[1]) == provider:
                found.setdefault(call_id, []).append(LedgerEvent(*event))
    return found


def provider_of(origin: str) -> str:
    """Return the provider an origin begins with."""
    return origin.partition("/")[0]


def parts_of(items: Iterable[Key]) -> Iterator[list[Key]]:
    """Cut many keys into queries' worth."""
    iterator = iter(items)
    while part := list(islice(iterator, _AT_ONCE)):
        yield part


def _kept(line: QueueLogLine) -> tuple[str, ...]:
    fields = line.fields
    if line.event in _WITHOUT_NUMBERS:
        return fields
    if line.event == "ENTERQUEUE":
        return (*fields[:1], "", *fields[2:])
    if line.event in _TRANSFERS and fields:
        outside = sum(c.isdigit() for c in fields[0]) >= _SHORTEST_OUTSIDE_NUMBER
        return (mask_number(fields[0]) if outside else fields[0], *fields[1:])
    return ()
