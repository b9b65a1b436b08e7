"""Leases: a job belongs to one living worker, and its place in the table says whose."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import event, func, select, text

from core.jobs import Job, enqueue
from core.jobs.sql_broker import QUEUE, SqlBroker, ready_jobs
from core.jobs.worker import JobWorker
from tests.conftest import NOW
from tests.integration.core.promises import jobs, only_job, promise
from tests.waiting import wait_until


@pytest.fixture
def consumer(installation):
    """A consumer on the standing clock, whose pauses and leases no time passes for."""
    return SqlBroker(installation, {}, []).consume(QUEUE)


def test_a_job_that_takes_longer_than_its_lease_is_not_given_to_another(open_installation):
    installation, begun, go_on = open_installation(lease_s=0.3), [], threading.Event()

    def work(_, **__):
        begun.append(1)
        go_on.wait(60)

    promise(installation)
    workers = [JobWorker(installation, {"work": work}, {}) for _ in range(2)]
    for worker in workers:
        worker.start()
    wait_until(lambda: begun, "the job to begin")
    first_end = only_job(installation).available_at
    wait_until(
        lambda: only_job(installation).available_at > first_end + timedelta(seconds=0.9),
        "the lease to be renewed three times over",
    )
    go_on.set()
    for worker in workers:
        worker.stop()
    assert (only_job(installation).state, only_job(installation).deliveries) == ("done", 1)
    assert begun == [1]


def test_leases_are_renewed_by_the_consumer_that_follows_a_broken_one(installation, clock):
    broker = SqlBroker(installation, {}, [])
    promise(installation)
    assert next(broker.consume(QUEUE)) is not None
    clock.at += timedelta(seconds=30)
    assert next(broker.consume(QUEUE)) is None
    assert only_job(installation).available_at == clock.at + timedelta(seconds=60)


def test_a_worker_that_lost_its_lease_can_no_longer_change_the_job(installation, clock, consumer):
    promise(installation)
    late = next(consumer)
    clock.at += timedelta(seconds=61)
    current = next(SqlBroker(installation, {}, []).consume(QUEUE))
    late.options["succeeded"] = True
    consumer.ack(late)
    consumer.nack(late)
    consumer.requeue([late])
    job = only_job(installation)
    assert (job.state, job.lease, job.deliveries) == ("leased", current.options["lease"], 2)


def test_a_process_takes_no_more_jobs_than_it_has_threads(installation, consumer):
    for n in range(4):
        promise(installation, key=str(n))
    assert installation.settings.jobs.threads == 2
    assert [next(consumer) is None for _ in range(3)] == [False, False, True]
    assert [job.state for job in jobs(installation)] == ["leased", "leased", "queued", "queued"]


def test_jobs_that_were_taken_and_not_begun_are_given_back_as_if_never_taken(installation, consumer):
    promise(installation)
    consumer.requeue([next(consumer)])
    job = only_job(installation)
    assert (job.state, job.deliveries) == ("queued", 0)
    assert next(consumer) is not None


def test_an_orderly_stop_finishes_what_runs_and_leaves_the_rest_queued(open_installation):
    installation, begun, go_on = open_installation(threads=1), threading.Event(), threading.Event()

    def work(_, **__):
        begun.set()
        go_on.wait(60)

    for n in range(3):
        promise(installation, key=str(n))
    worker = JobWorker(installation, {"work": work}, {})
    worker.start()
    begun.wait(60)
    stopping = threading.Thread(target=worker.stop)
    stopping.start()
    wait_until(worker._broker.draining.is_set, "the worker to take nothing new")
    go_on.set()
    stopping.join(60)
    assert [job.state for job in jobs(installation)] == ["done", "queued", "queued"]
    assert [job.deliveries for job in jobs(installation)] == [1, 0, 0]


def test_a_delivery_with_an_unknown_outcome_is_left_to_the_next_worker(installation, clock, consumer):
    promise(installation)
    consumer.ack(next(consumer))
    clock.at += timedelta(seconds=61)
    assert only_job(installation).state == "leased"
    assert next(consumer).options["job_id"] == only_job(installation).id


def test_a_busy_database_costs_the_consumer_nothing_but_a_pause(installation, consumer, refuse_writes):
    promise(installation)
    refuse_writes(1)
    assert next(consumer) is None
    assert next(consumer) is not None


def test_an_idle_worker_never_asks_for_the_write_lock(installation, consumer):
    begun = []
    event.listen(installation.engine, "begin", lambda c: begun.append(c.get_execution_options()))
    assert next(consumer) is None
    marks = ("sqlite_begin", "postgresql_readonly")
    assert begun
    assert all(any(mark in options for mark in marks) for options in begun)


def test_finding_the_next_job_does_not_read_the_finished_ones(installation):
    with installation.unit_of_work() as session:
        dialect = session.get_bind().dialect
        if dialect.name == "postgresql":  # an empty table is scanned whatever indexes it has
            session.execute(text("SET LOCAL enable_seqscan = off"))
        query = ready_jobs(NOW).compile(dialect=dialect)
        explain = "EXPLAIN QUERY PLAN" if dialect.name == "sqlite" else "EXPLAIN"
        values = query.params if dialect.paramstyle == "pyformat" else tuple(query.params.values())
        plan = session.connection().exec_driver_sql(f"{explain} {query}", values)
        assert "ix_job_ready" in str(plan.all())


def test_jobs_are_taken_in_the_order_of_their_time_and_not_before_it(installation, clock, consumer):
    with installation.unit_of_work() as session:
        enqueue(session, "work", key="later", at=NOW + timedelta(minutes=1))
        enqueue(session, "work", key="second", at=NOW)
        enqueue(session, "work", key="first", at=NOW - timedelta(minutes=1))
    taken = [next(consumer).options["job_id"] for _ in range(2)]
    with installation.unit_of_work(read_only=True) as session:
        assert [session.get(Job, job_id).key for job_id in taken] == ["first", "second"]
        assert session.scalar(select(func.count()).where(Job.state == "queued")) == 1
