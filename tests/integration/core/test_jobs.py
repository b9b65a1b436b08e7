"""Jobs inside one process: promised with the rows they are about, retried, given up, given back, never lost."""

import threading
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import select

from core.clock import SystemClock
from core.errors import BadInput, Conflict, NotFound, RetryLater
from core.events import Event, OutboxEvent, dispatch, publish
from core.jobs import Job, count_dead_jobs, dead_jobs, enqueue, retry_dead_job
from core.jobs.worker import JobWorker, work_left
from tests.conftest import NOW
from tests.integration.core.promises import jobs, only_job, promise
from tests.waiting import wait_until


@dataclass(frozen=True, slots=True)
class CallFiled(Event):
    call_id: int


@dataclass(frozen=True, slots=True)
class OddlyNamed(Event):
    key: str
    at: str
    session: int


class _RolledBackError(Exception):
    pass


def roll_back():
    raise _RolledBackError


def run(installation, functions, subscriptions=None):
    JobWorker(installation, functions, subscriptions or {}).run_until_idle()


# Promising


def test_a_promise_that_is_rolled_back_leaves_neither_job_nor_event(installation):
    with pytest.raises(_RolledBackError), installation.unit_of_work() as session:
        assert enqueue(session, "work", key="1", at=NOW)
        publish(session, CallFiled(1), at=NOW)
        session.flush()
        roll_back()
    assert work_left(installation) == 0
    assert jobs(installation) == []


def test_the_same_work_is_promised_once_even_after_it_was_done(installation):
    assert promise(installation)
    assert not promise(installation)
    with installation.unit_of_work() as session:
        session.scalars(select(Job)).one().state = "done"
    assert not promise(installation)
    assert promise(installation, key="2")
    assert promise(installation, name="other work")


@pytest.mark.parametrize("first_one_commits", [True, False])
def test_two_that_promise_the_same_at_the_same_moment_make_one_job(installation, first_one_commits):
    answers = []
    second = threading.Thread(target=lambda: answers.append(promise(installation)))
    with suppress(_RolledBackError), installation.unit_of_work() as session:
        enqueue(session, "work", key="1", at=NOW)
        second.start()
        first_one_commits or roll_back()
    second.join(60)
    assert answers == [not first_one_commits]
    assert only_job(installation).key == "1"


# Events


def test_an_event_starts_each_subscribers_job_once_however_often_it_is_published(installation):
    subscriptions = {CallFiled: ["transcribe", "bill"]}
    for _ in range(2):
        with installation.unit_of_work() as session:
            publish(session, CallFiled(7), at=NOW)
            publish(session, CallFiled(7), at=NOW)
        with installation.unit_of_work() as session:
            assert dispatch(session, subscriptions, at=NOW) == 2
    assert [(job.name, job.arguments) for job in jobs(installation)] == [
        ("transcribe", {"call_id": 7}),
        ("bill", {"call_id": 7}),
    ]


def test_an_event_nobody_listens_to_is_taken_and_kept(installation):
    with installation.unit_of_work() as session:
        publish(session, CallFiled(7), at=NOW)
        assert dispatch(session, {}, at=NOW) == 1
        assert dispatch(session, {}, at=NOW) == 0
        kept = session.scalars(select(OutboxEvent)).one()
    assert (kept.name, kept.fields, kept.dispatched_at) == ("call_filed", {"call_id": 7}, NOW)


def test_an_events_fields_may_have_any_name(open_installation):
    installation, got = open_installation(), []
    with installation.unit_of_work() as session:
        publish(session, OddlyNamed(key="k", at="a", session=1), at=NOW - timedelta(days=3650))
    run(installation, {"work": lambda _, **fields: got.append(fields)}, {OddlyNamed: ["work"]})
    assert got == [{"key": "k", "at": "a", "session": 1}]


def test_a_chain_of_events_and_jobs_runs_to_its_end(open_installation):
    installation, seen, looks = open_installation(), [], []

    def pass_on(installation, *, call_id):
        seen.append(call_id)
        if call_id < 5:
            with installation.unit_of_work() as session:
                publish(session, CallFiled(call_id + 1), at=installation.clock.now())

    with installation.unit_of_work() as session:
        publish(session, CallFiled(1), at=installation.clock.now())
    worker = JobWorker(installation, {"pass_on": pass_on}, {CallFiled: ["pass_on"]})
    worker.run_until_idle(lambda: looks.append(work_left(installation)))
    assert seen == [1, 2, 3, 4, 5]
    assert looks


# Trying again and giving up


def test_a_job_that_fails_is_tried_again_and_ends_done(open_installation):
    installation, tries = open_installation(), []

    def fail_twice(_, **__):
        tries.append(1)
        if len(tries) < 3:
            raise RuntimeError("not yet")

    promise(installation)
    run(installation, {"work": fail_twice})
    job = only_job(installation)
    assert (job.state, job.problem, job.retries, job.deliveries) == ("done", "", 2, 3)
    assert job.finished_at is not None


def test_a_failed_try_waits_before_the_next_and_says_why(open_installation):
    installation = open_installation(min_backoff_s=3600.0, max_backoff_s=7200.0)
    promise(installation)
    worker = JobWorker(installation, {"work": fail_with(RuntimeError("the reason"))}, {})
    worker.start()
    wait_until(lambda: only_job(installation).retries == 1, "the first try to fail")
    worker.stop()
    job = only_job(installation)
    assert (job.state, job.problem) == ("queued", "RuntimeError: the reason")
    assert job.available_at - SystemClock().now() > timedelta(minutes=29)


def fail_with(error):
    def fail(_, **__):
        raise error

    return fail


def test_a_passing_reason_is_tried_again_until_the_tries_are_used_up(open_installation):
    installation = open_installation(max_retries=2)
    promise(installation)
    run(installation, {"work": fail_with(RetryLater("the disk is full"))})
    job = only_job(installation)
    assert (job.state, job.problem, job.deliveries) == ("dead", "the disk is full", 3)


@pytest.mark.parametrize("error", [BadInput("call 7: not audio"), NotFound("recording 7 is gone")])
def test_a_clear_refusal_is_given_up_at_once_with_its_sentence(open_installation, error):
    installation = open_installation()
    promise(installation)
    run(installation, {"work": fail_with(error)})
    job = only_job(installation)
    assert (job.state, job.problem, job.deliveries) == ("dead", str(error), 1)


def test_a_job_nobody_knows_is_given_up_with_its_name(open_installation):
    installation = open_installation()
    promise(installation, "no_such_work")
    run(installation, {})
    assert "“no_such_work”" in only_job(installation).problem


def test_one_bad_job_does_not_stop_the_others(open_installation):
    installation, done = open_installation(), []

    def work(_, *, n):
        if n == 3:
            raise BadInput("this one is bad")
        done.append(n)

    for n in range(8):
        promise(installation, key=str(n), n=n)
    run(installation, {"work": work})
    assert sorted(done) == [0, 1, 2, 4, 5, 6, 7]
    with installation.unit_of_work() as session:
        assert [job.key for job in dead_jobs(session)] == ["3"]
        assert count_dead_jobs(session) == 1


def test_a_dead_job_that_is_retried_has_all_its_tries_again(open_installation):
    installation, broken = open_installation(max_retries=1, max_crashes=2), [True]

    def work(_, **__):
        if broken:
            raise RuntimeError

    promise(installation)
    run(installation, {"work": work})
    with installation.unit_of_work() as session:
        (dead,) = dead_jobs(session)
        retry_dead_job(session, dead.id, at=installation.clock.now())
    job = only_job(installation)
    assert (job.state, job.retries, job.deliveries, job.finished_at) == ("queued", 0, 0, None)
    broken.clear()
    run(installation, {"work": work})
    assert only_job(installation).state == "done"


def test_only_a_dead_job_can_be_retried(installation):
    promise(installation)
    with installation.unit_of_work() as session:
        with pytest.raises(Conflict, match="has not failed for good"):
            retry_dead_job(session, session.scalars(select(Job.id)).one(), at=NOW)
        with pytest.raises(NotFound, match="no job 999"):
            retry_dead_job(session, 999, at=NOW)


# A database that is busy at the wrong moment


def test_a_finished_job_whose_end_could_not_be_written_is_not_done_twice(open_installation, refuse_writes):
    installation, done = open_installation(), []

    def work(_, **__):
        done.append(1)
        refuse_writes(2)

    promise(installation)
    run(installation, {"work": work})
    assert (only_job(installation).state, only_job(installation).deliveries, done) == ("done", 1, [1])


def test_a_failed_job_whose_retry_could_not_be_written_is_not_called_done(open_installation, refuse_writes):
    installation, tries = open_installation(), []

    def work(_, **__):
        tries.append(1)
        if len(tries) == 1:
            refuse_writes(2)
            raise RuntimeError("the first time")

    promise(installation)
    run(installation, {"work": work})
    job = only_job(installation)
    assert (job.state, job.retries, len(tries)) == ("done", 1, 2)
