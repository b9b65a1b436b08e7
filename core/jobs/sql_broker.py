"""A Dramatiq broker on the job table: leases instead of a message server.

A delivery takes a job for `lease_s` seconds under a fresh token and renews the lease while the work
goes on. A worker that dies simply stops renewing, and the job goes to the next one: at least once,
on SQLite as on PostgreSQL (where SKIP LOCKED keeps workers out of each other's way). A delivery whose
token was lost can no longer finish, retry or fail the job.

What became of a delivery is written in one place (`ack`, `nack`), after the work and its own
transaction are over. If that cannot be written the lease is kept and Dramatiq tries again: a job is
never called done because the database was busy at the wrong moment.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import dramatiq
from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from core.errors import RetryLater
from core.events import OutboxEvent, Subscriptions, dispatch
from core.i18n import gettext as _
from core.installation import Installation
from core.jobs.rows import UNFINISHED, Job
from core.logging import get_logger

QUEUE = "default"
SUCCEEDED = "succeeded"
"""Message option: the work was done."""
RETRY_IN_MS = "retry_in_ms"
"""Message option: the work failed and is to be tried again after so long."""
PROBLEM = "problem"
"""Message option: what the failed work said."""
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
        # Both outlive a consumer, which Dramatiq replaces after an error while jobs go on.
        self.leases = Leases()
        self.draining = threading.Event()

    def declare_actor(self, actor: dramatiq.Actor[..., Any]) -> None:
        """Make an actor known."""
        self.actors[actor.actor_name] = actor

    def declare_queue(self, queue_name: str) -> None:
        """All jobs share one queue; it is there from the start."""

    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = 200) -> JobConsumer:
        """Start taking jobs."""
        del queue_name, prefetch, timeout  # one queue; never more leases than threads; our own pause
        return JobConsumer(self)

    def enqueue(self, message: Any, *, delay: int | None = None) -> Any:
        """Note that a failed delivery is to be tried again after `delay` milliseconds; `ack` writes it."""
        message.options[RETRY_IN_MS] = delay or 0
        return message


class Leases:
    """The leases this process holds: taken by the consumer's thread, given up by the workers'."""

    def __init__(self) -> None:
        self._tokens: set[str] = set()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._tokens)

    def hold(self, token: str) -> None:
        """Remember a lease, so that it is renewed."""
        with self._lock:
            self._tokens.add(token)

    def give_up(self, token: str) -> None:
        """Renew a lease no longer."""
        with self._lock:
            self._tokens.discard(token)

    def tokens(self) -> list[str]:
        """List the leases that are held now."""
        with self._lock:
            return list(self._tokens)


class JobConsumer(dramatiq.Consumer):
    """Takes, renews and settles leases, and turns outbox events into jobs while it is at it."""

    def __init__(self, broker: SqlBroker) -> None:
        self._broker = broker
        self._installation = broker.installation
        self._settings = broker.installation.settings.jobs
        self._renew_at = 0.0

    def __next__(self) -> dramatiq.MessageProxy | None:
        """Return the next job, or None after a short pause."""
        try:
            job = self._next_job()
        except RetryLater as error:
            _log.warning("jobs_wait_for_database", problem=str(error))
            job = None
        if job is not None:
            return dramatiq.MessageProxy(_message(job))
        time.sleep(self._settings.poll_s)
        return None

    def ack(self, message: dramatiq.MessageProxy) -> None:
        """Mark the job done, or put it back if it failed and is to be tried again."""
        options, now = message.options, self._installation.clock.now()
        if RETRY_IN_MS in options:
            available_at = now + timedelta(milliseconds=options[RETRY_IN_MS])
            outcome: dict[str, Any] = {
                "state": "queued",
                "available_at": available_at,
                "retries": options["retries"],
            }
        elif options.get(SUCCEEDED):
            outcome = {"state": "done", "finished_at": now}
        else:  # what became of it is not known: the lease runs out and somebody does it again
            self._broker.leases.give_up(options["lease"])
            return
        self._settle(message, problem=options.get(PROBLEM, ""), **outcome)

    def nack(self, message: dramatiq.MessageProxy) -> None:
        """Put the job on the dead list, with what its last try said."""
        problem = message.options.get(PROBLEM) or _(
            "no job is named “%(name)s”; it was promised by another version of the program",
            name=message.actor_name,
        )
        self._settle(message, state="dead", problem=problem, finished_at=self._installation.clock.now())

    def requeue(self, messages: Iterable[dramatiq.MessageProxy]) -> None:
        """Give back jobs that were taken and not begun (orderly shutdown)."""
        given_back, now = list(messages), self._installation.clock.now()
        untouched = {"state": "queued", "available_at": now, "deliveries": Job.deliveries - 1}
        try:
            with self._installation.unit_of_work() as session:
                for message in given_back:
                    session.execute(_held(message).values(**untouched))
        except RetryLater as error:  # their leases run out by themselves
            _log.warning("jobs_not_given_back", count=len(given_back), problem=str(error))
        finally:
            for message in given_back:
                self._broker.leases.give_up(message.options["lease"])

    def _settle(self, message: dramatiq.MessageProxy, **outcome: Any) -> None:
        try:
            with self._installation.unit_of_work() as session:
                session.execute(_held(message).values(**outcome))
        except RetryLater as error:
            # Dramatiq comes back with the same message after a pause; until then the lease is renewed.
            raise dramatiq.BrokerConnectionError(str(error)) from error  # type: ignore[no-untyped-call]  # no annotations there
        except BaseException:
            self._broker.leases.give_up(message.options["lease"])
            raise
        self._broker.leases.give_up(message.options["lease"])

    def _next_job(self) -> Job | None:
        self._renew()
        if self._broker.draining.is_set() or not self._something_waits():
            return None
        with self._installation.unit_of_work() as session:
            job = self._take(session, self._installation.clock.now())
        if job is not None:
            self._broker.leases.hold(job.lease)
        return job

    def _full(self) -> bool:
        return len(self._broker.leases) >= self._settings.threads

    def _something_waits(self) -> bool:
        """Look without taking the write lock, so that idle workers disturb nobody."""
        now = self._installation.clock.now()
        with self._installation.unit_of_work(read_only=True) as session:
            if session.scalar(select(OutboxEvent.id).where(OutboxEvent.dispatched_at.is_(None)).limit(1)):
                return True
            return not self._full() and session.scalar(ready_jobs(now)) is not None

    def _take(self, session: Session, now: datetime) -> Job | None:
        dispatch(session, self._broker.subscriptions, at=now)
        if self._full():
            return None
        job = session.scalar(ready_jobs(now).with_for_update(skip_locked=True))
        if job is None:
            return None
        crashes = job.deliveries - job.retries
        if crashes >= self._settings.max_crashes:
            job.state, job.finished_at = "dead", now
            job.problem = _("its worker died %(times)s times while doing it", times=crashes)
            _log.error("job_died", job=job.id, name=job.name)
            return None
        job.state, job.lease, job.deliveries = "leased", uuid.uuid4().hex, job.deliveries + 1
        job.available_at = now + timedelta(seconds=self._settings.lease_s)
        return job

    def _renew(self) -> None:
        if time.monotonic() < self._renew_at or not (tokens := self._broker.leases.tokens()):
            return
        until = self._installation.clock.now() + timedelta(seconds=self._settings.lease_s)
        with self._installation.unit_of_work() as session:
            held = update(Job).where(Job.state == "leased", Job.lease.in_(tokens))
            session.execute(held.values(available_at=until))
        self._renew_at = time.monotonic() + self._settings.lease_s / 3


def ready_jobs(now: datetime) -> Select[Job]:
    """Select the next job: queued and its time has come, or leased by a worker that fell silent."""
    return select(Job).where(UNFINISHED, Job.available_at <= now).order_by(Job.available_at, Job.id).limit(1)


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
