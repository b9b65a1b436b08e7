"""The agents of a simulated day: signing in and out, breaks, and being kept free for a planned call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Final, Literal

from ivr.simulator.agenda import Agenda
from ivr.simulator.log import MANAGER, NONE, QueueLog
from ivr.simulator.plan import BREAK_STEP_H, BREAKS, HOUR, DayPlan, SimulatedAgent

KEPT_FREE_S: Final = 150.0
"""An agent takes no other call so shortly before a planned one."""

_ASK_AGAIN_S: Final = 120.0
_AFTER_CALL_WORK: Final = "after_call_work"


@dataclass(slots=True)
class Agent:
    """An agent at work.

    Attributes:
        state: `busy` while ringing, talking or writing up.
        free_since: whoever is free longest is rung first.
        kept_for: times (seconds after midnight) of the planned calls still to come, in order.
    """

    who: SimulatedAgent
    state: Literal["away", "free", "busy", "paused"] = "away"
    free_since: float = 0.0
    kept_for: list[float] = field(default_factory=list)

    def time_for_a_call(self, now: float) -> float:
        """Return how many seconds there are until the next planned call."""
        return self.kept_for[0] - now if self.kept_for else float("inf")

    def can_take(self, now: float, planned_for: str | None) -> bool:
        """Return whether the agent may be rung for a call that is planned for somebody, or for nobody."""
        if self.state != "free":
            return False
        if planned_for is not None:
            return planned_for == self.who.code
        return self.time_for_a_call(now) > KEPT_FREE_S


class Staff:
    """All agents and their day."""

    def __init__(self, plan: DayPlan, agenda: Agenda, log: QueueLog, changed: Callable[[], None]) -> None:
        """`changed` is called whenever somebody has become free."""
        self.agents = [Agent(who) for who in plan.agents]
        self._plan = plan
        self._agenda = agenda
        self._log = log
        self._changed = changed
        for number, agent in enumerate(self.agents):
            agenda.at(plan.opens_h * HOUR + 17 * number, partial(self._sign_in, agent))
            agenda.at(plan.closes_h * HOUR + 5 * number, partial(self._sign_out, agent))
            for reason, hour, minutes in BREAKS:
                at = (hour + BREAK_STEP_H * number) * HOUR
                agenda.at(at, partial(self._go, agent, reason, minutes * 60.0))

    def of(self, code: str) -> Agent:
        """Return the agent with a code."""
        return next(agent for agent in self.agents if agent.who.code == code)

    def release(self, agent: Agent) -> None:
        """Make an agent free for the next call."""
        agent.state = "free"
        agent.free_since = self._agenda.now
        self._changed()

    def write_up(self, agent: Agent, seconds: float) -> None:
        """Give an agent no calls for the work after one."""
        self._write_pause(agent, "PAUSE", _AFTER_CALL_WORK)
        self._agenda.after(seconds, lambda: self._return(agent))

    def _at(self) -> datetime:
        return self._plan.at(self._agenda.now)

    def _sign_in(self, agent: Agent) -> None:
        for queue in agent.who.queues:
            self._log.write(self._at(), MANAGER, queue, agent.who.interface, "ADDMEMBER")
        self.release(agent)

    def _sign_out(self, agent: Agent) -> None:
        if agent.state != "free":
            self._agenda.after(_ASK_AGAIN_S / 4, lambda: self._sign_out(agent))
            return
        agent.state = "away"
        for queue in agent.who.queues:
            self._log.write(self._at(), MANAGER, queue, agent.who.interface, "REMOVEMEMBER")

    def _go(self, agent: Agent, reason: str, seconds: float) -> None:
        """Go for a break, or a little later when there is no time for it now."""
        if agent.state != "free" or agent.time_for_a_call(self._agenda.now) < seconds + KEPT_FREE_S:
            if self._agenda.now < self._plan.closes_h * HOUR - seconds:
                self._agenda.after(_ASK_AGAIN_S, lambda: self._go(agent, reason, seconds))
            return
        agent.state = "paused"
        self._write_pause(agent, "PAUSE", reason)
        self._agenda.after(seconds, lambda: self._return(agent))

    def _return(self, agent: Agent) -> None:
        self._write_pause(agent, "UNPAUSE", "")
        self.release(agent)

    def _write_pause(self, agent: Agent, event: str, reason: str) -> None:
        self._log.write(self._at(), NONE, NONE, agent.who.interface, f"{event}ALL", reason)
        for queue in agent.who.queues:
            self._log.write(self._at(), NONE, queue, agent.who.interface, event, reason)
