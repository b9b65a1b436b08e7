"""Who is rung for whom, and that one call goes to one agent."""

import pytest
from sqlalchemy import select

from core.errors import BadInput
from ivr.models import Call, QueueVisit
from ivr.twilio.dispatch import BUSY, dispatch
from ivr.twilio.models import TwilioAgent, TwilioCall, TwilioOffer
from tests.integration.twilio.virtual_legs import Knobs, QueuePlan, ScriptedCaller


@pytest.fixture
def ring_both(staffed):
    twilio = staffed.settings.twilio.model_copy(update={"ring_at_once": 2})
    object.__setattr__(staffed, "settings", staffed.settings.model_copy(update={"twilio": twilio}))
    return staffed


def offers(installation):
    with installation.unit_of_work(read_only=True) as session:
        found = session.scalars(select(TwilioOffer))
        return sorted((o.agent.code, o.state, o.caller_sid is not None) for o in found)


def test_of_two_who_are_rung_the_first_to_accept_has_the_call(ring_both, hotline):
    line = hotline(Knobs(duplicate=True))
    answers = iter([(4.0, "1"), (5.0, "1")])
    line.twilio.agents_answer = lambda: next(answers)
    line.twilio.call(ScriptedCaller(keys=["1", "1"], queues=[QueuePlan("bridged")]))
    line.settle()
    assert offers(line.installation) == [("2001", "ended", True), ("2002", "ended", False)]
    with line.installation.unit_of_work(read_only=True) as session:
        (visit,) = session.scalars(select(QueueVisit))
        assert {(ring.agent.code, ring.outcome) for ring in visit.rings} == {
            ("2001", "answered"),
            ("2002", "cancelled"),
        }
    assert all(leg.over for leg in line.twilio.legs.values())


def test_two_who_accept_in_the_same_moment_for_one_caller(ring_both, hotline):
    line = hotline(Knobs())
    line.twilio.agents_answer = lambda: (4.0, "1")
    line.twilio.call(ScriptedCaller(keys=["1", "1"], queues=[QueuePlan("bridged")]))
    line.settle()
    assert sorted(taken for _agent, _state, taken in offers(line.installation)) == [False, True]


def test_nobody_is_rung_any_more_for_a_caller_who_has_hung_up(ring_both, hotline):
    line = hotline(Knobs())
    line.twilio.agents_answer = lambda: (15.0, "1")
    line.twilio.call(ScriptedCaller(keys=["1", "1"], queues=[QueuePlan("abandoned", after_s=6.0)]))
    line.settle()
    assert [state for _agent, state, _taken in offers(line.installation)] == ["ended", "ended"]
    assert all(leg.over for leg in line.twilio.legs.values())
    with line.installation.unit_of_work(read_only=True) as session:
        assert session.scalars(select(Call)).one().outcome == "abandoned"


def test_three_callers_and_two_agents(hotline):
    """The third one has the agent who is free first."""
    line = hotline(Knobs())
    line.twilio.agents_answer = lambda: (2.0, "1")
    for talk_s in (40.0, 20.0, 10.0):
        line.twilio.call(ScriptedCaller(keys=["1", "1"], queues=[QueuePlan("bridged", talk_s=talk_s)]))
    line.settle()
    with line.installation.unit_of_work(read_only=True) as session:
        visits = session.scalars(select(QueueVisit).order_by(QueueVisit.left_queue_at)).all()
        assert [visit.outcome for visit in visits] == ["answered"] * 3
        assert len({visit.agent.code for visit in visits}) == 2
        assert (visits[2].wait_s or 0) >= 20
        assert session.scalars(select(TwilioOffer).where(TwilioOffer.state.in_(BUSY))).all() == []


def waiting(session, sid, line, priority, entered_at):
    call = TwilioCall(
        call_sid="CA" + sid * 32, waiting="queue", queue="consulting", line=line, priority=priority,
        entered_at=entered_at, started_at=entered_at, state="{}", sequence=1, steps=1, leaving="",
    )  # fmt: skip
    session.add(call)
    return call


@pytest.mark.parametrize("state", ["paused", "away"])
def test_who_is_not_ready_is_not_rung(staffed, state):
    now = staffed.clock.now()
    with staffed.unit_of_work() as session:
        waiting(session, "a", "consulting", 0, now)
        for agent in session.scalars(select(TwilioAgent)):
            agent.state = state
        session.flush()
        assert dispatch(session, staffed.settings.twilio, now) == []


def test_priority_goes_before_time_and_penalty_before_idleness(staffed):
    now = staffed.clock.now()
    with staffed.unit_of_work() as session:
        waiting(session, "a", "consulting", 0, now.replace(hour=1))
        waiting(session, "b", "consulting.10", 10, now)
        first, second = session.scalars(select(TwilioAgent).order_by(TwilioAgent.agent_id))
        second.idle_since = now.replace(hour=1)
        session.flush()
        placed = dispatch(session, staffed.settings.twilio, now)
        assert [(o.for_sid[2], o.agent_id) for o in placed] == [("b", first.agent_id), ("a", second.agent_id)]
        assert dispatch(session, staffed.settings.twilio, now) == []


def test_an_agent_whose_telephone_twilio_refuses_costs_nobody_the_call(hotline):
    line = hotline(Knobs())
    place_call = line.twilio.place_call
    with line.installation.unit_of_work(read_only=True) as session:
        (refused,) = (a.address for a in session.scalars(select(TwilioAgent)) if a.agent.code == "2001")

    def refuse(*, to, **more):
        if to == refused:
            raise BadInput("Twilio refused: HTTP 400, error 21211")
        return place_call(to=to, **more)

    line.twilio.place_call = refuse
    line.twilio.call(ScriptedCaller(keys=["1", "1"], queues=[QueuePlan("bridged")]))
    line.settle()
    with line.installation.unit_of_work(read_only=True) as session:
        assert session.scalars(select(QueueVisit)).one().agent.code == "2002"
        states = {agent.agent.code: agent.state for agent in session.scalars(select(TwilioAgent))}
        assert states == {"2001": "away", "2002": "ready"}


def test_an_agent_of_whom_nothing_is_heard_is_not_busy_for_ever(staffed):
    now = staffed.clock.now()
    with staffed.unit_of_work() as session:
        waiting(session, "a", "consulting", 0, now)
        session.flush()
        (first,) = dispatch(session, staffed.settings.twilio, now)
        later = now.replace(minute=5)
        (second,) = dispatch(session, staffed.settings.twilio, later)
        assert (first.state, second.state) == ("ended", "placed")
        assert first.agent_id != second.agent_id
