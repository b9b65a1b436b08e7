"""A promise is kept once, in its turn, and given to a person when nobody is reached."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from core.setting_sections import CallbackSettings
from ivr.callbacks.booking import book_callback
from ivr.callbacks.keeping import begin_leg, end_leg, let_go, promises_to_keep
from ivr.callbacks.models import Callback
from ivr.missed.models import MissedCall
from ivr.missed.tasks import note_ended_call, take_task
from ivr.models import Call, QueueVisit
from tests.factories import add_call, add_staff

NUMBER, OTHER = "13800138000", "13900139000"
SETTINGS = CallbackSettings(tries=2, pause_s=600)


@pytest.fixture
def staff(installation):
    return add_staff(installation)


@pytest.fixture
def promised(installation, staff, clock):
    """Let a caller ask to be called back, minutes ago; the missed-call list knows of it."""

    def promise(minutes=5, *, number=NUMBER, visit="key", outcome="callback"):
        at = clock.now() - timedelta(minutes=minutes)
        call = add_call(installation, staff, outcome=outcome, started_at=at)
        with installation.unit_of_work() as session:
            session.scalar(select(QueueVisit).where(QueueVisit.call_id == call.id)).outcome = visit
            book_callback(
                session,
                provider=call.provider,
                provider_call_id=call.provider_call_id,
                number=number,
                queue=staff.queue.name,
                language="zh",
                at=at + timedelta(minutes=1),
            )
        note_ended_call(installation, call_id=call.id)
        return call

    return promise


def standing(installation):
    with installation.unit_of_work(read_only=True) as session:
        return promises_to_keep(session, "simulator")


def begin(installation, promise_id, clock):
    with installation.unit_of_work() as session:
        return begin_leg(session, promise_id, now=clock.now())


def end(installation, leg, result, clock):
    with installation.unit_of_work() as session:
        end_leg(session, "simulator", leg, result, settings=SETTINGS, now=clock.now())


def kept(installation, promise_id):
    with installation.unit_of_work(read_only=True) as session:
        return session.get(Callback, promise_id)


def test_promises_stand_in_the_order_in_which_their_callers_came_into_the_queue(
    installation, promised, clock
):
    late, early = promised(5), promised(30)
    promised(40, outcome="open")  # still on the line with the promise
    first, second = standing(installation)
    assert first.since == early.started_at + timedelta(seconds=6)
    assert second.since == late.started_at + timedelta(seconds=6)
    assert first.is_due(clock.now())


def test_a_promise_made_outside_of_a_queue_counts_from_its_making(installation, promised):
    call = promised(5, visit="timeout")
    (only,) = standing(installation)
    assert only.since == call.started_at + timedelta(minutes=1)


def test_a_try_is_a_call_of_its_own_to_the_promised_number(installation, promised, clock):
    promised(5, number=OTHER)
    (promise,) = standing(installation)
    leg = begin(installation, promise.id, clock)
    assert (leg.number, leg.record) == (OTHER, True)
    assert begin(installation, promise.id, clock) is None  # one at a time
    assert not standing(installation)[0].is_due(clock.now())
    with installation.unit_of_work(read_only=True) as session:
        call = session.scalars(select(Call).where(Call.provider_call_id == leg.id)).one()
        assert (call.caller, call.outcome, call.flow) == (OTHER, "open", "callback")


def test_who_refused_the_recording_is_not_recorded_on_the_way_back(installation, promised, clock):
    call = promised(5)
    with installation.unit_of_work() as session:
        session.get(Call, call.id).recording_allowed = False
    leg = begin(installation, standing(installation)[0].id, clock)
    assert not leg.record
    with installation.unit_of_work(read_only=True) as session:
        assert (
            not session.scalars(select(Call).where(Call.provider_call_id == leg.id)).one().recording_allowed
        )


def test_whoever_is_reached_is_off_the_list_also_under_another_number(installation, promised, clock):
    promised(5, number=OTHER)
    (promise,) = standing(installation)
    leg = begin(installation, promise.id, clock).id
    end(installation, leg, "reached", clock)
    assert standing(installation) == []
    with installation.unit_of_work(read_only=True) as session:
        call = session.scalars(select(Call).where(Call.provider_call_id == leg)).one()
        assert call.outcome == "answered"
    note_ended_call(installation, call_id=call.id)
    with installation.unit_of_work(read_only=True) as session:
        assert [task.disposition for task in session.scalars(select(MissedCall))] == ["reached"]


def test_a_busy_caller_is_tried_again_after_a_pause_and_then_a_persons(installation, promised, clock):
    promised(5)
    (promise,) = standing(installation)
    end(installation, begin(installation, promise.id, clock).id, "busy", clock)
    (waiting,) = standing(installation)
    assert not waiting.is_due(clock.now())
    clock.at += timedelta(seconds=SETTINGS.pause_s)
    assert standing(installation)[0].is_due(clock.now())
    end(installation, begin(installation, promise.id, clock).id, "noanswer", clock)
    assert standing(installation) == []
    assert (kept(installation, promise.id).tries, kept(installation, promise.id).result) == (2, "noanswer")
    with installation.unit_of_work(read_only=True) as session:
        assert [(task.kind, task.disposition) for task in session.scalars(select(MissedCall))] == [
            ("callback", "")
        ]


def test_time_of_ours_is_no_try(installation, promised, clock):
    promised(5)
    (promise,) = standing(installation)
    for _ in range(5):
        end(installation, begin(installation, promise.id, clock).id, "no_agent", clock)
        clock.at += timedelta(seconds=5)
    assert standing(installation)[0].is_due(clock.now())
    assert kept(installation, promise.id).tries == 0


def test_the_same_news_twice_or_late_changes_nothing(installation, promised, clock):
    promised(5)
    (promise,) = standing(installation)
    first = begin(installation, promise.id, clock).id
    end(installation, first, "busy", clock)
    end(installation, first, "busy", clock)
    assert kept(installation, promise.id).tries == 1
    clock.at += timedelta(seconds=SETTINGS.pause_s)
    second = begin(installation, promise.id, clock).id
    end(installation, first, "reached", clock)
    end(installation, "", "reached", clock)
    assert (kept(installation, promise.id).leg, kept(installation, promise.id).done_at) == (second, None)


def test_what_a_person_has_taken_is_not_the_machines(installation, promised, staff, clock):
    promised(5)
    with installation.unit_of_work() as session:
        task = session.scalars(select(MissedCall)).one()
        take_task(session, task.id, staff.supervisor, at=clock.now())
    (promise,) = standing(installation)
    assert not promise.wanted
    assert not promise.is_due(clock.now())
    with installation.unit_of_work() as session:
        let_go(session, promise.id, now=clock.now())
    assert standing(installation) == []
    assert begin(installation, promise.id, clock) is None


@pytest.mark.parametrize(
    ("outcome", "agent_answered", "lost"),
    [
        ("open", False, None),
        ("answered", True, "reached"),
        ("unreached", True, "unknown"),
        ("unreached", False, "no_agent"),
    ],
)
def test_how_a_try_ended_of_which_nobody_told_is_read_off_the_ledger(
    installation, promised, staff, clock, outcome, agent_answered, lost
):
    promised(5)
    (promise,) = standing(installation)
    leg = begin(installation, promise.id, clock).id
    with installation.unit_of_work() as session:
        call = session.scalars(select(Call).where(Call.provider_call_id == leg)).one()
        call.outcome = outcome
        if agent_answered:
            session.add(
                QueueVisit(
                    call_id=call.id,
                    number=1,
                    queue_id=staff.queue.id,
                    entered_at=clock.now(),
                    outcome="answered",
                )
            )
    (found,) = standing(installation)
    assert found == replace(promise, leg=leg, lost=lost)
