"""Whole calls on the virtual Twilio end up in the call log as calls on Asterisk do."""

from datetime import timedelta

import pytest
from sqlalchemy import select, text

from ivr.callbacks.models import Callback
from ivr.callers.lists import list_caller
from ivr.models import Agent, Call, Queue, QueueVisit
from ivr.services import call_path
from ivr.twilio.models import TwilioCall
from ivr.waiting.judging import judge
from ivr.waiting.models import WaitPrediction
from ivr.waiting.wording import wait_prompt
from tests.integration.twilio.virtual_legs import HANG_UP, Knobs, QueuePlan, ScriptedCaller


def the_call(session, sid):
    return session.scalars(select(Call).where(Call.provider_call_id == sid)).one()


def test_a_caller_is_greeted_waits_talks_and_rates(hotline):
    line = hotline(Knobs())
    sid = line.twilio.call(ScriptedCaller(keys=["1", "1", "5"], queues=[QueuePlan("bridged", talk_s=30.0)]))
    line.settle()
    with line.installation.unit_of_work(read_only=True) as session:
        call = the_call(session, sid)
        assert (call.provider, call.outcome, call.survey_score) == ("twilio", "answered", 1)
        assert (call.caller, call.dialled) == ("13800138000", "+864008000000")
        (visit,) = call.visits
        assert (visit.queue.name, visit.outcome, visit.ended_by) == ("consulting", "answered", "agent")
        assert visit.agent.code == "2001"
        assert visit.talk_s == pytest.approx(30.0, abs=1.0)
        assert call.ring_s == pytest.approx(4.0, abs=1.0)
        assert [step.kind for step in call_path(session, call)][-1] == "hangup"


@pytest.mark.parametrize(
    ("caller", "outcome", "visit"),
    [
        (
            ScriptedCaller(keys=["1", "1"], queues=[QueuePlan("abandoned", after_s=3.0)]),
            "abandoned",
            "abandoned",
        ),
        (ScriptedCaller(keys=["1", HANG_UP]), "hung_up", None),
        (
            ScriptedCaller(keys=["1", "2", "1"], queues=[QueuePlan("callback", after_s=2.0)]),
            "callback",
            "key",
        ),
        (
            ScriptedCaller(
                keys=["2", "1", "3"], queues=[QueuePlan("timeout"), QueuePlan("timeout")], messages=[9.0]
            ),
            "voicemail",
            "timeout",
        ),
    ],
)
def test_callers_who_reach_nobody(hotline, caller, outcome, visit):
    line = hotline(Knobs())
    line.twilio.agents_answer = lambda: (99.0, "")
    sid = line.twilio.call(caller)
    line.settle()
    with line.installation.unit_of_work(read_only=True) as session:
        call = the_call(session, sid)
        assert call.outcome == outcome
        assert {v.outcome for v in call.visits} == ({visit} if visit else set())
        if outcome == "callback":
            (promise,) = session.scalars(select(Callback))
            assert (promise.number, promise.queue) == ("13800138000", "after_sales")
        if outcome == "voicemail":
            rings = [ring.outcome for v in call.visits for ring in v.rings]
            assert set(rings) == {"no_answer", "cancelled"}


def test_an_agent_who_does_not_press_the_key_gets_no_call(hotline):
    """A mailbox answers too."""
    line = hotline(Knobs())
    answers = iter([(2.0, ""), (2.0, "1")])
    line.twilio.agents_answer = lambda: next(answers)
    sid = line.twilio.call(ScriptedCaller(keys=["1", "1"], queues=[QueuePlan("bridged")]))
    line.settle()
    with line.installation.unit_of_work(read_only=True) as session:
        (visit,) = the_call(session, sid).visits
        assert [ring.outcome for ring in visit.rings] == ["no_answer", "answered"]
        assert session.scalars(select(QueueVisit)).one().agent.code == "2002"
        assert session.scalars(select(Agent.code)).all() == ["2001", "2002"]


def _list(line, number, kind):
    with line.installation.unit_of_work() as session:
        list_caller(session, number, kind, reason="for a test", at=line.installation.clock.now())


def test_a_blocked_caller_is_rejected_and_an_important_one_is_rung_for_first(hotline):
    line = hotline(Knobs())
    _list(line, "13800138000", "blocked")
    _list(line, "13900139000", "important")
    refused = line.twilio.call(ScriptedCaller(number="+8613800138000"))
    line.settle()
    important = line.twilio.call(
        ScriptedCaller(keys=["1", "1"], number="+8613900139000", queues=[QueuePlan("bridged")])
    )
    line.settle()
    with line.installation.unit_of_work(read_only=True) as session:
        assert the_call(session, refused).outcome == "blocked"
        assert the_call(session, refused).visits == []
        assert the_call(session, important).outcome == "answered"
        assert session.get(TwilioCall, important).priority == 10


def test_lists_that_cannot_be_read_cost_nobody_the_call(hotline):
    line = hotline(Knobs())
    with line.installation.unit_of_work() as session:
        session.execute(text("DROP TABLE listed_caller"))
    sid = line.twilio.call(ScriptedCaller(keys=["1", "1"], queues=[QueuePlan("bridged")]))
    line.settle()
    with line.installation.unit_of_work(read_only=True) as session:
        assert the_call(session, sid).outcome == "answered"


def test_a_waiting_caller_hears_an_honest_range_which_is_judged_afterwards(hotline):
    """Twenty callers before have taught the line: an answer every minute from two agents."""
    line = hotline(Knobs())
    _teach(line.installation)
    documents = []
    line.app.after_request(lambda answer: documents.append(answer.get_data(as_text=True)) or answer)
    line.twilio.agents_answer = lambda: (99.0, "")
    sid = line.twilio.call(ScriptedCaller(keys=["1", "1"], queues=[QueuePlan("timeout")]))
    line.settle()
    with line.installation.unit_of_work(read_only=True) as session:
        told = session.scalars(select(WaitPrediction).order_by(WaitPrediction.number)).all()
        first = [row for row in told if row.provider_call_id == sid]
        assert len({row.number for row in first}) == len(first) >= 3
        assert first[0].said is not None
        assert (first[0].queue, first[0].place) == ("consulting", 1)
        said = [wait_prompt(row.said, "zh").text for row in first]
    assert all(text in "".join(documents) for text in said)
    since = line.installation.clock.now() - timedelta(days=1)
    with line.installation.unit_of_work(read_only=True) as session:
        (found,) = judge(session, since=since, until=line.installation.clock.now() + timedelta(days=1))
    assert found.announced == len(first)


def _teach(installation):
    now = installation.clock.now()
    with installation.unit_of_work() as session:
        queue = session.scalars(select(Queue).where(Queue.name == "consulting")).one()
        for number in range(20):
            answered_at = now - timedelta(minutes=number)
            entered_at = answered_at - timedelta(minutes=4)
            call = Call(
                provider="twilio",
                provider_call_id=f"before{number}",
                outcome="answered",
                started_at=entered_at,
            )
            call.visits = [
                QueueVisit(
                    number=1, queue_id=queue.id, entered_at=entered_at, left_queue_at=answered_at,
                    outcome="answered", wait_s=240.0, talk_s=110.0,
                )
            ]  # fmt: skip
            session.add(call)
