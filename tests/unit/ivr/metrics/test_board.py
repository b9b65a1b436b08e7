"""The floor as the wall shows it: who waits, what alarms, how old; alarms neither flicker nor stay."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.live import LiveAgent, LiveFloor, LiveQueue, LiveState, WaitingCaller, write_live
from ivr.metrics.alarms import Threshold, alarms, raised_at
from ivr.metrics.board import this_moment, today
from tests.unit.ivr.metrics.visits import SHANGHAI, START, add_agent, add_queue, add_visit

NOW = START + timedelta(hours=5)
LONG = Threshold(on=5, off=2)


def test_an_alarm_begins_high_and_ends_low():
    assert raised_at([4, 5, 4, 3], LONG) == 1
    assert raised_at([5, 2], LONG) is None
    assert raised_at([5, 2, 4], LONG) is None
    assert raised_at([5, 2, 5, 3], LONG) == 2


@given(st.lists(st.integers(0, 8)))
def test_between_the_thresholds_nothing_changes(values):
    steady = [*values, 3, 4, 3, 4]

    assert raised_at(steady, LONG) == raised_at(values, LONG)


@pytest.fixture
def queue(session):
    return add_queue(session)


def ago(**time):
    return NOW - timedelta(**time)


def waiting(session, queue, at):
    return add_visit(session, queue, at=at, outcome="waiting", wait_s=None)


def test_callers_of_the_ledger_wait_until_their_end_is_written(session, queue):
    early, late = waiting(session, queue, ago(minutes=2)), waiting(session, queue, ago(seconds=9))
    add_visit(session, queue, at=ago(minutes=3))
    waiting(session, queue, ago(hours=5))  # lost long ago
    for visit in (early, late):
        visit.left_queue_at = None
    session.flush()
    (line,) = this_moment(session, NOW).lines

    assert list(line.waiting_since) == [early.entered_at, late.entered_at]


def test_the_telephony_goes_before_the_ledger_while_it_is_heard(session, queue):
    since = ago(seconds=30)
    caller = WaitingCaller(call="1.1", caller="", position=1, since=since)
    floor = LiveFloor(
        queues=(LiveQueue(name="q", waiting=(caller,)),),
        agents=(LiveAgent(agent="PJSIP/1", state="paused", since=since),),
    )
    write_live(session, LiveState(floor=floor, heard_at=ago(seconds=1)))
    session.flush()
    heard = this_moment(session, NOW)
    silent = this_moment(session, NOW + timedelta(minutes=10))

    assert (heard.live, list(heard.lines[0].waiting_since), heard.agents["paused"]) == (True, [since], 1)
    assert heard.facts_at == ago(seconds=1)
    assert (silent.live, list(silent.lines[0].waiting_since), silent.agents) == (False, [], None)


def kinds(session, now=NOW):
    return [alarm.kind for alarm in alarms(session, now)]


def test_a_caller_who_waits_long_raises_an_alarm_that_ends_with_the_wait(session, queue):
    visit = waiting(session, queue, ago(seconds=90))
    visit.left_queue_at = None
    session.flush()
    (alarm,) = alarms(session, NOW)

    assert (alarm.kind, alarm.queue.id) == ("longest_wait", queue.id)
    assert timedelta(seconds=25) <= NOW - alarm.since <= timedelta(seconds=30)
    visit.outcome, visit.left_queue_at = "answered", NOW
    session.flush()
    assert kinds(session, NOW + timedelta(seconds=10)) == []


def test_a_long_queue_raises_an_alarm(session, queue):
    for n in range(5):
        waiting(session, queue, ago(seconds=10 + n)).left_queue_at = None
    session.flush()

    assert kinds(session) == ["queue_length"]


def test_a_talk_over_a_thousand_seconds_raises_an_alarm_while_it_goes_on(session, queue):
    li = add_agent(session)
    visit = add_visit(session, queue, at=ago(seconds=1020), wait_s=10, agent=li)
    visit.call.outcome = "open"
    session.flush()
    (alarm,) = alarms(session, NOW)

    assert (alarm.kind, alarm.agent.id, alarm.value) == ("long_talk", li.id, 1010)
    visit.call.outcome = "answered"
    visit.ended_at = NOW
    session.flush()
    assert kinds(session) == []


def test_an_agent_who_lets_it_ring_twice_raises_an_alarm_until_the_next_answer(session, queue):
    li = add_agent(session)
    for minutes in (5, 3):
        add_visit(session, queue, at=ago(minutes=minutes), outcome="abandoned", missed=(li,))
    assert kinds(session) == ["not_answering"]

    add_visit(session, queue, at=ago(minutes=1), agent=li, ring_s=3)
    assert kinds(session) == []


def test_today_stands_beside_the_same_weekday_before(session, queue):
    add_visit(session, queue, at=ago(minutes=1))
    for minutes in (1, 2):
        add_visit(session, queue, at=ago(days=7, minutes=minutes))
    found = today(session, NOW, SHANGHAI)

    busy = [(i.offered, i.before) for i in found.intervals if i.offered or i.before]
    assert busy == [(1, 2)]
    assert (found.total["offered"], found.by_queue[queue.id]["offered"]) == (1, 1)
    assert len(found.intervals) == 48
