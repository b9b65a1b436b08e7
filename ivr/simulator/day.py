"""A whole day: draws the callers, places the planned calls, runs everything, and keeps what was written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from random import Random
from typing import Final

from ivr.flow import instructions as told
from ivr.flow.document import Flow
from ivr.ledger.steps import FlowStep
from ivr.simulator.agenda import Agenda
from ivr.simulator.callers import Caller, random_caller
from ivr.simulator.floor import Floor, QueueEnd, Waiting
from ivr.simulator.line import Course, Line
from ivr.simulator.log import NONE, QueueLog
from ivr.simulator.places import helping_out, places
from ivr.simulator.plan import HOUR, PROFILE, DayPlan, PlannedCall

NO_LIMIT_S: Final = 24 * HOUR


@dataclass(frozen=True, slots=True)
class SimulatedCall:
    """A call of the day.

    Attributes:
        call_id: the unique id of the caller's channel.
        key: the planned call's key, empty for all others.
        outcome: how the flow says it ended.
        steps: its way through the flow.
    """

    call_id: str
    key: str
    caller: str
    dialled: str
    started_at: datetime
    outcome: str
    steps: tuple[FlowStep, ...]


@dataclass(frozen=True, slots=True)
class SimulatedDay:
    """What a day left behind."""

    plan: DayPlan
    calls: tuple[SimulatedCall, ...]
    log: tuple[str, ...]

    def queue_log_lines(self) -> tuple[str, ...]:
        """Return the queue_log, line by line."""
        return self.log

    def flow_steps(self) -> Mapping[str, tuple[FlowStep, ...]]:
        """Return each call's way through the flow, by call id."""
        return {call.call_id: call.steps for call in self.calls}


def simulate_day(flow: Flow, plan: DayPlan, seed: int = 0) -> SimulatedDay:
    """Run a day of a hotline; the same flow, plan and seed give the same day.

    Raises:
        BadInput: a planned call names an agent the plan does not have, or two of one agent overlap.
    """
    return _Day(flow, helping_out(plan), seed).run()


@dataclass(slots=True)
class _Call:
    number: int
    line: Line
    call_id: str
    planned: PlannedCall | None


class _Day:
    """The day in progress."""

    def __init__(self, flow: Flow, plan: DayPlan, seed: int) -> None:
        self.flow = flow
        self.plan = plan
        self.seed = seed
        self.agenda = Agenda()
        self.log = QueueLog()
        self.floor = Floor(plan, self.agenda, self.log)
        self.calls: list[_Call] = []

    def run(self) -> SimulatedDay:
        self.agenda.at(7 * HOUR, self._start_of_log)
        for planned, arrival in self._placed():
            self.agenda.at(arrival, partial(self._arrive_as_planned, planned))
        for number in range(self.plan.calls - len(self.plan.planned)):
            chances = self._chances(f"caller {number}")
            self.agenda.at(_arrival(chances), partial(self._arrive, chances))
        self.agenda.run()
        return SimulatedDay(
            self.plan, tuple(self._result(call) for call in self.calls), tuple(self.log.lines)
        )

    def _chances(self, name: str) -> Random:
        return Random(f"{self.seed} {name}")  # noqa: S311 - a day that can be repeated is the point

    def _start_of_log(self) -> None:
        self.log.write(self.plan.at(self.agenda.now), NONE, NONE, NONE, "QUEUESTART")

    def _arrive(self, chances: Random) -> None:
        number = f"1900000{chances.randrange(320):04}"  # a small town: some call again
        self._begin(random_caller(chances, self.plan.wanted, number), chances, None, 1.0)

    def _arrive_as_planned(self, planned: PlannedCall) -> None:
        caller, pace = _as_caller(planned), self._pace(planned)
        self._begin(caller, self._chances(planned.key), planned, pace)

    def _begin(self, caller: Caller, chances: Random, planned: PlannedCall | None, pace: float) -> None:
        line = Line(self.flow, self.plan, self.agenda, caller, chances, [], pace)
        call_id = self.log.channel(self.plan.at(self.agenda.now))
        call = _Call(len(self.calls), line, call_id, planned)
        self.calls.append(call)
        self._go_on(call, line.course(), None)

    def _go_on(self, call: _Call, course: Course, end: QueueEnd | None) -> None:
        try:
            wish = course.send(end)
        except StopIteration:
            return
        if isinstance(wish, told.Enqueue):
            self.floor.join(self._waiting(call, wish, partial(self._go_on, call, course)))
        else:
            self.agenda.after(wish, partial(self._go_on, call, course, None))

    def _waiting(self, call: _Call, enqueue: told.Enqueue, resume: partial[None]) -> Waiting:
        caller, chances = call.line.caller, call.line.random
        offered = bool(enqueue.callback_key and enqueue.announce and caller.callback)
        asks_back = call.planned is None and offered and chances.random() < 0.5
        first_offer_s = enqueue.announce_every_s + 12
        return Waiting(
            call=call.call_id,
            caller=caller,
            queue=enqueue.queue,
            priority=enqueue.priority,
            limit_s=enqueue.max_wait_s if call.planned is None else NO_LIMIT_S,
            callback_key=enqueue.callback_key,
            callback_after_s=first_offer_s if asks_back else None,
            planned=call.planned,
            random=chances,
            resume=resume,
        )

    def _result(self, call: _Call) -> SimulatedCall:
        steps = tuple(call.line.steps)
        return SimulatedCall(
            call_id=call.call_id,
            key=call.planned.key if call.planned else "",
            caller=call.line.caller.number,
            dialled=self.plan.dialled,
            started_at=steps[0].at,
            outcome=steps[-1].fields["outcome"],
            steps=steps,
        )

    def _pace(self, planned: PlannedCall) -> float:
        """Return how much slower the flow must go for this call to spend the time in it that is given."""
        rehearsal = Agenda()
        rehearsal.now = self.agenda.now
        line = Line(self.flow, self.plan, rehearsal, _as_caller(planned), self._chances(planned.key), [])
        for wish in line.course():
            if line.reached or isinstance(wish, told.Enqueue):
                break
            rehearsal.now += wish
        return planned.ivr_s / max(rehearsal.now - self.agenda.now, 0.001)

    def _placed(self) -> Iterator[tuple[PlannedCall, float]]:
        """Find a time for each planned call, and keep its agent free for it."""
        for planned, arrival in places(self.plan, self._chances("places")):
            if planned.agent is not None:
                rings_at = arrival + planned.ivr_s + planned.wait_s
                self.floor.staff.of(planned.agent).kept_for.append(rings_at)
            yield planned, arrival


def _arrival(chances: Random) -> float:
    half_hour = chances.choices(list(PROFILE), list(PROFILE.values()))[0]
    return (half_hour + chances.random() / 2) * HOUR


def _as_caller(planned: PlannedCall) -> Caller:
    return Caller(
        number=planned.caller,
        wants=planned.queue,
        talk_s=planned.talk_s,
        hung_up_by=planned.hung_up_by,
        score=planned.survey,
        message_s=0.0 if planned.agent else planned.talk_s,
        patience_s=NO_LIMIT_S,
    )
