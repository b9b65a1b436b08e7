"""Running jobs: Dramatiq's worker threads over our SQL broker, inside `serve` or as a process of their own."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Protocol

import dramatiq
from dramatiq.middleware import Retries
from sqlalchemy import func, select

from core.errors import AppError, RetryLater
from core.events import OutboxEvent, Subscriptions
from core.installation import Installation
from core.jobs.rows import Job
from core.jobs.sql_broker import QUEUE, SqlBroker
from core.logging import get_logger

_log = get_logger(__name__)


class JobFunction(Protocol):
    """What does a job: idempotent, because a job is delivered at least once."""

    def __call__(self, installation: Installation, /, **arguments: Any) -> None:
        """Do the work; raise RetryLater for a passing reason, another AppError to give up at once."""


Jobs = Mapping[str, JobFunction]


class _Outcome(dramatiq.Middleware):
    """Log each outcome, and keep for the row what went wrong."""

    def after_process_message(
        self,
        broker: dramatiq.Broker,
        message: Any,
        *,
        result: Any = None,
        exception: BaseException | None = None,
    ) -> None:
        del broker, result
        facts = {"name": message.actor_name, "job": message.options["job_id"]}
        if exception is None:
            _log.info("job_done", **facts)
            return
        # An unexpected exception may quote what it was working on, so only its type is logged.
        message.options["problem"] = f"{type(exception).__name__}: {exception}"[:1000]
        _log.warning("job_failed", **facts, error=type(exception).__name__)


class JobWorker:
    """The worker threads of one process."""

    def __init__(self, installation: Installation, jobs: Jobs, subscriptions: Subscriptions) -> None:
        settings = installation.settings.jobs
        retries = Retries(
            min_backoff=int(settings.min_backoff_s * 1000),
            max_backoff=int(settings.max_backoff_s * 1000),
            retry_when=lambda tried, error: tried < settings.max_retries and _may_pass(error),
        )
        self._installation = installation
        broker = SqlBroker(installation, subscriptions, [retries, _Outcome()])
        for name, job in jobs.items():
            dramatiq.Actor(
                partial(job, installation),
                broker=broker,
                actor_name=name,
                queue_name=QUEUE,
                priority=0,
                options={},
            )
        self._worker = dramatiq.Worker(broker, worker_threads=settings.threads, worker_timeout=200)

    def start(self) -> None:
        """Start the threads; returns at once."""
        self._worker.start()
        self._worker._add_consumer(QUEUE)  # noqa: SLF001  (the queue was declared before the worker existed)

    def stop(self) -> None:
        """Let running jobs finish and give back the others."""
        self._worker.stop()

    def run_until_idle(self, on_progress: Callable[[], None] | None = None) -> None:
        """Work until no event and no job is left, calling `on_progress` at every look."""
        self.start()
        try:
            while work_left(self._installation):
                if on_progress:
                    on_progress()
                time.sleep(self._installation.settings.jobs.poll_s)
        finally:
            self.stop()


def work_left(installation: Installation) -> int:
    """Count events not yet dispatched and jobs not yet done or dead."""
    with installation.unit_of_work(read_only=True) as session:
        events = select(func.count()).select_from(OutboxEvent).where(OutboxEvent.dispatched_at.is_(None))
        jobs = select(func.count()).select_from(Job).where(Job.state.in_(("queued", "leased")))
        return (session.scalar(events) or 0) + (session.scalar(jobs) or 0)


def _may_pass(error: BaseException) -> bool:
    """Whether trying again can help: not for a clear refusal."""
    return isinstance(error, RetryLater) or not isinstance(error, AppError)
