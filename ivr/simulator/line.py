"""One call from ring to hang-up: the driver that carries out the flow's instructions for a simulated caller."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from datetime import datetime
from random import Random

from ivr.flow import instructions as told
from ivr.flow.document import Flow
from ivr.flow.events import (
    DialResult,
    Digits,
    Event,
    HungUp,
    LookupResult,
    NoInput,
    QueueResult,
    RecordResult,
    Start,
)
from ivr.flow.interpreter import Advance, advance, begin
from ivr.ledger.steps import FlowStep, first_step, steps_of
from ivr.simulator.agenda import Agenda
from ivr.simulator.callers import HANG_UP, Caller, reply, speech_s, ways_to
from ivr.simulator.floor import QueueEnd
from ivr.simulator.plan import DayPlan

_DIAL_RING_S = 8.0
_DIAL_TALK_S = 60.0

Course = Generator["float | told.Enqueue", QueueEnd | None, None]
"""A call as it goes: it asks for seconds to pass, or for a place in a queue, whose end it is sent."""


@dataclass(slots=True)
class Line:
    """A call in progress.

    Attributes:
        pace: factor on all times in the flow; a planned call's IVR lasts as long as it was given.
        reached: the caller is or was in a queue, or at the tone of the answering machine.
    """

    flow: Flow
    plan: DayPlan
    agenda: Agenda
    caller: Caller
    random: Random
    steps: list[FlowStep]
    pace: float = 1.0
    reached: bool = False

    def course(self) -> Course:
        """Run the call."""
        start = Start(
            caller=self.caller.number,
            called=self.plan.dialled,
            at=self._now(),
            vip=self.caller.vip,
            blocked=self.caller.blocked,
        )
        answer = begin(self.flow, start)
        self.steps.append(first_step(answer.state))
        self._note(answer)
        ways = ways_to(self.flow, self.caller.wants)
        hung_up = False
        while not answer.state.ended:
            event: Event
            if hung_up:
                event = HungUp(at=self._now())
            else:
                yield from self._speak(answer)
                event, hung_up = yield from self._respond(answer, ways)
            answer = advance(self.flow, answer.state, event)
            self._note(answer)

    def _note(self, answer: Advance) -> None:
        self.steps += steps_of(self.flow, answer, number=len(self.steps))

    def _now(self) -> datetime:
        return self.plan.at(self.agenda.now)

    def _speak(self, answer: Advance) -> Course:
        said = sum(speech_s(i.speech) for i in answer.instructions if isinstance(i, told.Say))
        if said:
            yield said * self.pace

    def _respond(
        self, answer: Advance, ways: dict[str, int]
    ) -> Generator[float | told.Enqueue, QueueEnd | None, tuple[Event, bool]]:
        """Answer the instruction that waits; also return whether the caller has hung up with it."""
        match answer.instructions[-1]:
            case told.Ask() as ask:
                keys, after_s = reply(self.caller, self.flow, answer.state, ask, ways, self.random)
                yield after_s * self.pace
                return self._pressed(keys), False
            case told.Enqueue() as enqueue:
                self.reached = True
                end = yield enqueue
                return self._let_go(end)
            case told.Record() as record:
                self.reached = True
                seconds = min(self.caller.message_s, record.max_s)
                yield seconds + (0.0 if seconds else record.silence_s)
                return RecordResult(seconds=seconds, at=self._now()), bool(seconds)
            case told.Dial():
                yield _DIAL_RING_S + _DIAL_TALK_S
                result = DialResult(
                    result="answered", at=self._now(), ring_s=_DIAL_RING_S, talk_s=_DIAL_TALK_S
                )
                return result, False
            case told.Lookup():
                yield 1.0
                return LookupResult(result="missing", at=self._now()), False
            case other:
                message = f"a flow waits for {type(other).__name__}, which nobody can answer"
                raise AssertionError(message)

    def _pressed(self, keys: str) -> Event:
        if keys == HANG_UP:
            return HungUp(at=self._now())
        return Digits(digits=keys, at=self._now()) if keys else NoInput(at=self._now())

    def _let_go(self, end: QueueEnd | None) -> tuple[Event, bool]:
        if end is None:
            message = "a queue let go of a caller without saying how"
            raise AssertionError(message)
        result = QueueResult(result=end.result, at=self._now(), wait_s=end.wait_s, talk_s=end.talk_s)
        return result, end.hung_up
