"""The floor, from what a real Asterisk sent: who waited, who rang, who talked, at every step."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from ivr.asterisk.ami.floor import Floor
from ivr.asterisk.ami.protocol import MessageReader

CAPTURES = Path(__file__).parents[3] / "data" / "ami"
NOW = datetime(2026, 11, 22, 3, 50, tzinfo=UTC)
CALL = "1795319324.4"


@pytest.fixture
def floor():
    return Floor(lambda: NOW)


def messages(name):
    return MessageReader().feed((CAPTURES / f"{name}.txt").read_bytes())


def tell(floor, text):
    for message in MessageReader().feed(("greeting\n" + text).encode()):
        floor.take(message)
    return floor.snapshot()


def agents(snapshot):
    return {agent.agent: (agent.state, agent.call) for agent in snapshot.agents}


def story(name):
    """The different things the floor showed, in order: who waits with who rings for him, what agents do."""
    floor, told = Floor(lambda: NOW), []
    for message in messages(name):
        floor.take(message)
        shown = floor.snapshot()
        waiting = [(c.call, c.ringing) for queue in shown.queues for c in queue.waiting]
        moment = (waiting, {a: state for a, (state, _call) in agents(shown).items()})
        if not told or told[-1] != moment:
            told.append(moment)
    return told


def test_the_first_agent_does_not_answer_and_the_second_does():
    one, two = "PJSIP/agent1", "PJSIP/agent2"
    told = story("noanswer")
    assert told[0] == ([], {})
    assert ([(CALL, (one,))], {one: "ringing"}) in told
    assert ([(CALL, (two,))], {one: "ready", two: "ringing"}) in told
    assert ([], {one: "ready", two: "talking"}) in told
    assert told[-1] == ([], {one: "ready", two: "ready"})


def test_a_caller_who_gives_up_is_gone_and_so_is_the_ring():
    told = story("abandoned")
    assert any(waiting and waiting[0][1] for waiting, _agents in told)
    waiting, doing = told[-1]
    assert waiting == []
    assert set(doing.values()) == {"ready"}


def test_the_number_is_masked_and_the_time_is_asterisks(floor):
    for message in messages("noanswer"):
        floor.take(message)
        if message.event == "QueueCallerJoin":
            break
    (queue,) = floor.snapshot().queues
    (caller,) = queue.waiting
    assert caller.caller == "138****8000"
    assert caller.since == datetime.fromtimestamp(1795319324.443519, UTC)
    assert floor.snapshot().in_menu == 0


def test_after_a_resync_the_floor_is_what_the_lists_say(floor):
    shown = tell(
        floor,
        "Event: QueueParams\nQueue: hotline\n\n"
        "Event: QueueMember\nQueue: hotline\nLocation: PJSIP/1001\nStatus: 2\nPaused: 0\nLoginTime: 1795319000\n\n"
        "Event: QueueMember\nQueue: hotline\nLocation: PJSIP/1002\nStatus: 1\nPaused: 1\nPausedReason: meal\n"
        "LastPause: 1795319100\n\n"
        "Event: QueueMember\nQueue: hotline\nLocation: PJSIP/1003\nStatus: 5\nPaused: 0\n\n"
        "Event: QueueEntry\nQueue: hotline\nPosition: 1\nUniqueid: 9.1\nWait: 65\nCallerIDNum: 01012345678\n\n"
        "Event: QueueEntry\nQueue: hotline\nPosition: 2\nUniqueid: 9.2\nWait: 5\nCallerIDNum: <unknown>\n\n"
        "Event: CoreShowChannel\nChannel: PJSIP/trunk-01\nChannelState: 6\nUniqueid: 9.0\nLinkedid: 9.0\n"
        "Duration: 00:10:00\n\n"
        "Event: CoreShowChannel\nChannel: PJSIP/1001-02\nChannelState: 6\nUniqueid: 9.5\nLinkedid: 9.0\n"
        "Duration: 00:02:00\n\n"
        "Event: CoreShowChannel\nChannel: PJSIP/trunk-03\nChannelState: 6\nUniqueid: 9.3\nLinkedid: 9.3\n\n",
    )
    (queue,) = shown.queues
    assert [(c.call, c.position, (NOW - c.since).total_seconds()) for c in queue.waiting] == [
        ("9.1", 1, 65),
        ("9.2", 2, 5),
    ]
    one, two, three = shown.agents
    assert (one.state, one.call, (NOW - one.since).total_seconds()) == ("talking", "9.0", 120)
    assert (two.state, two.reason, two.since.timestamp()) == ("paused", "meal", 1795319100)
    assert three.state == "unreachable"
    assert (shown.calls, shown.in_menu) == (4, 1)
    assert shown.lines == ("9.0", "9.3", "9.5")


def test_an_event_the_list_knew_already_counts_once_and_positions_close_up(floor):
    join = "Event: QueueCallerJoin\nQueue: q\nPosition: {p}\nUniqueid: {id}\nCallerIDNum: 1380013800{p}\n\n"
    leave = "Event: QueueCallerLeave\nQueue: q\nPosition: {p}\nUniqueid: {id}\n\n"
    told = join.format(p=1, id="1.1") + join.format(p=2, id="1.2") + join.format(p=2, id="1.2")
    vip = join.format(p=1, id="1.3")
    shown = tell(floor, told + vip)
    assert [c.call for c in shown.queues[0].waiting] == ["1.3", "1.1", "1.2"]
    shown = tell(floor, leave.format(p=2, id="1.1") * 2)
    assert [(c.call, c.position) for c in shown.queues[0].waiting] == [("1.3", 1), ("1.2", 2)]


def test_the_agents_holds_are_kept_until_somebody_has_them_and_the_callers_are_not(floor):
    tell(floor, "Event: QueueMember\nQueue: q\nLocation: PJSIP/1\nStatus: 2\nPaused: 0\n\n")
    channel = "Event: Newchannel\nChannel: {}\nContext: {}\nChannelState: 6\nUniqueid: {}\nLinkedid: {}\n\n"
    tell(floor, channel.format("PJSIP/trunk-02", "from-trunk", "2.1", "2.1"))
    tell(floor, channel.format("PJSIP/1-01", "from-queue", "2.2", "2.1"))
    tell(floor, channel.format("PJSIP/1-03", "from-agents", "2.3", "2.3"))
    tell(floor, "Event: Hold\nUniqueid: 2.1\nTimestamp: 1795319500.25\n\n")
    tell(floor, "Event: Hold\nUniqueid: 2.2\nTimestamp: 1795319501.25\n\n")
    tell(floor, "Event: Hold\nUniqueid: 2.3\nTimestamp: 1795319502.25\n\n")  # asks a colleague
    floor.clear()
    assert [(h.call_id, h.agent, h.at.timestamp(), h.begins) for h in floor.holds] == [
        ("2.1", "PJSIP/1", 1795319501.25, True)
    ]


def test_hold_is_told_from_talk_and_dialling_out_from_ringing(floor):
    member = "Event: QueueMember\nQueue: q\nLocation: PJSIP/1\nStatus: 2\nPaused: 0\n\n"
    up = "Event: Newchannel\nChannel: PJSIP/1-01\nChannelState: 6\nUniqueid: 2.2\nLinkedid: 2.1\n\n"
    assert tell(floor, member + up).agents[0].state == "talking"
    assert tell(floor, "Event: Hold\nUniqueid: 2.2\n\n").agents[0].state == "on_hold"
    assert tell(floor, "Event: Unhold\nUniqueid: 2.2\n\n").agents[0].state == "talking"
    assert (
        tell(floor, "Event: Newstate\nChannel: PJSIP/1-01\nChannelState: 4\nUniqueid: 2.2\n\n")
        .agents[0]
        .state
        == "busy"
    )
    assert tell(floor, "Event: Hangup\nUniqueid: 2.2\n\n").agents[0].state == "busy"


def test_who_logs_out_is_gone_and_one_name_is_not_the_beginning_of_another(floor):
    both = "".join(
        f"Event: QueueMemberAdded\nQueue: q\nInterface: PJSIP/{n}\nStatus: 1\nPaused: 0\n\n" for n in (1, 11)
    )
    ringing = "Event: Newchannel\nChannel: PJSIP/11-01\nChannelState: 5\nUniqueid: 3.2\nLinkedid: 3.1\n\n"
    assert agents(tell(floor, both + ringing)) == {"PJSIP/1": ("ready", ""), "PJSIP/11": ("ringing", "3.1")}
    gone = "Event: QueueMemberRemoved\nQueue: q\nInterface: PJSIP/11\n\n"
    assert agents(tell(floor, gone)) == {"PJSIP/1": ("ready", "")}


def test_a_listener_and_a_call_between_agents_are_no_callers(floor):
    line = "Event: Newchannel\nChannel: {name}\nChannelState: 6\nUniqueid: {id}\nLinkedid: {id}\nContext: {context}\n\n"
    shown = tell(
        floor,
        line.format(name="PJSIP/trunk-1", id="4.1", context="from-trunk")
        + line.format(name="PJSIP/2001-2", id="4.2", context="from-agents"),
    )
    assert (shown.calls, shown.in_menu) == (1, 1)


@pytest.mark.parametrize("number", ["inf", "-inf", "nan", "1e999", "-1e9", "9" * 400, "1e9", "²", ""])
def test_a_number_that_cannot_be_is_no_number(floor, number):
    """Found by fuzzing: what overflows a date must not cost the event."""
    told = (
        f"Event: QueueEntry\nQueue: q\nUniqueid: 1.1\nPosition: {number}\nWait: {number}\nTimestamp: {number}\n\n"
        f"Event: QueueMember\nQueue: q\nLocation: PJSIP/1\nStatus: 1\nPaused: 0\nLoginTime: {number}\n\n"
        f"Event: CoreShowChannel\nChannel: PJSIP/1-1\nUniqueid: 2.2\nDuration: {number}:{number}:{number}\n\n"
    )
    shown = tell(floor, told)
    assert len(shown.queues[0].waiting) == len(shown.agents) == 1
