"""Missed calls: each becomes a task with a due time, and none disappears."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from core.accounts import Role
from core.errors import BadInput, Conflict, NotFound
from ivr.missed.due import apology_due_at, due_at
from ivr.missed.models import MissedCall
from ivr.missed.tasks import close_task, list_tasks, note_ended_call, take_task
from ivr.models import Call, QueueVisit
from tests.factories import add_call, add_staff

SHANGHAI = ZoneInfo("Asia/Shanghai")


def local(*when):
    return datetime(2026, 11, *when, tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("kind", "missed", "due"),
    [
        ("abandoned", local(20, 9, 5), local(20, 17, 30)),
        ("timeout", local(20, 17, 29), local(20, 17, 30)),
        ("abandoned", local(20, 17, 30), local(21, 10)),
        ("voicemail", local(20, 9, 5), local(20, 10, 5)),
        ("voicemail", local(20, 22), local(21, 10)),
        ("voicemail", local(20, 2), local(20, 10)),
        ("after_hours", local(20, 19), local(21, 10)),
        ("after_hours", local(20, 3), local(20, 10)),
    ],
)
def test_a_task_is_due_in_its_shift_or_on_the_next_morning(kind, missed, due):
    assert due_at(kind, missed.astimezone(UTC), SHANGHAI) == due


def test_a_lost_caller_is_owed_an_apology_the_day_after():
    assert apology_due_at(local(20, 9), SHANGHAI) == local(21, 17, 30)


@pytest.fixture
def staff(installation):
    return add_staff(installation)


@pytest.fixture
def called(installation, staff, clock):
    """Place calls of one caller, minutes ago; the other side hears of each."""

    def place(outcome, minutes, *, told=True, **more):
        call = add_call(
            installation, staff, outcome=outcome, started_at=clock.now() - timedelta(minutes=minutes), **more
        )
        if told:
            note_ended_call(installation, call_id=call.id)
        return call

    return place


def tasks(installation):
    with installation.unit_of_work(read_only=True) as session:
        return session.scalars(select(MissedCall).order_by(MissedCall.id)).all()


@pytest.mark.parametrize(
    ("outcome", "kind"),
    [
        ("abandoned", "abandoned"),
        ("hung_up", "timeout"),
        ("voicemail", "voicemail"),
        ("closed", "after_hours"),
    ],
)
def test_every_kind_of_missed_call_becomes_one_task(installation, called, outcome, kind):
    call = called(outcome, 60)
    note_ended_call(installation, call_id=call.id)

    assert [(task.kind, task.call_id, task.disposition) for task in tasks(installation)] == [
        (kind, call.id, "")
    ]


def test_an_answered_call_is_no_task(installation, called):
    called("answered", 60)
    called("blocked", 50)

    assert tasks(installation) == []


def test_a_talk_whose_end_was_lost_is_a_task(installation, called):
    call = called("answered", 60, told=False)
    with installation.unit_of_work() as session:
        session.scalar(select(QueueVisit).where(QueueVisit.call_id == call.id)).ended_at = None
    note_ended_call(installation, call_id=call.id)

    assert [task.kind for task in tasks(installation)] == ["dropped"]


@pytest.mark.parametrize("missed_first", [True, False])
def test_a_later_talk_with_the_caller_closes_the_task_in_whatever_order_they_are_told(
    installation, called, missed_first
):
    missed = called("abandoned", 60, told=False)
    answered = called("answered", 30, told=False)
    for call in (missed, answered) if missed_first else (answered, missed):
        note_ended_call(installation, call_id=call.id)
    (task,) = tasks(installation)

    assert (task.disposition, task.closing_call_id, task.closed_by_id) == ("reached", answered.id, None)


@pytest.mark.parametrize("other", [{"minutes": 90}, {"minutes": 30, "caller": "13900000000"}])
def test_an_earlier_talk_or_another_caller_closes_nothing(installation, called, other):
    called("abandoned", 60)
    called("answered", **other)

    assert [task.disposition for task in tasks(installation)] == [""]


def test_what_was_imported_as_history_is_no_work(installation, called):
    called("abandoned", 8 * 24 * 60)

    assert tasks(installation) == []


def test_a_task_is_taken_and_ended_with_a_reason_and_stays_in_the_list(installation, called, staff, clock):
    called("abandoned", 60)
    user = staff.of(Role.SUPERVISOR)
    with installation.unit_of_work() as session:
        take_task(session, 1, user, at=clock.now())
        close_task(session, 1, user, disposition="unreachable", reason="三次未接", at=clock.now())
    with installation.unit_of_work() as session:
        assert list_tasks(session, is_open=True) == ([], 0)
        (task,), count = list_tasks(session, is_open=False)
        assert (task.reason, task.closed_by_id, task.owner_id, count) == ("三次未接", user.id, user.id, 1)
        with pytest.raises(Conflict):
            close_task(session, 1, user, disposition="reached", reason="again", at=clock.now())


@pytest.mark.parametrize("wrong", [{"reason": " "}, {"disposition": "forgotten"}, {"reason": "x" * 501}])
def test_without_a_reason_no_task_ends(installation, called, staff, clock, wrong):
    called("abandoned", 60)
    given = {"disposition": "reached", "reason": "called back"} | wrong
    with installation.unit_of_work() as session, pytest.raises(BadInput):
        close_task(session, 1, staff.of(Role.SUPERVISOR), at=clock.now(), **given)


def test_an_agent_sees_and_takes_only_free_tasks_and_the_own_ones(installation, called, staff, clock):
    called("abandoned", 60)
    called("abandoned", 50, caller="13900000000")
    agent, supervisor = staff.of(Role.AGENT), staff.of(Role.SUPERVISOR)
    with installation.unit_of_work() as session:
        take_task(session, 1, supervisor, at=clock.now())
        take_task(session, 2, agent, at=clock.now(), only_own=True)
        session.flush()
        found, _count = list_tasks(session, is_open=True, only_for=agent)
        assert [task.id for task in found] == [2]
        with pytest.raises(NotFound):
            take_task(session, 1, agent, at=clock.now(), only_own=True)


def test_a_call_that_is_forgotten_takes_its_task_with_it(installation, called):
    call = called("abandoned", 60)
    with installation.unit_of_work() as session:
        session.delete(session.get_one(Call, call.id))

    assert tasks(installation) == []
