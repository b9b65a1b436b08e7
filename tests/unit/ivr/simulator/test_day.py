"""A simulated day must be a believable day, the same for the same seed, and tell planned calls as planned."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import pairwise

import pytest
from sqlalchemy import func, select

from core.errors import BadInput
from core.events import OutboxEvent
from ivr.flow.check import shipped_flow
from ivr.ledger.store import rebuild
from ivr.models import Agent, Call, CallEvent, Queue, QueueMember, QueueVisit
from ivr.simulator.day import simulate_day
from ivr.simulator.importing import import_day, working_agents
from ivr.simulator.plan import DayPlan, PlannedCall, SimulatedAgent

WORK = {
    "1001": {"consulting": 0, "after_sales": 1},
    "1002": {"consulting": 0, "complaints": 1},
    "1003": {"after_sales": 0},
    "1004": {"after_sales": 0},
    "1005": {"complaints": 0, "consulting": 1},
    "1006": {"complaints": 0, "after_sales": 0},
}
AGENTS = tuple(
    SimulatedAgent(code=code, interface=f"PJSIP/{code}", queues=queues) for code, queues in WORK.items()
)
PLANNED = (
    *(
        PlannedCall(
            key=f"planned-{number}",
            queue=next(iter(WORK[agent])),
            agent=agent,
            caller=f"1900001{number:04}",
            ivr_s=14 + number,
            wait_s=float(number % 3) * 20,
            ring_s=float(3 + number),
            talk_s=60.0 + 7 * number,
            hung_up_by="agent" if number % 2 else "caller",
            survey=4,
        )
        for number, agent in enumerate([*WORK, *WORK, *WORK])
    ),
    PlannedCall(
        key="message",
        queue="consulting",
        agent=None,
        caller="19000012345",
        ivr_s=33,
        ring_s=0,
        talk_s=21,
    ),
)
PLAN = DayPlan(day=date(2026, 11, 20), agents=AGENTS, planned=PLANNED)


@pytest.fixture(scope="module")
def flow():
    return shipped_flow()


@pytest.fixture(scope="module")
def day(flow):
    return simulate_day(flow, PLAN, seed=3)


def test_the_same_seed_gives_the_same_day_and_another_one_another(flow, day):
    assert simulate_day(flow, PLAN, seed=3) == day
    assert simulate_day(flow, PLAN, seed=4).queue_log_lines() != day.queue_log_lines()


@pytest.mark.parametrize("seed", range(4))
def test_a_day_is_a_believable_day(flow, seed):
    day = simulate_day(flow, replace(PLAN, planned=()), seed=seed)
    lines = [line.split("|") for line in day.queue_log_lines()]
    events = Counter(line[4] for line in lines)
    quick = sum(line[4] == "CONNECT" and int(line[5]) <= 20 for line in lines)

    assert len(day.calls) == 400
    assert 0.7 < quick / events["ENTERQUEUE"] < 0.92
    assert 0.02 < events["ABANDON"] / events["ENTERQUEUE"] < 0.12
    assert events["RINGNOANSWER"] > 0
    assert {line[5] for line in lines if line[4] == "PAUSE"} == {"short_break", "lunch", "after_call_work"}
    outcomes = Counter(call.outcome for call in day.calls)
    assert {"served", "completed", "abandoned", "voicemail", "hung_up"} <= set(outcomes)


def test_the_log_is_one_asterisk_could_have_written(day):
    lines = [line.split("|") for line in day.queue_log_lines()]
    counted = Counter(line[4] for line in lines)

    assert all(int(before[0]) <= int(after[0]) for before, after in pairwise(lines))
    ends = ("COMPLETEAGENT", "COMPLETECALLER", "ABANDON", "EXITWITHTIMEOUT", "EXITWITHKEY")
    assert counted["ENTERQUEUE"] == sum(counted[event] for event in ends)
    assert counted["ADDMEMBER"] == counted["REMOVEMEMBER"]
    assert counted["PAUSEALL"] == counted["UNPAUSEALL"]
    assert {len(line) for line in lines if line[4] == "ENTERQUEUE"} == {8}


def test_no_agent_does_two_things_at_once(day):
    spans = {}
    for line in (line.split("|") for line in day.queue_log_lines()):
        at, agent, event = int(line[0]), line[3], line[4]
        if event == "CONNECT":
            spans.setdefault(agent, []).append([at - int(line[7]), None])
        elif event.startswith("COMPLETE"):
            spans[agent][-1][1] = at
        elif event == "RINGNOANSWER":
            spans.setdefault(agent, []).append([at - int(line[5]) // 1000, at])
    for theirs in spans.values():
        assert all(before[1] <= after[0] for before, after in pairwise(theirs))


def test_planned_calls_are_logged_as_their_audio_tells(installation, clock, day):
    clock.at = datetime(2026, 11, 21, tzinfo=UTC)
    import_day(installation, day)
    ids = {call.key: call.call_id for call in day.calls if call.key}

    with installation.unit_of_work(read_only=True) as session:
        for planned in PLANNED:
            call = session.scalars(select(Call).where(Call.provider_call_id == ids[planned.key])).one()
            assert call.caller == planned.caller
            if planned.agent is None:
                assert call.outcome == "voicemail"
                assert (call.ended_at - call.started_at).total_seconds() == pytest.approx(33 + 21, abs=0.01)
                continue
            (visit,) = call.visits
            in_flow_s = (visit.entered_at - call.started_at).total_seconds()
            assert in_flow_s == pytest.approx(planned.ivr_s, abs=1)
            assert call.agent.interface == f"PJSIP/{planned.agent}"
            assert (call.ring_s, call.talk_s) == (planned.ring_s, planned.talk_s)
            assert call.wait_s == planned.wait_s + planned.ring_s
            assert visit.ended_by == planned.hung_up_by
            assert call.survey_score == (4 if planned.hung_up_by == "agent" else None)


def test_a_day_goes_through_the_ledger_once(installation, clock, day):
    clock.at = datetime(2026, 11, 21, tzinfo=UTC)

    def counts():
        with installation.unit_of_work(read_only=True) as session:
            rows = (Call, CallEvent, QueueVisit, OutboxEvent, Agent)
            return [session.scalar(select(func.count()).select_from(row)) for row in rows]

    import_day(installation, day)
    before = counts()
    import_day(installation, day)
    rebuild(installation)

    assert counts() == before
    assert before[0] == before[3] == 400
    assert before[4] == 6
    with installation.unit_of_work(read_only=True) as session:
        outcomes = Counter(session.scalars(select(Call.outcome)))
        visits = Counter(session.scalars(select(QueueVisit.outcome)))
        assert session.scalar(select(func.count()).where(Call.survey_score.is_not(None))) > 10
    assert not {"open", "failed"} & set(outcomes)
    assert not {"waiting", "orphan"} & set(visits)


def test_a_plan_that_cannot_be_is_refused(flow):
    nobody = replace(PLANNED[0], agent="9999")
    twice = [replace(PLANNED[0], key=key, start_s=36_000.0 + n) for n, key in enumerate("ab")]

    for planned in ((nobody,), tuple(twice)):
        with pytest.raises(BadInput):
            simulate_day(flow, replace(PLAN, planned=planned))


def test_a_planned_call_comes_when_it_is_told_to(flow):
    planned = replace(PLANNED[0], start_s=36_000.0)

    day = simulate_day(flow, replace(PLAN, planned=(planned,)))

    (call,) = (call for call in day.calls if call.key)
    assert abs((call.started_at - PLAN.at(36_000)).total_seconds()) <= 1


def test_the_installations_agents_can_work_a_day(session):
    queue = Queue(name="consulting", title_zh="咨询", title_en="Enquiries")
    queue.members = [
        QueueMember(agent=Agent(code="1001", name="王敏", interface="PJSIP/1001"), penalty=1),
        QueueMember(agent=Agent(code="1002", name="李娜", interface="PJSIP/1002", active=False)),
    ]
    session.add(queue)
    session.flush()

    assert working_agents(session) == (
        SimulatedAgent(code="1001", interface="PJSIP/1001", queues={"consulting": 1}),
    )
