"""Missed calls: each becomes a task with a due time, and none disappears."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from core.accounts import Role
from core.errors import BadInput, Conflict, NotFound
from core.setting_sections import ShiftSettings
from ivr.missed.due import apology_due_at, due_at
from ivr.missed.listing import TaskFilter, all_tasks, count_tasks, list_tasks
from ivr.missed.models import MissedCall
from ivr.missed.tasks import (
    close_task,
    last_review,
    note_ended_call,
    review_tasks,
    take_task,
)
from ivr.models import Call, QueueVisit
from tests.factories import add_call, add_staff

SHANGHAI = ZoneInfo("Asia/Shanghai")
HOURS = ShiftSettings()
ROUND_THE_CLOCK = ShiftSettings(hours="08:00-20:00,20:00-08:00")


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
    assert due_at(kind, missed.astimezone(UTC), SHANGHAI, HOURS) == due


def test_a_lost_caller_is_owed_an_apology_the_day_after():
    assert apology_due_at(local(20, 9), SHANGHAI, HOURS) == local(21, 17, 30)


@pytest.mark.parametrize(
    ("kind", "missed", "due"),
    [
        ("abandoned", local(20, 21), local(21, 8)),
        ("abandoned", local(20, 3), local(20, 8)),
        ("voicemail", local(20, 23, 30), local(21, 0, 30)),
        ("dropped", local(20, 20), local(21, 8)),
    ],
)
def test_where_somebody_is_always_on_duty_a_night_is_a_shift_too(kind, missed, due):
    assert due_at(kind, missed.astimezone(UTC), SHANGHAI, ROUND_THE_CLOCK) == due


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
        ("failed", "outage"),
        ("callback", "callback"),
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


def test_a_talk_that_a_breakdown_cut_is_a_task(installation, called):
    call = called("answered", 60, told=False)
    with installation.unit_of_work() as session:
        session.scalar(select(QueueVisit).where(QueueVisit.call_id == call.id)).ended_by = "crash"
    note_ended_call(installation, call_id=call.id)

    assert [task.kind for task in tasks(installation)] == ["dropped"]


@pytest.mark.parametrize(
    ("outcome", "kind"), [("abandoned", "abandoned"), ("timeout", "timeout"), ("key", "abandoned")]
)
def test_who_was_passed_on_to_a_queue_where_nobody_answered_was_missed(
    installation, called, staff, outcome, kind
):
    call = called("answered", 60, told=False)
    with installation.unit_of_work() as session:
        visit = QueueVisit(call_id=call.id, number=2, queue_id=staff.queue.id, outcome=outcome)
        visit.entered_at = visit.left_queue_at = call.ended_at
        session.add(visit)
    note_ended_call(installation, call_id=call.id)

    assert [task.kind for task in tasks(installation)] == [kind]


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
        assert list_tasks(session, TaskFilter(), clock.now()).tasks == []
        (task,) = list_tasks(session, TaskFilter(is_open=False), clock.now()).tasks
        assert (task.reason, task.closed_by_id, task.owner_id) == ("三次未接", user.id, user.id)
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
        found = list_tasks(session, TaskFilter(limited_to=agent.id), clock.now())
        assert [task.id for task in found.tasks] == [2]
        with pytest.raises(NotFound):
            take_task(session, 1, agent, at=clock.now(), only_own=True)


def test_a_call_that_is_forgotten_takes_its_task_with_it(installation, called):
    call = called("abandoned", 60)
    with installation.unit_of_work() as session:
        session.delete(session.get_one(Call, call.id))

    assert tasks(installation) == []


def test_pages_of_any_length_show_every_task_once_in_order(installation, called, clock):
    for n in range(7):
        called("voicemail" if n % 2 else "abandoned", 60 + n, caller=f"1390000000{n}")
    with installation.unit_of_work(read_only=True) as session:
        whole = [task.id for task in all_tasks(session, TaskFilter(), clock.now())]
        paged, cursor = [], ""
        while True:
            page = list_tasks(session, TaskFilter(), clock.now(), cursor, limit=2)
            paged += [task.id for task in page.tasks]
            if not (cursor := page.next_cursor):
                break

    assert paged == whole
    assert sorted(whole) == list(range(1, 8))


def test_an_address_that_names_no_place_is_refused(session, clock):
    with pytest.raises(BadInput, match="列表"):
        list_tasks(session, TaskFilter(), clock.now(), "yesterday~x")


def test_the_filters_leave_what_they_say_and_count_it(installation, called, staff, clock):
    called("abandoned", 30 * 60)
    called("voicemail", 30, caller="13900000001")
    called("abandoned", 20, caller="13900000002")
    user = staff.of(Role.SUPERVISOR)
    with installation.unit_of_work() as session:
        take_task(session, 3, user, at=clock.now())
        session.flush()

        def found(**chosen):
            wanted = TaskFilter(**chosen)
            ids = [task.id for task in all_tasks(session, wanted, clock.now())]
            assert count_tasks(session, wanted, clock.now()).found == len(ids)
            return ids

        assert found() == [1, 3, 2], "by due time"
        assert found(kind="abandoned") == [1, 3]
        assert found(overdue=True) == [1]
        assert found(own=user.id) == [3]
        assert found(queue=staff.queue.id) == [1, 3, 2]
        assert found(queue=staff.queue.id + 1) == []
        counts = count_tasks(session, TaskFilter(), clock.now())
        assert (counts.overdue, counts.free) == (1, 2)


def test_who_looked_through_the_list_is_known(installation, called, staff, clock):
    called("abandoned", 30 * 60)
    agent, supervisor = staff.of(Role.AGENT), staff.of(Role.SUPERVISOR)
    with installation.unit_of_work() as session:
        assert last_review(session) is None
        review_tasks(session, supervisor, at=clock.now(), sees_all=True)
        assert last_review(session) == (clock.now(), supervisor.display_name)
        assert last_review(session, agent.id) is None
