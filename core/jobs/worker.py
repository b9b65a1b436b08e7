"""Running jobs: Dramatiq's worker threads over our SQL broker, inside `serve` or as a process of their own."""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import dramatiq
from dramatiq.middleware import Retries
from sqlalchemy import func, select

from core.errors import AppError, RetryLater
from core.events import OutboxEvent, Subscriptions
from core.installation import Installation
from core.jobs.rows import MAX_PROBLEM_LENGTH, UNFINISHED, Job
from core.jobs.sql_broker import PROBLEM, QUEUE, SUCCEEDED, SqlBroker
from core.logging import get_logger

_log = get_logger(__name__)
# Dramatiq logs a failed message with its traceback, which may quote personal data; _Outcome logs it without.
logging.getLogger("dramatiq.worker.WorkerThread").setLevel(logging.CRITICAL)


JobFunction = Callable[..., None]
"""What does a job: `job(installation, **arguments)`. Idempotent, because a job is delivered at least once.

It raises RetryLater for a passing reason, and another AppError to give up at once.
"""

Jobs = Mapping[str, JobFunction]


class _Outcome(dramatiq.Middleware):
    """Log each outcome, and note on the message what is to be written into the row."""

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
            message.options[SUCCEEDED] = True
            _log.info("job_done", **facts)
            return
        kind = type(exception).__name__
        sentence = str(exception) if isinstance(exception, AppError) else f"{kind}: {exception}"
        message.options[PROBLEM] = sentence[:MAX_PROBLEM_LENGTH]
        # An exception may quote what it was working on: the log gets its type and where it came from.
        frames = traceback.extract_tb(exception.__traceback__)
        where = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
        _log.warning("job_failed", **facts, error=kind, where=where[-8:])


class JobWorker:
    """The worker threads of one process. A worker is started once and stopped once."""

    def __init__(self, installation: Installation, jobs: Jobs, subscriptions: Subscriptions) -> None:
        settings = installation.settings.jobs
        retries = Retries(
            min_backoff=int(settings.min_backoff_s * 1000),
            max_backoff=int(settings.max_backoff_s * 1000),
            retry_when=lambda tried, error: tried < settings.max_retries and _may_pass(error),
        )
        self._installation = installation
        # Dramatiq asks the last one first: the outcome is noted before a retry is decided on.
        self._broker = SqlBroker(installation, subscriptions, [retries, _Outcome()])
        for name, job in jobs.items():
            dramatiq.Actor(
                partial(job, installation),
                broker=self._broker,
                actor_name=name,
                queue_name=QUEUE,
                priority=0,
                options={},
            )
        self._worker = dramatiq.Worker(self._broker, worker_threads=settings.threads, worker_timeout=200)

    def start(self) -> None:
        """Start the threads; returns at once."""
        self._worker.start()

    def stop(self) -> None:
        """Take nothing new, let running jobs finish (for ten minutes at most) and give back the others."""
        self._broker.draining.set()
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
        jobs = select(func.count()).select_from(Job).where(UNFINISHED)
        return (session.scalar(events) or 0) + (session.scalar(jobs) or 0)


def _may_pass(error: BaseException) -> bool:
    """Whether trying again can help: not for a clear refusal."""
    return isinstance(error, RetryLater) or not isinstance(error, AppError)
