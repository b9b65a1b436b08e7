"""Announced waits on Asterisk: the language at the entrance, and while a caller stands in the line."""

import contextlib
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from ivr.asterisk.ami.errors import AmiLost
from ivr.asterisk.announcing import WaitAnnouncer, announced_queues, entrance_language
from ivr.flow.check import shipped_flow
from ivr.flow.instructions import Enqueue
from ivr.live import LiveAgent, LiveFloor, LiveQueue, LiveState, WaitingCaller, write_live
from ivr.models import Call, QueueVisit
from ivr.waiting.models import WaitPrediction
from tests.factories import add_staff
from tests.unit.ivr.asterisk.ami_server import AmiServer

CALL = "1795319643.7"
CHANNEL = "PJSIP/trunk-00000007"


@pytest.fixture
def taught(installation, clock):
    """A queue whose line moved once a minute in the last hour."""
    queue = add_staff(installation).queue
    with installation.unit_of_work() as session:
        for number in range(30):
            answered_at = clock.now() - timedelta(minutes=number)
            entered_at = answered_at - timedelta(minutes=5)
            call = Call(
                provider="asterisk", provider_call_id=f"before{number}", outcome="answered", started_at=entered_at
            )  # fmt: skip
            call.visits = [
                QueueVisit(
                    number=1, queue_id=queue.id, entered_at=entered_at, left_queue_at=answered_at,
                    outcome="answered", wait_s=300.0, talk_s=50.0,
                )
            ]  # fmt: skip
            session.add(call)
    return queue


def enqueue(priority=0):
    return Enqueue(
        queue="consulting", language="zh", max_wait_s=120, priority=priority, record=True, music="default",
        announce=(), announce_every_s=30, announce_position=True, announce_wait=True, callback_key="", leave_key="",
    )  # fmt: skip


def entering(installation, now, *states, waiting=0, age_s=0.0, priority=0):
    """The language of a caller who enters while agents do these things and so many wait."""
    agents = tuple(
        LiveAgent(agent=f"PJSIP/{number}", state=state, since=now) for number, state in enumerate(states)
    )
    line = tuple(
        WaitingCaller(call=str(number), caller="", position=number + 1, since=now - timedelta(seconds=100))
        for number in range(waiting)
    )
    floor = LiveFloor(
        queues=(LiveQueue(name="consulting", waiting=line, agents=tuple(agent.agent for agent in agents)),),
        agents=agents,
    )
    with installation.unit_of_work() as session:
        write_live(session, LiveState(floor=floor, heard_at=now - timedelta(seconds=age_s)))
    with installation.unit_of_work(read_only=True) as session:
        return entrance_language(session, enqueue(priority), now)


def test_a_free_agent_is_rung_without_a_word(installation, clock, taught):
    assert entering(installation, clock.now(), "talking", "ready") == "zh_wait_quiet"


def test_who_must_wait_is_told_a_range_that_grows_with_the_line(installation, clock, taught):
    first, fifth = (entering(installation, clock.now(), "talking", waiting=count) for count in (0, 4))
    assert first == "zh_wait_0_2"
    assert fifth.startswith("zh_wait_")
    assert int(fifth.split("_")[3]) > 2


@pytest.mark.parametrize(
    "situation",
    [
        {"age_s": 60},  # nothing is known of this moment
        {"priority": 5, "waiting": 3},  # the place is not known yet
    ],
)
def test_what_cannot_be_said_is_not_said(installation, clock, taught, situation):
    assert entering(installation, clock.now(), "talking", **situation) == "zh_wait"
    assert entering(installation, clock.now(), "paused", waiting=2) == "zh_wait"  # nobody answers


@pytest.fixture
def asterisk():
    server = AmiServer()
    server.languages = {CHANNEL: "zh_wait"}
    server.line = [(CALL, CHANNEL, 1, 0)]
    server.answers |= {
        "QueueStatus": lambda _asked: status(server.line),
        "Getvar": lambda asked: f"Response: Success\r\nValue: {server.languages.get(asked['Channel'], '')}",
        "Setvar": lambda asked: changed(server, asked),
    }
    yield server
    server.close()


def status(line):
    blocks = ["Response: Success\r\nEventList: start"]
    blocks += [
        f"Event: QueueMember\r\nQueue: consulting\r\nLocation: PJSIP/{code}\r\nStatus: {state}\r\nPaused: {paused}"
        for code, state, paused in (("1001", 2, 0), ("1002", 2, 0), ("1003", 5, 0), ("1004", 1, 1))
    ]
    blocks += [
        f"Event: QueueEntry\r\nQueue: consulting\r\nUniqueid: {call}\r\nChannel: {channel}\r\nPosition: {place}\r\nWait: {wait}"
        for call, channel, place, wait in reversed(line)
    ]
    return [*blocks, "Event: QueueStatusComplete\r\nEventList: Complete"]


def changed(server, asked):
    if asked["Channel"] not in server.languages:
        return "Response: Error\r\nMessage: No such channel"
    server.languages[asked["Channel"]] = asked["Value"]
    return "Response: Success\r\nMessage: Variable Set"


@pytest.fixture
def announcer(installation, asterisk):
    settings = installation.settings.model_copy(update={"ami": asterisk.settings()})
    looking = WaitAnnouncer(replace(installation, settings=settings), {"consulting": 30.0})
    yield looking
    looking.close()


def told(installation):
    with installation.unit_of_work(read_only=True) as session:
        rows = session.scalars(select(WaitPrediction).order_by(WaitPrediction.number)).all()
        return [(row.place, row.said is not None) for row in rows]


def later(asterisk, clock, seconds, place):
    """Let time pass for the one who waits."""
    clock.at += timedelta(seconds=seconds)
    asterisk.line = [(CALL, CHANNEL, place, asterisk.line[0][3] + seconds)]


def test_the_entrance_is_kept_once_and_the_next_announcement_is_prepared_in_time(
    installation, asterisk, announcer, clock, taught
):
    asterisk.line = [(CALL, CHANNEL, 3, 0)]
    announcer.look()
    announcer.look()
    assert told(installation) == [(3, False)]  # at the entrance nothing could be said
    later(asterisk, clock, 28, place=3)
    announcer.look()
    assert asterisk.languages[CHANNEL].startswith("zh_wait_")
    assert len(told(installation)) == 1
    later(asterisk, clock, 3, place=3)
    announcer.look()
    assert told(installation) == [(3, False), (3, True)]


def test_a_better_place_is_told_as_soon_as_asterisk_tells_it(
    installation, asterisk, announcer, clock, taught
):
    asterisk.line = [(CALL, CHANNEL, 3, 0)]
    announcer.look()
    later(asterisk, clock, 6, place=2)
    announcer.look()
    assert asterisk.languages[CHANNEL] != "zh_wait"  # ready, but Asterisk speaks every 15 seconds at most
    assert len(told(installation)) == 1
    later(asterisk, clock, 10, place=2)
    announcer.look()
    assert told(installation) == [(3, False), (2, True)]


def test_a_quiet_entrance_was_no_announcement(installation, asterisk, announcer, clock, taught):
    asterisk.languages[CHANNEL] = "zh_wait_quiet"
    announcer.look()
    assert told(installation) == []
    later(asterisk, clock, 31, place=1)
    announcer.look()
    assert told(installation) == [(1, True)]


def test_a_caller_of_a_flow_without_announced_waits_is_left_alone(
    installation, asterisk, announcer, clock, taught
):
    asterisk.languages[CHANNEL] = "en"
    announcer.look()
    later(asterisk, clock, 60, place=1)
    announcer.look()
    assert asterisk.languages[CHANNEL] == "en"
    assert told(installation) == []


def test_a_caller_who_hangs_up_meanwhile_stops_nobody(installation, asterisk, announcer, clock, taught):
    gone = ("1795319643.8", "PJSIP/trunk-00000008", 1, 40)
    asterisk.languages[gone[1]] = "zh_wait"
    asterisk.line = [gone, (CALL, CHANNEL, 2, 40)]
    announcer.look()
    del asterisk.languages[gone[1]]
    clock.at += timedelta(seconds=5)
    announcer.look()
    assert asterisk.languages[CHANNEL].startswith("zh_wait_")


def test_a_lost_line_is_taken_up_again(installation, asterisk, announcer, clock, taught):
    announcer.look()
    asterisk.cut()
    with contextlib.suppress(AmiLost):  # noticed before the look, or by it
        announcer.look()
    announcer.look()
    assert told(installation) == [(1, False)]


def test_another_who_looks_at_the_same_asterisk_doubles_nothing(
    installation, asterisk, announcer, clock, taught
):
    announcer.look()
    settings = installation.settings.model_copy(update={"ami": asterisk.settings()})
    other = WaitAnnouncer(replace(installation, settings=settings), {"consulting": 30.0})
    other.look()
    other.close()
    assert len(told(installation)) == 1


def test_the_shipped_flow_announces_the_waits_of_all_its_queues():
    assert announced_queues(shipped_flow()) == {"consulting": 30.0, "after_sales": 30.0, "complaints": 30.0}
