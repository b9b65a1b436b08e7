"""One flow, several drivers: a random caller has the same call on Twilio as on paper, whatever the network does."""

from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from random import Random

import pytest
from sqlalchemy import delete, select, update

import ivr.asterisk.driver
import ivr.twilio.calls
import ivr.twilio.ending
from core.errors import RetryLater
from core.events import OutboxEvent
from core.jobs import Job
from ivr.callbacks.models import Callback
from ivr.flow import instructions as told
from ivr.flow.check import shipped_flow
from ivr.flow.events import Digits, HungUp, NoInput, QueueResult, RecordResult, Start
from ivr.flow.interpreter import advance, begin
from ivr.ledger.steps import first_step, steps_of
from ivr.models import Call, CallEvent
from ivr.twilio.models import TwilioCall
from tests.integration.twilio.on_asterisk import call_on_asterisk
from tests.integration.twilio.virtual_legs import HANG_UP, Knobs, QueuePlan, ScriptedCaller
from tests.integration.twilio.virtual_twilio import NUMBER

CALLERS = {False: 240, True: 2000}
GROUPS = 6
TIMES = [
    datetime(2026, 3, 2, 2, 0, tzinfo=UTC),  # a Monday, ten in the morning in Shanghai
    datetime(2026, 3, 2, 12, 0, tzinfo=UTC),  # the same evening
    datetime(2026, 3, 7, 2, 0, tzinfo=UTC),  # a Saturday
    datetime(2026, 10, 1, 2, 0, tzinfo=UTC),  # National Day
]
ANSWERS = ["1", "1", "2", "3", "0", "9", "", "", "#", "*", "7", "13900001234#", "0#", HANG_UP]
OUTCOMES = ["bridged", "bridged", "abandoned", "callback", "timeout"]


def random_caller(random):
    """A caller of any mood; the same number gives the same one, twice."""
    first = [random.choice(["1", "2"]), random.choice(["0", "1", "2", "3"])] if random.random() < 0.7 else []
    return {
        "keys": first + random.choices(ANSWERS, k=14),
        "queues": [
            QueuePlan(
                random.choice(OUTCOMES),
                after_s=random.choice([2.0, 11.0, 47.0]),
                talk_s=random.choice([3.0, 61.0]),
                ended_by=random.choice(["agent", "caller"]),
            )
            for _ in range(6)
        ],
        "messages": random.choices([0.0, 1.0, 8.0, 33.0], k=3),
        "number": random.choice(["+8613800138000", "+862112345678", "+14155550100", "+266696687"]),
    }


def on_paper(flow, caller, at):
    """Walk the flow as the interpreter alone would have it; returns its steps and last state."""
    number = {"+8613800138000": "13800138000", "+862112345678": "02112345678", "+266696687": ""}
    start = Start(caller=number.get(caller.number, caller.number), called=NUMBER, at=at)
    answer = begin(flow, start)
    steps = [first_step(answer.state), *steps_of(flow, answer, number=1)]
    gone = False
    while not answer.state.ended:
        event, gone = (HungUp(at=at), True) if gone else next_event(answer.instructions[-1], caller, at)
        answer = advance(flow, answer.state, event)
        steps += steps_of(flow, answer, number=len(steps))
    return steps, answer.state


def next_event(waiting, caller, at):
    """Answer what the flow waits for; also say whether the caller hangs up with it."""
    match waiting:
        case told.Ask():
            keys = caller.next_keys()
            if keys == HANG_UP:
                return HungUp(at=at), True
            if waiting.finish_key:
                keys = keys.partition(waiting.finish_key)[0]
            keys = keys[: waiting.max_digits]
            return (Digits(digits=keys, at=at) if keys else NoInput(at=at)), False
        case told.Enqueue():
            plan = caller.next_queue()
            result = QueueResult(result=plan.outcome, at=at)
            return result, plan.outcome == "bridged" and plan.ended_by == "caller"
        case told.Record():
            seconds = caller.next_message()
            return RecordResult(seconds=seconds, at=at), bool(seconds)


@contextmanager
def busy_database(installation, monkeypatch):
    @contextmanager
    def refuse(*_args, **_options):
        raise RetryLater("busy")
        yield

    with monkeypatch.context() as patch:
        patch.setattr(type(installation), "unit_of_work", refuse)
        yield


@pytest.fixture
def last_state(monkeypatch):
    """The interpreter's last state of the call under way: the driver forgets it with the call."""
    seen = {}

    def watched(function):
        def watch(*arguments):
            answer = function(*arguments)
            seen["state"] = answer.state
            return answer

        return watch

    monkeypatch.setattr(ivr.asterisk.driver, "begin", watched(begin))
    monkeypatch.setattr(ivr.asterisk.driver, "advance", watched(advance))
    monkeypatch.setattr(ivr.twilio.calls, "begin", watched(begin))
    monkeypatch.setattr(ivr.twilio.calls, "advance", watched(advance))
    monkeypatch.setattr(ivr.twilio.ending, "advance", watched(advance))
    return seen


@pytest.mark.slow
@pytest.mark.parametrize("group", range(GROUPS))
def test_random_callers_have_the_same_call_on_paper_on_twilio_and_on_asterisk(
    hotline, monkeypatch, last_state, tmp_path, group, thorough
):
    flow = shipped_flow()
    line = hotline(Knobs())
    line.twilio.out_of_order = lambda: busy_database(line.installation, monkeypatch)
    clock = line.installation.clock
    for number in range(group, CALLERS[thorough], GROUPS):
        random = Random(number)
        line.twilio.knobs = Knobs(
            queue_time_is_total=random.random() < 0.5,
            duplicate=number % 2 == 0,
            reorder_status=number % 3 == 0,
            status_before_result=random.random() < 0.3,
            failures=0.15 if number % 5 == 0 else 0.0,
            recording_absent=True,
        )
        script = random_caller(random)
        at = random.choice(TIMES)
        line.twilio.start, line.twilio.now, clock.at = at, 0.0, at
        steps, state = on_paper(flow, ScriptedCaller(**script), at)
        sid = line.twilio.call(ScriptedCaller(**script))
        line.settle()
        assert path_of(line.installation, sid) == [told_of(step) for step in steps], number
        reached = replace(last_state["state"], at=at, started_at=at)
        assert reached == replace(state, at=at, started_at=at), number
        forget_jobs(line.installation)
        clock.at = at
        by_agi = call_on_asterisk(flow, ScriptedCaller(**script), clock, tmp_path, number)
        assert [told_of(step) for step in by_agi] == [told_of(step) for step in steps], number
        assert last_state["state"] == replace(state, at=at, started_at=at), number


def told_of(step):
    return (step.kind, step.queue, dict(step.fields))


def path_of(installation, sid):
    with installation.unit_of_work(read_only=True) as session:
        events = session.scalars(
            select(CallEvent).where(CallEvent.origin == f"twilio/{sid}").order_by(CallEvent.position)
        )
        call = session.scalars(select(Call).where(Call.provider_call_id == sid)).one()
        assert call.outcome != "open"
        assert call.end_published_at is not None
        return [(event.kind, event.queue, event.fields) for event in events]


def forget_jobs(installation):
    with installation.unit_of_work() as session:
        session.execute(delete(Job))
        session.execute(delete(OutboxEvent))
        session.execute(update(Callback).values(done_at=installation.clock.now()))
        session.execute(update(TwilioCall).values(line=""))
