"""This moment on every line: what Asterisk was heard to say, and what Twilio's webhooks told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from ivr.live import ASTERISK, LiveAgent, LiveFloor, LiveQueue, LiveState, read_live
from ivr.twilio.facts import PROVIDER as TWILIO
from ivr.twilio.floor import twilio_floor

LINES: Final = (ASTERISK, TWILIO)
"""The providers whose callers and agents are on the floor."""


def live_floor(session: Session, now: datetime) -> LiveState:
    """Return the floor of both lines as one.

    Twilio's part is in the database the moment its webhook is answered. So where Asterisk was never heard and
    Twilio has callers or agents, the floor is that of now; else it is as old as what Asterisk said.
    """
    asterisk, twilio = read_live(session), twilio_floor(session)
    if twilio == LiveFloor():
        return asterisk
    if asterisk.heard_at is None:
        return LiveState(floor=twilio, heard_at=now)
    return replace(asterisk, floor=_joined(asterisk.floor, twilio))


def _joined(one: LiveFloor, other: LiveFloor) -> LiveFloor:
    return LiveFloor(
        queues=tuple(_joined_queues([*one.queues, *other.queues])),
        agents=tuple(_joined_agents([*one.agents, *other.agents])),
        calls=one.calls + other.calls,
        in_menu=one.in_menu + other.in_menu,
    )


def _joined_queues(queues: Sequence[LiveQueue]) -> Iterator[LiveQueue]:
    """Yield each queue once, with the callers of both lines in the order of their waiting."""
    for name in dict.fromkeys(queue.name for queue in queues):
        parts = [queue for queue in queues if queue.name == name]
        callers = sorted((c for part in parts for c in part.waiting), key=lambda caller: caller.since)
        yield LiveQueue(
            name=name,
            waiting=tuple(replace(caller, position=place) for place, caller in enumerate(callers, start=1)),
            agents=tuple(dict.fromkeys(agent for part in parts for agent in part.agents)),
        )


def _joined_agents(agents: Sequence[LiveAgent]) -> list[LiveAgent]:
    """Return each agent once: who is on duty on both lines is where there is a call."""
    found: dict[str, LiveAgent] = {}
    for agent in agents:
        if agent.agent not in found or agent.call:
            found[agent.agent] = agent
    return list(found.values())
