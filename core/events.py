"""Events between rooms, through an outbox.

A room publishes what happened on its own rows; the event becomes a row in the same transaction, so
neither can exist without the other. `dispatch` (run by every worker) turns undelivered events into
one job for each subscriber. Publishers never learn who listens: `sansheng.wiring` knows that.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cache
from typing import Any, cast

from sqlalchemy import Index, String, Table, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.db import Base, JSONValue, UTCDateTime
from core.db.bulk import insert_rows
from core.jobs.rows import promise

_BATCH = 200


@dataclass(frozen=True, slots=True)
class Event:
    """Base of all events. Fields are ids and small values only, and are the event's natural key."""

    @classmethod
    @cache
    def name(cls) -> str:
        """Name of the event in the outbox: the class name in snake_case."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()


class OutboxEvent(Base):
    """An event on its way to its subscribers; kept afterwards as the record of what happened."""

    __tablename__ = "outbox_event"
    __table_args__ = (
        Index(
            "ix_outbox_event_waiting",
            "id",
            sqlite_where=text("dispatched_at IS NULL"),
            postgresql_where=text("dispatched_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64))
    fields: Mapped[dict[str, Any]] = mapped_column(JSONValue)
    published_at: Mapped[datetime] = mapped_column(UTCDateTime)
    dispatched_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


Subscriptions = Mapping[type[Event], Sequence[str]]
"""For each event, the names of the jobs it starts; a job gets the event's fields as its arguments."""


def publish(session: Session, event: Event, *, at: datetime) -> None:
    """Put an event into the outbox, in the caller's transaction."""
    session.add(OutboxEvent(name=event.name(), fields=asdict(event), published_at=at))


def publish_all(session: Session, events: Sequence[Event], *, at: datetime) -> None:
    """Put many events into the outbox at once, in the caller's transaction and in their order."""
    rows = [(e.name(), {field: getattr(e, field) for field in e.__dataclass_fields__}, at) for e in events]
    insert_rows(session, cast("Table", OutboxEvent.__table__), ("name", "fields", "published_at"), rows)


def dispatch(session: Session, subscriptions: Subscriptions, *, at: datetime) -> int:
    """Turn waiting events into jobs, in the caller's transaction; return how many events were taken.

    A job's natural key is made of the event's fields, so an event that was published twice starts
    its jobs once.
    """
    listeners = {event.name(): jobs for event, jobs in subscriptions.items()}
    waiting = (
        select(OutboxEvent).where(OutboxEvent.dispatched_at.is_(None)).order_by(OutboxEvent.id).limit(_BATCH)
    )
    events = session.scalars(waiting.with_for_update(skip_locked=True)).all()
    for event in events:
        key = ":".join(str(event.fields[field]) for field in sorted(event.fields))
        for job in listeners.get(event.name, ()):
            promise(session, job, key=key, at=at, arguments=event.fields)
        event.dispatched_at = at
    return len(events)
