"""A place in the day for every planned call, so that its agent is there and free when it rings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from random import Random
from typing import Final

from core.errors import BadInput
from core.i18n import gettext as _
from ivr.simulator.plan import HOUR, DayPlan, PlannedCall
from ivr.simulator.staff import KEPT_FREE_S

_AFTER_OPENING_H: Final = 0.4
_BEFORE_CLOSING_H: Final = 0.8
_MESSAGE_STEP_S: Final = 540.0
_JITTER: Final = 0.3
_HELPING: Final = 9
"""Penalty in a queue that is not one's own: everybody else is rung first."""
_WITHIN_A_SECOND: Final = 0.25
"""Queues are entered a little after a full second, so that cutting times to seconds loses nothing."""


def places(plan: DayPlan, random: Random) -> list[tuple[PlannedCall, float]]:
    """Return each planned call with its time of arrival, in order of these.

    Calls without a time of their own are spread over their agent's day; messages come after closing.

    Raises:
        BadInput: the agent is not in the plan, or two calls of one agent overlap.
    """
    for planned in plan.planned:
        _check(plan, planned)
    found = [(planned, _aligned(planned, at)) for planned, at in _times(plan, random)]
    for agent in plan.agents:
        theirs = [(at, planned) for planned, at in found if planned.agent == agent.code]
        _check_overlap(sorted(theirs, key=lambda call: call[0]), agent.code)
    return sorted(found, key=lambda place: place[1])


def helping_out(plan: DayPlan) -> DayPlan:
    """Return the plan with every agent a member of the queues they answer planned calls of."""
    agents = [
        replace(agent, queues={**dict.fromkeys(_planned_queues(plan, agent.code), _HELPING), **agent.queues})
        for agent in plan.agents
    ]
    return replace(plan, agents=tuple(agents))


def _planned_queues(plan: DayPlan, code: str) -> list[str]:
    return [planned.queue for planned in plan.planned if planned.agent == code]


def _times(plan: DayPlan, random: Random) -> Iterator[tuple[PlannedCall, float]]:
    for code in (None, *(agent.code for agent in plan.agents)):
        theirs = [planned for planned in plan.planned if planned.agent == code]
        free = [planned for planned in theirs if planned.start_s is None]
        yield from ((planned, planned.start_s) for planned in theirs if planned.start_s is not None)
        begin, end = plan.opens_h + _AFTER_OPENING_H, plan.closes_h - _BEFORE_CLOSING_H
        step = (end - begin) * HOUR / max(len(free), 1)
        for number, planned in enumerate(free):
            if code is None:
                yield planned, plan.closes_h * HOUR + _MESSAGE_STEP_S * (number + 1)
            else:
                jitter = random.uniform(-_JITTER, _JITTER)
                yield planned, begin * HOUR + step * (number + 0.5 + jitter)


def _aligned(planned: PlannedCall, at: float) -> float:
    return float(int(at + planned.ivr_s)) + _WITHIN_A_SECOND - planned.ivr_s


def _check(plan: DayPlan, planned: PlannedCall) -> None:
    if planned.agent is None:
        return
    if planned.agent not in {agent.code for agent in plan.agents}:
        told = _("planned call %(key)s: there is no agent %(code)s", key=planned.key, code=planned.agent)
        raise BadInput(told)


def _check_overlap(calls: list[tuple[float, PlannedCall]], code: str) -> None:
    for (at, first), (next_at, second) in pairwise(calls):
        ends = at + first.ivr_s + first.wait_s + first.ring_s + first.talk_s
        if next_at + second.ivr_s + second.wait_s < ends + KEPT_FREE_S:
            told = _(
                "planned calls %(first)s and %(second)s of agent %(code)s are too close to each other",
                first=first.key,
                second=second.key,
                code=code,
            )
            raise BadInput(told)
