"""The wall shows Twilio's callers and agents of this moment, alone or beside Asterisk's."""

from datetime import timedelta

import pytest

from core.setting_sections import WallSettings
from ivr.floor import live_floor
from ivr.live import LiveAgent, LiveFloor, LiveQueue, LiveState, WaitingCaller, write_live
from ivr.metrics.moment import this_moment
from tests.integration.twilio.virtual_legs import Knobs, QueuePlan, ScriptedCaller

BRIDGED = ScriptedCaller(keys=["1", "1", "5"], queues=[QueuePlan("bridged", talk_s=40.0)])


@pytest.fixture
def seen(hotline):
    """Return a function that places a call and looks at the floor at some seconds."""

    def look(*seconds, caller=BRIDGED):
        line = hotline(Knobs())
        floors = {}

        def note(at):
            with line.installation.unit_of_work(read_only=True) as session:
                floors[at] = live_floor(session, line.installation.clock.now())

        for at in seconds:
            line.twilio.later(at, lambda at=at: note(at))
        line.twilio.call(caller)
        line.settle()
        note(None)
        return floors

    return look


def states(state):
    return [agent.state for agent in state.floor.agents]


def test_a_call_is_followed_from_menu_to_agent(seen):
    floors = seen(0.5, 5.5, 20.5)
    menu, ringing, talking, over = (floors[at] for at in (0.5, 5.5, 20.5, None))
    assert (menu.floor.calls, menu.floor.in_menu, menu.floor.queues) == (1, 1, ())
    (queue,) = ringing.floor.queues
    (caller,) = queue.waiting
    assert (queue.name, caller.caller, caller.position, caller.ringing) == (
        "consulting",
        "138****8000",
        1,
        ("TWILIO/2001",),
    )
    assert states(ringing) == ["ringing", "ready"]
    assert talking.floor.queues == ()
    assert states(talking) == ["talking", "ready"]
    assert (over.floor.calls, states(over)) == (0, ["ready", "ready"])
    assert not talking.is_stale(talking.heard_at)


def test_both_lines_are_one_floor(staffed):
    now = staffed.clock.now()
    waiting = WaitingCaller(call="1.1", caller="139****0000", position=1, since=now - timedelta(seconds=9))
    asterisk = LiveFloor(
        queues=(LiveQueue(name="consulting", waiting=(waiting,), agents=("PJSIP/1",)),),
        agents=(
            LiveAgent(agent="PJSIP/1", state="talking", since=now, call="1.2"),
            LiveAgent(agent="TWILIO/2001", state="paused", since=now),
        ),
        calls=2,
    )
    with staffed.unit_of_work() as session:
        write_live(session, LiveState(floor=asterisk, heard_at=now))
    with staffed.unit_of_work(read_only=True) as session:
        both = live_floor(session, now)
        moment = this_moment(session, now, WallSettings())
    assert {a.agent: a.state for a in both.floor.agents} == {
        "PJSIP/1": "talking",
        "TWILIO/2001": "paused",
        "TWILIO/2002": "ready",
    }
    assert [line.doing.state for line in moment.agents] == ["talking", "paused", "ready"]
    assert [w.caller for w in moment.waiting] == ["139****0000"]


def test_the_wall_counts_a_waiting_caller_once(hotline):
    line = hotline(Knobs())
    seen = []

    def look():
        with line.installation.unit_of_work(read_only=True) as session:
            moment = this_moment(session, line.installation.clock.now(), WallSettings())
            seen.append((moment.live, [(w.queue.name, w.caller) for w in moment.waiting], moment.states))

    line.twilio.agents_answer = lambda: (99.0, "")
    line.twilio.later(15.0, look)
    line.twilio.call(ScriptedCaller(keys=["1", "1"], queues=[QueuePlan("abandoned", after_s=30.0)]))
    line.settle()
    ((live, waiting, states),) = seen
    assert (live, waiting) == (True, [("consulting", "138****8000")])
    assert (states["ringing"], states["ready"]) == (1, 1)


def test_where_nobody_uses_twilio_the_floor_is_asterisks(installation):
    with installation.unit_of_work(read_only=True) as session:
        assert live_floor(session, installation.clock.now()) == LiveState()
