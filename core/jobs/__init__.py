"""Background work: promised in the caller's transaction, done at least once, by embedded threads or worker processes."""

from core.jobs.rows import Job, count_dead_jobs, count_overdue_jobs, dead_jobs, enqueue, retry_dead_job

__all__ = ["Job", "count_dead_jobs", "count_overdue_jobs", "dead_jobs", "enqueue", "retry_dead_job"]
