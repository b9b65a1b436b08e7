"""Callbacks promised on Twilio: an agent is rung in the caller's turn, and dials them by pressing the key."""

from dataclasses import replace
from itertools import product

import pytest
from sqlalchemy import select

from core.accounts import Role, add_user
from ivr.callbacks.models import Callback
from ivr.missed.models import MissedCall
from ivr.missed.tasks import note_ended_call, take_task
from ivr.models import Agent, Call
from ivr.services import call_path
from recording.models import Recording
from tests.integration.twilio.virtual_dialling import PartyPlan
from tests.integration.twilio.virtual_legs import Knobs, QueuePlan, ScriptedCaller

NUMBER = "+8613900139000"
ASKS_BACK = {"keys": ["1", "1", "1"], "queues": [QueuePlan("callback", after_s=2.0)], "number": NUMBER}
EVERY_ORDER = [
    Knobs(duplicate=d, status_before_result=s, reorder_status=s) for d, s in product((False, True), repeat=2)
]
REACHED = PartyPlan("answers", after_s=5.0, talk_s=20.0)


@pytest.fixture
def promised(hotline):
    """Return a function that lets a caller ask to be called back while no agent answers."""

    def promise(knobs, **more):
        line = hotline(knobs)
        line.twilio.agents_answer = lambda: (99.0, "")
        sid = line.twilio.call(ScriptedCaller(**ASKS_BACK | more))
        line.settle()
        note(line)
        return line, sid

    return promise


def note(line):
    """Do what the worker does with calls that are over: put them on the missed-call list, or take them off."""
    with line.installation.unit_of_work(read_only=True) as session:
        over = session.scalars(select(Call.id).where(Call.outcome != "open").order_by(Call.id)).all()
    for call_id in over:
        note_ended_call(line.installation, call_id=call_id)


def state(line):
    with line.installation.unit_of_work(read_only=True) as session:
        return session.scalars(select(Callback)).one(), session.scalars(select(MissedCall)).one_or_none()


def the_leg(session):
    return session.scalars(select(Call).where(Call.provider_call_id.startswith("callback-"))).one()


def dialled(line):
    """The numbers that were dialled for agents, in order."""
    return [leg.party for leg in line.twilio.legs.values() if leg.direction == "outbound-dial"]


@pytest.mark.parametrize("knobs", EVERY_ORDER, ids=str)
def test_an_agent_is_rung_and_the_caller_dialled_and_both_recorded(promised, knobs):
    line, sid = promised(knobs)
    assert dialled(line) == []
    line.twilio.agents_answer, line.twilio.customer_answers = lambda: (4.0, "1"), lambda: REACHED
    line.settle()
    note(line)
    promise, task = state(line)
    assert (promise.result, promise.tries, promise.leg) == ("reached", 0, "")
    assert (task.kind, task.disposition) == ("callback", "reached")
    assert dialled(line) == [NUMBER]
    with line.installation.unit_of_work(read_only=True) as session:
        leg = the_leg(session)
        assert (leg.outcome, leg.caller, leg.dialled) == ("answered", "13900139000", "+864008000000")
        (visit,) = leg.visits
        assert (visit.outcome, visit.queue.name) == ("answered", "consulting")
        assert visit.talk_s == pytest.approx(25.0, abs=1.0)
        assert visit.rings[-1].outcome == "answered"
        assert [step.outcome for step in call_path(session, leg) if step.kind == "callback"] == [
            "answered",
            "reached",
        ]
        assert session.scalars(select(Call).where(Call.provider_call_id == sid)).one().outcome == "callback"
        recording = session.scalars(select(Recording)).one()
        assert (recording.call_id, recording.agent) == (leg.id, visit.agent)
        assert [track.role for track in recording.tracks] == ["agent", "caller"]
    assert line.twilio.fetched == line.twilio.deleted == list(line.twilio.recordings)


@pytest.mark.parametrize("knobs", EVERY_ORDER, ids=str)
@pytest.mark.parametrize(
    ("outcome", "result"), [("busy", "busy"), ("no-answer", "noanswer"), ("failed", "failed")]
)
def test_a_caller_who_is_not_reached_is_tried_again_and_then_left_to_a_person(
    promised, knobs, outcome, result
):
    line, _sid = promised(knobs)
    line.twilio.agents_answer, line.twilio.customer_answers = lambda: (4.0, "1"), lambda: PartyPlan(outcome)
    line.settle()
    promise, _task = state(line)
    assert (promise.result, promise.tries, promise.done_at) == (result, 1, None)
    for _ in range(2):
        line.twilio.pass_time(700)
        line.settle()
    note(line)
    promise, task = state(line)
    assert (promise.tries, promise.done_at is not None, len(dialled(line))) == (3, True, 3)
    assert task.disposition == ""
    with line.installation.unit_of_work(read_only=True) as session:
        legs = session.scalars(select(Call).where(Call.provider_call_id.startswith("callback-"))).all()
        assert [leg.outcome for leg in legs] == ["unreached"] * 3


def test_whoever_came_earlier_is_answered_earlier_and_later_ones_afterwards(hotline):
    line = hotline(Knobs())
    line.twilio.agents_answer = lambda: (99.0, "")
    with line.installation.unit_of_work() as session:
        session.scalars(select(Agent).where(Agent.code == "2002")).one().active = False
    early = line.twilio.call(
        ScriptedCaller(keys=["1", "1"], queues=[QueuePlan("bridged", talk_s=10.0)], number="+8613900139001")
    )
    line.twilio.later(10.0, lambda: line.twilio.call(ScriptedCaller(**ASKS_BACK)))
    later = []
    line.twilio.later(
        60.0,
        lambda: later.append(
            line.twilio.call(
                ScriptedCaller(
                    keys=["1", "1"], queues=[QueuePlan("bridged", talk_s=10.0)], number="+8613900139002"
                )
            )
        ),
    )
    line.twilio.customer_answers = lambda: REACHED
    line.twilio.later(90.0, lambda: setattr(line.twilio, "agents_answer", lambda: (2.0, "1")))
    line.settle()
    line.settle()
    with line.installation.unit_of_work(read_only=True) as session:
        answered = {
            call.provider_call_id: call.visits[-1].left_queue_at
            for call in session.scalars(select(Call).where(Call.outcome == "answered"))
        }
        leg = the_leg(session).provider_call_id
    assert answered[early] < answered[leg]
    assert set(answered) == {early, leg, later[0]}


def test_an_agent_who_does_not_press_the_key_dials_nobody(promised):
    line, _sid = promised(Knobs())
    line.twilio.agents_answer, line.twilio.customer_answers = lambda: (4.0, ""), lambda: REACHED
    line.settle()
    promise, _task = state(line)
    assert (dialled(line), promise.tries, promise.done_at) == ([], 0, None)
    assert promise.leg  # it stands in the line still


def test_what_a_person_has_taken_is_not_dialled(promised):
    line, _sid = promised(Knobs())
    now = line.installation.clock.now()
    with line.installation.unit_of_work() as session:
        somebody = add_user(
            session,
            username="somebody",
            display_name="somebody",
            role=Role.SUPERVISOR,
            password="long enough it is",
            now=now,
        )
        session.flush()
        take_task(session, session.scalars(select(MissedCall)).one().id, somebody, at=now)
    line.twilio.pass_time(150)
    line.twilio.agents_answer, line.twilio.customer_answers = lambda: (4.0, "1"), lambda: REACHED
    line.settle()
    promise, _task = state(line)
    assert (dialled(line), promise.result, promise.leg) == ([], "withdrawn", "")
    assert promise.done_at is not None


def test_where_the_news_of_a_talk_is_lost_a_person_decides(promised, monkeypatch):
    line, _sid = promised(Knobs())
    line.twilio.agents_answer, line.twilio.customer_answers = (
        lambda: (4.0, "1"),
        lambda: replace(REACHED, talk_s=5.0),
    )
    monkeypatch.setattr("ivr.twilio.agents.take_result", lambda *_: None)
    line.settle()
    promise, task = state(line)
    assert (promise.result, promise.done_at is not None, len(dialled(line))) == ("unknown", True, 1)
    assert task.disposition == ""
