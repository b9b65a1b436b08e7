"""The floor as the wall shows it: who waits, what alarms, how old; alarms neither flicker nor stay."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.setting_sections import WallSettings
from ivr.live import LiveAgent, LiveFloor, LiveQueue, LiveState, WaitingCaller, write_live
from ivr.metrics.alarms import Threshold, raised_at
from ivr.metrics.board import today
from ivr.metrics.moment import this_moment
from tests.unit.ivr.metrics.visits import SHANGHAI, START, add_agent, add_queue, add_visit

NOW = START + timedelta(hours=5)
LONG = Threshold(on=5, off=2)
LIMITS = WallSettings()


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
    (line,) = this_moment(session, NOW, LIMITS).lines

    assert [caller.since for caller in line.waiting] == [early.entered_at, late.entered_at]


def test_the_telephony_goes_before_the_ledger_while_it_is_heard(session, queue):
    since = ago(seconds=30)
    caller = WaitingCaller(call="1.1", caller="", position=1, since=since)
    floor = LiveFloor(
        queues=(LiveQueue(name="q", waiting=(caller,)),),
        agents=(LiveAgent(agent="PJSIP/1", state="paused", since=since),),
    )
    write_live(session, LiveState(floor=floor, heard_at=ago(seconds=1)))
    session.flush()
    heard = this_moment(session, NOW, LIMITS)
    silent = this_moment(session, NOW + timedelta(minutes=10), LIMITS)

    assert (heard.live, [w.since for w in heard.waiting], heard.states["paused"]) == (True, [since], 1)
    assert heard.facts_at == ago(seconds=1)
    assert (silent.live, list(silent.waiting), silent.agents) == (False, [], None)


def alarms(session, now=NOW, limits=LIMITS):
    return this_moment(session, now, limits).alarms


def kinds(session, now=NOW):
    return [alarm.kind for alarm in alarms(session, now)]


def test_a_caller_who_waits_long_raises_an_alarm_that_ends_with_the_wait(session, queue):
    visit = waiting(session, queue, ago(seconds=90))
    visit.left_queue_at = None
    session.flush()
    (alarm,) = alarms(session)

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
    (alarm,) = alarms(session)

    assert (alarm.kind, alarm.agent.id, alarm.value) == ("long_talk", li.id, 1010)
    visit.call.outcome = "answered"
    visit.ended_at = NOW
    session.flush()
    assert kinds(session) == []


def test_what_the_telephony_tells_raises_alarms_before_the_ledger_knows(session, queue):
    li = add_agent(session)
    caller = WaitingCaller(call="1.1", caller="", position=1, since=ago(seconds=90))
    floor = LiveFloor(
        queues=(LiveQueue(name="q", waiting=(caller,)),),
        agents=(LiveAgent(agent=li.interface, state="talking", since=ago(seconds=1010)),),
    )
    write_live(session, LiveState(floor=floor, heard_at=NOW))
    session.flush()
    assert kinds(session) == ["longest_wait", "long_talk"]

    visit = add_visit(session, queue, at=ago(seconds=1021), wait_s=10, agent=li)
    visit.call.outcome = "open"
    waiting(session, queue, ago(seconds=90)).call.provider = "asterisk"
    session.flush()
    assert sorted(kinds(session)) == ["long_talk", "longest_wait"], "told once, though both know"


def test_an_agent_who_lets_it_ring_twice_raises_an_alarm_until_the_next_answer(session, queue):
    li = add_agent(session)
    for minutes in (5, 3):
        add_visit(session, queue, at=ago(minutes=minutes), outcome="abandoned", missed=(li,))
    assert kinds(session) == ["not_answering"]

    add_visit(session, queue, at=ago(minutes=1), agent=li, ring_s=3)
    assert kinds(session) == []


def test_an_agent_who_is_paused_or_gone_is_not_blamed_for_not_answering(session, queue):
    li = add_agent(session)
    for minutes in (5, 3):
        add_visit(session, queue, at=ago(minutes=minutes), outcome="abandoned", missed=(li,))

    def floor(*agents):
        write_live(session, LiveState(floor=LiveFloor(agents=agents), heard_at=NOW))
        session.flush()
        return kinds(session)

    assert floor(LiveAgent(agent=li.interface, state="ready", since=NOW)) == ["not_answering"]
    assert floor(LiveAgent(agent=li.interface, state="paused", since=NOW)) == []
    assert floor() == []


def test_the_installation_says_what_an_alarm_is(session, queue):
    waiting(session, queue, ago(seconds=10)).left_queue_at = None
    session.flush()
    strict = WallSettings(queue_length=1, queue_length_calm=0, longest_wait_s=900)

    assert [alarm.kind for alarm in alarms(session, limits=strict)] == ["queue_length"]
    assert kinds(session) == []


def test_callers_of_another_telephony_wait_beside_those_that_are_heard(session, queue):
    visit = waiting(session, queue, ago(seconds=40))
    visit.left_queue_at = None
    heard_too = waiting(session, queue, ago(seconds=20))
    heard_too.left_queue_at, heard_too.call.provider = None, "asterisk"
    caller = WaitingCaller(call="1.1", caller="138****8000", position=1, since=ago(seconds=20))
    floor = LiveFloor(queues=(LiveQueue(name="q", waiting=(caller,)),))
    write_live(session, LiveState(floor=floor, heard_at=NOW))
    session.flush()

    assert [(w.since, w.caller) for w in this_moment(session, NOW, LIMITS).waiting] == [
        (visit.entered_at, ""),
        (ago(seconds=20), "138****8000"),
    ]


def test_who_needs_a_look_stands_first_among_the_agents(session, queue):
    li = add_agent(session)
    agents = (
        LiveAgent(agent=li.interface, state="ready", since=ago(minutes=9)),
        LiveAgent(agent="PJSIP/9", state="talking", since=ago(minutes=1)),
        LiveAgent(agent="PJSIP/8", state="talking", since=ago(minutes=30)),
        LiveAgent(agent="PJSIP/7", state="unreachable", since=NOW),
    )
    write_live(session, LiveState(floor=LiveFloor(agents=agents), heard_at=NOW))
    session.flush()
    found = this_moment(session, NOW, LIMITS).agents

    assert [line.doing.agent for line in found] == ["PJSIP/7", "PJSIP/8", "PJSIP/9", li.interface]
    assert [line.agent for line in found] == [None, None, None, li]


def test_today_stands_beside_the_same_weekday_before(session, queue):
    add_visit(session, queue, at=ago(minutes=1))
    for minutes in (1, 2):
        add_visit(session, queue, at=ago(days=7, minutes=minutes))
    found = today(session, NOW, SHANGHAI)

    busy = [(i.offered, i.before) for i in found.intervals if i.offered or i.before]
    assert busy == [(1, 2)]
    assert (found.total["offered"], found.by_queue[queue.id]["offered"]) == (1, 1)
    assert len(found.intervals) == 48
