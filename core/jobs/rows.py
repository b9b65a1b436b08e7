"""The job table: work promised in the same transaction as the rows it is about.

States: `queued` → `leased` → `done`, or `dead` after the last retry. (name, key) is unique: promising
the same work twice is one job, also when the first promise was kept long ago; to do finished work again,
promise it under another key (one with the new version in it).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Index, Integer, String, UniqueConstraint, func, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.db import Base, JSONValue, UTCDateTime
from core.errors import Conflict, NotFound
from core.i18n import gettext as _

MAX_PROBLEM_LENGTH = 1000
UNFINISHED = text("state IN ('queued', 'leased')")
DEAD = text("state = 'dead'")
"""Conditions of the partial indexes, as text: with bound values no database would recognise them."""


class Job(Base):
    """One piece of work. A leased job whose lease has run out belongs to whoever takes it next."""

    __tablename__ = "job"
    __table_args__ = (
        UniqueConstraint("name", "key"),
        Index(
            "ix_job_ready",
            "available_at",
            "id",
            sqlite_where=UNFINISHED,
            postgresql_where=UNFINISHED,
        ),
        # No index on `state` itself: SQLite would prefer it for the next job, and sort all that wait.
        Index("ix_job_dead", "finished_at", sqlite_where=DEAD, postgresql_where=DEAD),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64))
    key: Mapped[str] = mapped_column(String(200))
    arguments: Mapped[dict[str, Any]] = mapped_column(JSONValue)
    state: Mapped[str] = mapped_column(String(8), default="queued")
    available_at: Mapped[datetime] = mapped_column(UTCDateTime)
    """queued: when it may start; leased: when the lease runs out."""
    lease: Mapped[str] = mapped_column(String(64), default="")
    """Who holds it: a token that is new with every delivery."""
    deliveries: Mapped[int] = mapped_column(Integer, default=0)
    """How often it was begun. Those that neither finished, nor failed, nor were given back, killed their worker."""
    retries: Mapped[int] = mapped_column(Integer, default=0)
    problem: Mapped[str] = mapped_column(String(MAX_PROBLEM_LENGTH), default="")
    """What the last failed delivery said."""
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


def enqueue(session: Session, name: str, *, key: str, at: datetime, **arguments: Any) -> bool:
    """Promise a job in the caller's transaction; False when (name, key) was promised before."""
    return promise(session, name, key=key, at=at, arguments=arguments)


def promise(session: Session, name: str, *, key: str, at: datetime, arguments: Mapping[str, Any]) -> bool:
    """Promise a job whose arguments may have any name; else as `enqueue`."""
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    row = {
        "name": name,
        "key": key,
        "arguments": dict(arguments),
        "state": "queued",
        "available_at": at,
        "lease": "",
        "deliveries": 0,
        "retries": 0,
        "problem": "",
        "created_at": at,
    }
    # Not "look, then insert": two transactions on PostgreSQL may promise the same job at the same moment.
    made = session.scalar(insert(Job).values(row).on_conflict_do_nothing().returning(Job.id))
    return made is not None


def dead_jobs(session: Session) -> list[Job]:
    """List the jobs that failed for good, the latest first."""
    return list(session.scalars(select(Job).where(DEAD).order_by(Job.finished_at.desc())))


def count_dead_jobs(session: Session) -> int:
    """Count the jobs that failed for good, without reading the finished ones."""
    return session.scalar(select(func.count()).select_from(Job).where(DEAD)) or 0


def count_overdue_jobs(session: Session, before: datetime) -> int:
    """Count the jobs that could have been begun before a time and were not finished: nobody works."""
    overdue = select(func.count()).select_from(Job).where(UNFINISHED, Job.available_at < before)
    return session.scalar(overdue) or 0


def retry_dead_job(session: Session, job_id: int, *, at: datetime) -> Job:
    """Give a dead job all its tries again; raises NotFound, or Conflict when it is not dead."""
    job = session.get(Job, job_id, with_for_update=True)
    if job is None:
        raise NotFound(_("there is no job %(job)s", job=job_id))
    if job.state != "dead":
        raise Conflict(
            _("job %(job)s has not failed for good; only such jobs can be tried again", job=job_id)
        )
    job.state, job.available_at, job.finished_at = "queued", at, None
    job.deliveries = job.retries = 0
    return job
