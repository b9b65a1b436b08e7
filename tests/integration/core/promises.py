"""Promising jobs and looking at them, in tests."""

from sqlalchemy import select

from core.jobs import Job, enqueue


def promise(installation, name="work", key="1", **arguments):
    """Promise one job in a unit of its own."""
    with installation.unit_of_work() as session:
        return enqueue(session, name, key=key, at=installation.clock.now(), **arguments)


def jobs(installation):
    """Return every job, the oldest first."""
    with installation.unit_of_work(read_only=True) as session:
        return list(session.scalars(select(Job).order_by(Job.id)))


def only_job(installation):
    """Return the one job there is."""
    (job,) = jobs(installation)
    return job
