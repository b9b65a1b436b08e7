"""A Dramatiq broker on the job table: leases instead of a message server.

A delivery takes a job for `lease_s` seconds under a fresh token and renews the lease while the work
goes on. A worker that dies simply stops renewing, and the job goes to the next one: at least once,
on SQLite as on PostgreSQL (where SKIP LOCKED keeps workers out of each other's way). A delivery whose
token was lost can no longer finish, retry or fail the job.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, TypeVar

import dramatiq
from sqlalchemy import and_, or_, select, update
from sqlalchemy.orm import Session

from core.events import OutboxEvent, Subscriptions, dispatch
from core.installation import Installation
from core.jobs.rows import Job
from core.logging import get_logger

QUEUE = "default"
T = TypeVar("T")
_log = get_logger(__name__)


class SqlBroker(dramatiq.Broker):
    """Delivers rows of the job table to Dramatiq's worker threads."""

    def __init__(
        self, installation: Installation, subscriptions: Subscriptions, middleware: list[dramatiq.Middleware]
    ) -> None:
        super().__init__(middleware=middleware)
        self.installation = installation
        self.subscriptions = subscriptions
        self.queues = {QUEUE: None}

    def declare_actor(self, actor: dramatiq.Actor[..., Any]) -> None:
        """Make an actor known."""
        self.actors[actor.actor_name] = actor

    def declare_queue(self, queue_name: str) -> None:
        """All jobs share one queue; it is there from the start."""

    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = 200) -> JobConsumer:
        """Start taking jobs; `timeout` is the pause between looks, in milliseconds."""
        del queue_name, prefetch, timeout  # one queue; never more leases than threads; our own pause
        return JobConsumer(self.installation, self.subscriptions)

    def enqueue(self, message: Any, *, delay: int | None = None) -> Any:
        """Put a failed delivery back, to be tried again after `delay` milliseconds."""
        now = self.installation.clock.now()
        with self.installation.unit_of_work() as session:
            session.execute(
                _held(message).values(
                    state="queued",
                    available_at=now + timedelta(milliseconds=delay or 0),
                    retries=message.options["retries"],
                    problem=message.options.get("problem", ""),
                )
            )
        return message


class JobConsumer(dramatiq.Consumer):
    """Takes, renews and settles leases, and turns outbox events into jobs while it is at it."""

    def __init__(self, installation: Installation, subscriptions: Subscriptions) -> None:
        self._installation = installation
        self._subscriptions = subscriptions
        self._settings = installation.settings.jobs
        self._held: dict[str, int] = {}
        self._renew_at = 0.0

    def __next__(self) -> dramatiq.MessageProxy | None:
        """Return the next job, or None after a short pause."""
        if self._held and time.monotonic() >= self._renew_at:
            self._in_transaction(self._renew)
        if self._something_waits():
            job = self._in_transaction(self._take)
            if job is not None:
                return dramatiq.MessageProxy(_message(job))
        time.sleep(self._settings.poll_s)
        return None

    def ack(self, message: dramatiq.MessageProxy) -> None:
        """Mark the job done, unless it was put back for a retry or is no longer ours."""
        self._settle(message, state="done", problem="")

    def nack(self, message: dramatiq.MessageProxy) -> None:
        """Put the job on the dead list, with what its last try said."""
        self._settle(
            message,
            state="dead",
            problem=message.options.get("problem") or f"no job is named {message.actor_name!r}",
        )

    def requeue(self, messages: Iterable[dramatiq.MessageProxy]) -> None:
        """Give back jobs that were taken and not begun (orderly shutdown)."""
        for message in messages:
            self._settle(message, state="queued", finished_at=None)

    def _settle(self, message: dramatiq.MessageProxy, **values: Any) -> None:
        now = self._installation.clock.now()
        values.setdefault("finished_at", now)
        with self._installation.unit_of_work() as session:
            session.execute(_held(message).values(available_at=now, **values))
        self._held.pop(message.options["lease"], None)

    def _in_transaction(self, act: Callable[[Session, datetime], T]) -> T:
        with self._installation.unit_of_work() as session:
            return act(session, self._installation.clock.now())

    def _something_waits(self) -> bool:
        """Look without taking the write lock, so that idle workers disturb nobody."""
        now = self._installation.clock.now()
        with self._installation.unit_of_work(read_only=True) as session:
            if session.scalar(select(OutboxEvent.id).where(OutboxEvent.dispatched_at.is_(None)).limit(1)):
                return True
            full = len(self._held) >= self._settings.threads
            return not full and session.scalar(select(Job.id).where(_ready(now)).limit(1)) is not None

    def _take(self, session: Session, now: datetime) -> Job | None:
        dispatch(session, self._subscriptions, at=now)
        if len(self._held) >= self._settings.threads:
            return None
        ready = select(Job).where(_ready(now)).order_by(Job.available_at, Job.id).limit(1)
        job = session.scalar(ready.with_for_update(skip_locked=True))
        if job is None:
            return None
        if job.deliveries - job.retries > self._settings.max_crashes:
            job.state, job.finished_at = "dead", now
            job.problem = f"its worker died {job.deliveries - job.retries} times while doing it"
            _log.error("job_died", job=job.id, name=job.name)
            return None
        job.state, job.lease, job.deliveries = "leased", uuid.uuid4().hex, job.deliveries + 1
        job.available_at = now + timedelta(seconds=self._settings.lease_s)
        self._held[job.lease] = job.id
        return job

    def _renew(self, session: Session, now: datetime) -> None:
        until = now + timedelta(seconds=self._settings.lease_s)
        held = and_(Job.state == "leased", Job.lease.in_(list(self._held)))
        session.execute(update(Job).where(held).values(available_at=until))
        self._renew_at = time.monotonic() + self._settings.lease_s / 3


def _ready(now: datetime) -> Any:
    """Queued jobs whose time has come, and leased jobs whose worker fell silent."""
    return and_(or_(Job.state == "queued", Job.state == "leased"), Job.available_at <= now)


def _held(message: Any) -> Any:
    return update(Job).where(
        Job.id == message.options["job_id"], Job.lease == message.options["lease"], Job.state == "leased"
    )


def _message(job: Job) -> dramatiq.Message[Any]:
    options = {"job_id": job.id, "lease": job.lease, "retries": job.retries}
    return dramatiq.Message(
        queue_name=QUEUE,
        actor_name=job.name,
        args=(),
        kwargs=job.arguments,
        options=options,
        message_id=job.lease,
    )
