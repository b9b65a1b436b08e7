"""Jobs in worker processes that compete, are killed, and kill: everything is done, and done once."""

import signal

import pytest
from sqlalchemy import func, select, text

from core.clock import SystemClock
from core.jobs import Job, enqueue
from core.jobs.worker import JobWorker
from tests.waiting import wait_until


def promise(installation, job, names):
    with installation.unit_of_work() as session:
        for name in names:
            enqueue(session, job, key=name, at=SystemClock().now(), subject=name)


def states(installation):
    with installation.unit_of_work(read_only=True) as session:
        return dict(session.execute(select(Job.state, func.count()).group_by(Job.state)).all())


def effects(installation, kind):
    with installation.unit_of_work(read_only=True) as session:
        return session.scalars(text("SELECT name FROM effect WHERE kind = :kind"), {"kind": kind}).all()


def only_job(installation):
    with installation.unit_of_work(read_only=True) as session:
        return session.scalars(select(Job)).one()


@pytest.mark.slow
def test_three_processes_of_four_threads_do_every_job_once(live, start_process):
    names = [f"job {n}" for n in range(150)]
    processes = [start_process(threads=4, lease_s=60.0) for _ in range(3)]
    promise(live, "count", names)
    wait_until(lambda: states(live) == {"done": len(names)}, "all jobs to be done")
    assert sorted(effects(live, "done")) == sorted(names)
    with live.unit_of_work(read_only=True) as session:
        assert session.scalar(select(func.max(Job.deliveries))) == 1
    for process in processes:
        process.communicate(timeout=60)
    assert [process.returncode for process in processes] == [0, 0, 0]


@pytest.mark.slow
def test_a_job_whose_worker_was_killed_is_done_by_the_next_one(live, start_process):
    promise(live, "hang_once", ["job"])
    first = start_process()
    wait_until(lambda: effects(live, "begun") == ["job"], "the job to begin")
    first.send_signal(signal.SIGKILL)
    first.wait(60)
    start_process()
    wait_until(lambda: states(live) == {"done": 1}, "the job to be done by another worker")
    assert effects(live, "done") == ["job"]
    assert (only_job(live).deliveries, only_job(live).retries) == (2, 0)


@pytest.mark.slow
def test_a_job_that_kills_every_worker_ends_on_the_dead_list_with_the_reason(live, start_process):
    promise(live, "kill_worker", ["poison"])
    for _ in range(2):
        process = start_process(max_crashes=2, lease_s=0.5)
        assert process.wait(60) == -signal.SIGKILL
    survivor = start_process(max_crashes=2, lease_s=0.5)
    wait_until(lambda: states(live) == {"dead": 1}, "the job to be given up")
    assert "2" in only_job(live).problem
    assert len(effects(live, "begun")) == 2
    promise(live, "count", ["harmless"])
    wait_until(lambda: effects(live, "done") == ["harmless"], "the surviving worker to go on")
    survivor.communicate(timeout=60)
    assert survivor.returncode == 0


@pytest.mark.slow
def test_a_job_that_has_begun_is_left_to_its_worker_while_that_lives(live, start_process):
    promise(live, "hang_once", ["job"])
    start_process(lease_s=0.5)
    wait_until(lambda: effects(live, "begun") == ["job"], "the job to begin")
    done = []
    inside = JobWorker(live, {"hang_once": lambda _, *, subject: done.append(subject)}, {})
    inside.start()
    try:
        before = only_job(live).available_at
        wait_until(lambda: only_job(live).available_at > before, "the lease to be renewed")
        assert done == [], "a job whose worker lives belongs to that worker"
    finally:
        inside.stop()
