"""The queues: who waits, who is rung, who answers, and the lines Asterisk's app_queue writes about it.

As in Asterisk, several callers can be rung for at once (autofill), the longest-free agent of the lowest
penalty is rung, and a queue's time limit is looked at between ring attempts, never during one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Final

from ivr.flow.events import QueueOutcome
from ivr.simulator.agenda import Agenda
from ivr.simulator.callers import Caller
from ivr.simulator.log import QueueLog
from ivr.simulator.plan import DayPlan, PlannedCall
from ivr.simulator.staff import Agent, Staff

RING_LIMIT_S: Final = 15.0
RETRY_S: Final = 1.0
_NO_ANSWER: Final = 0.035
_WRITE_UP_S: Final = (10.0, 60.0)


@dataclass(frozen=True, slots=True)
class QueueEnd:
    """How a queue let go of a caller; `hung_up`: the caller is not on the line any more."""

    result: QueueOutcome
    wait_s: float
    talk_s: float = 0.0
    hung_up: bool = False


@dataclass(eq=False, slots=True)
class Waiting:
    """A caller in a queue.

    Attributes:
        call: the call's unique id.
        limit_s: the queue's time limit.
        callback_key: key that leaves the queue, pressed after `callback_after_s` (None: never).
        resume: what to do when the queue lets go.
    """

    call: str
    caller: Caller
    queue: str
    priority: int
    limit_s: float
    callback_key: str
    callback_after_s: float | None
    planned: PlannedCall | None
    random: Random
    resume: Callable[[QueueEnd], None]
    joined: float = 0.0
    original_position: int = 1
    ring: Ring | None = None
    overdue: bool = False
    gone: bool = False


@dataclass(eq=False, slots=True)
class Ring:
    """An agent's telephone ringing for a caller since a time."""

    agent: Agent
    began: float


class Floor:
    """All queues of the hotline."""

    def __init__(self, plan: DayPlan, agenda: Agenda, log: QueueLog) -> None:
        self._plan = plan
        self._agenda = agenda
        self._log = log
        self._waiting: list[Waiting] = []
        self.staff = Staff(plan, agenda, log, self._dispatch)

    def join(self, waiting: Waiting) -> None:
        """Let a caller into a queue."""
        now = self._agenda.now
        waiting.joined = now
        self._waiting.append(waiting)
        self._waiting.sort(key=lambda other: (-other.priority, other.joined))
        waiting.original_position = self._position(waiting)
        position = waiting.original_position
        self._write(waiting, "", "ENTERQUEUE", "", waiting.caller.number, position)
        self._agenda.after(waiting.limit_s, lambda: self._time_out(waiting))
        self._agenda.after(waiting.caller.patience_s, lambda: self._abandon(waiting))
        if waiting.callback_after_s is not None:
            self._agenda.after(waiting.callback_after_s, lambda: self._press_key(waiting))
        if waiting.planned is not None:
            self._agenda.after(waiting.planned.wait_s, self._dispatch)
        self._dispatch()

    def _position(self, waiting: Waiting) -> int:
        same_queue = [other for other in self._waiting if other.queue == waiting.queue]
        return same_queue.index(waiting) + 1

    def _dispatch(self) -> None:
        for waiting in list(self._waiting):
            if waiting.ring is None and (agent := self._free_agent(waiting)) is not None:
                self._start_ring(waiting, agent)

    def _free_agent(self, waiting: Waiting) -> Agent | None:
        now = self._agenda.now
        planned = waiting.planned
        if planned is not None and now < waiting.joined + planned.wait_s:
            return None
        able = [
            agent
            for agent in self.staff.agents
            if waiting.queue in agent.who.queues and agent.can_take(now, planned.agent if planned else None)
        ]
        return min(able, key=lambda agent: (agent.who.queues[waiting.queue], agent.free_since), default=None)

    def _start_ring(self, waiting: Waiting, agent: Agent) -> None:
        agent.state = "busy"
        ring = waiting.ring = Ring(agent, self._agenda.now)
        if waiting.planned is not None:
            self._agenda.after(waiting.planned.ring_s, lambda: self._answer(waiting, ring))
        elif waiting.random.random() < _NO_ANSWER:
            self._agenda.after(RING_LIMIT_S, lambda: self._not_answered(waiting, ring))
        else:
            rings_s = min(RING_LIMIT_S - 0.5, waiting.random.lognormvariate(1.5, 0.5))
            self._agenda.after(rings_s, lambda: self._answer(waiting, ring))

    def _answer(self, waiting: Waiting, ring: Ring) -> None:
        if waiting.ring is not ring:
            return
        now = self._agenda.now
        agent_channel = self._log.channel(self._plan.at(ring.began))
        rang_s = int(now - ring.began + 0.001)
        self._write(
            waiting, ring.agent.who.interface, "CONNECT", self._waited(waiting), agent_channel, rang_s
        )
        self._remove(waiting)
        talk_s = waiting.caller.talk_s
        if waiting.planned is None:
            talk_s = max(5.0, min(talk_s, ring.agent.time_for_a_call(now) - _WRITE_UP_S[1] - 5))
        elif ring.agent.kept_for:
            ring.agent.kept_for.pop(0)
        self._agenda.after(talk_s, lambda: self._complete(waiting, ring.agent, now))

    def _complete(self, waiting: Waiting, agent: Agent, answered: float) -> None:
        caller_left = waiting.caller.hung_up_by == "caller"
        event = "COMPLETECALLER" if caller_left else "COMPLETEAGENT"
        wait_s = self._seconds(waiting.joined, answered)
        talk_s = self._seconds(answered, self._agenda.now)
        self._write(waiting, agent.who.interface, event, wait_s, talk_s, waiting.original_position)
        self.staff.write_up(agent, waiting.random.uniform(*_WRITE_UP_S))
        talked_s = self._agenda.now - answered
        waiting.resume(QueueEnd("bridged", answered - waiting.joined, talked_s, hung_up=caller_left))

    def _not_answered(self, waiting: Waiting, ring: Ring) -> None:
        if waiting.ring is not ring:
            return
        rang_ms = int((self._agenda.now - ring.began) * 1000)
        self._write(waiting, ring.agent.who.interface, "RINGNOANSWER", rang_ms)
        waiting.ring = None
        if waiting.overdue:
            self._time_out(waiting)
        self._agenda.after(RETRY_S, lambda: self.staff.release(ring.agent))

    def _time_out(self, waiting: Waiting) -> None:
        if waiting.ring is not None:
            waiting.overdue = True
        elif not waiting.gone:
            self._leave(waiting, "EXITWITHTIMEOUT", "timeout")

    def _abandon(self, waiting: Waiting) -> None:
        if not waiting.gone:
            self._cancel_ring(waiting)
            self._leave(waiting, "ABANDON", "abandoned")

    def _press_key(self, waiting: Waiting) -> None:
        if not waiting.gone:
            self._cancel_ring(waiting)
            self._leave(waiting, "EXITWITHKEY", "callback", waiting.callback_key)

    def _leave(self, waiting: Waiting, event: str, result: QueueOutcome, *before: object) -> None:
        position = self._position(waiting)
        places = (*before, position, waiting.original_position, self._waited(waiting))
        self._write(waiting, "", event, *places)
        self._remove(waiting)
        waited_s = self._agenda.now - waiting.joined
        waiting.resume(QueueEnd(result, waited_s, hung_up=result == "abandoned"))

    def _cancel_ring(self, waiting: Waiting) -> None:
        ring, waiting.ring = waiting.ring, None
        if ring is not None:
            rang_ms = int((self._agenda.now - ring.began) * 1000)
            self._write(waiting, ring.agent.who.interface, "RINGCANCELED", rang_ms)
            self._agenda.after(RETRY_S, lambda: self.staff.release(ring.agent))

    def _remove(self, waiting: Waiting) -> None:
        waiting.gone = True
        waiting.ring = None
        self._waiting.remove(waiting)

    def _waited(self, waiting: Waiting) -> int:
        return self._seconds(waiting.joined, self._agenda.now)

    def _seconds(self, began: float, ended: float) -> int:
        """Return the difference of two times as Asterisk reckons it: between whole seconds."""
        return int(self._plan.at(ended).timestamp()) - int(self._plan.at(began).timestamp())

    def _write(self, waiting: Waiting, agent: str, event: str, *fields: object) -> None:
        self._log.write(self._plan.at(self._agenda.now), waiting.call, waiting.queue, agent, event, *fields)
