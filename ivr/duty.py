"""Who is on duty and who may leave, whichever line an agent is on: Asterisk's queues or Twilio's telephones.

A hotline's rule (交接班): whoever hands over does not leave the desk before the relief is there. So the last
agent of a queue in which callers wait does not log out; a supervisor may decide otherwise, and it is noted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.errors import BadInput, Conflict
from core.i18n import gettext as _
from core.installation import Installation
from ivr.asterisk import duty as asterisk
from ivr.asterisk.duty import PAUSE_REASONS
from ivr.floor import live_floor
from ivr.live import LiveAgent, LiveState
from ivr.models import Agent, Queue, QueueMember
from ivr.twilio.duty import change_duty, is_on_twilio

Act = Literal["log_in", "pause", "resume", "log_out"]
_TAKES_NO_CALLS = frozenset({"paused", "unreachable"})


@dataclass(frozen=True, slots=True)
class DutyQueue:
    """A queue an agent serves: who waits there, and how many others are there to take them."""

    queue: Queue
    waiting: int
    others: int


@dataclass(frozen=True, slots=True)
class Duty:
    """What an agent does now.

    Attributes:
        line: `asterisk` or `twilio`.
        doing: None when logged out, or when nothing is known.
        known: whether the telephony is heard, so that the rest is so now.
    """

    agent: Agent
    line: str
    doing: LiveAgent | None
    queues: Sequence[DutyQueue]
    known: bool

    @property
    def state(self) -> str:
        """A key of `AGENT_STATES`, `off` for who is logged out, or `unknown`."""
        if not self.known:
            return "unknown"
        return self.doing.state if self.doing else "off"

    @property
    def last_in(self) -> Sequence[DutyQueue]:
        """Queues where nobody else takes calls."""
        return [] if self.doing is None else [queue for queue in self.queues if not queue.others]

    @property
    def needed_in(self) -> Sequence[DutyQueue]:
        """Of these, queues where callers wait."""
        return [queue for queue in self.last_in if queue.waiting]


def duty_of(session: Session, agent: Agent, now: datetime) -> Duty:
    """Return what an agent does, and who waits in the agent's queues."""
    live = live_floor(session, now)
    on_twilio = is_on_twilio(session, agent.id)
    known = on_twilio or not (live.is_stale(now) or live.problem)
    doing = next((d for d in live.floor.agents if d.agent == agent.interface), None) if known else None
    return Duty(
        agent=agent,
        line="twilio" if on_twilio else "asterisk",
        doing=doing,
        queues=_queues(session, agent, live),
        known=known,
    )


def everybody(session: Session, now: datetime) -> list[Duty]:
    """Return all active agents, by work number."""
    agents = session.scalars(select(Agent).where(Agent.active).order_by(Agent.code))
    return [duty_of(session, agent, now) for agent in agents]


def change(
    installation: Installation, duty: Duty, act: Act, *, user_id: int, reason: str = "", anyway: bool = False
) -> None:
    """Let an agent come, pause, go on or leave, and note who wanted it. Open no transaction meanwhile.

    Args:
        installation: whose agent.
        duty: the agent's, as it is now.
        act: what is wanted.
        user_id: who wants it.
        reason: a key of `PAUSE_REASONS`, for a pause.
        anyway: a supervisor's word that the agent may leave callers waiting.

    Raises:
        Conflict: callers wait and nobody else is there; or the telephony says it cannot be.
        BadInput: the reason is none of those there are.
        NotFound, MissingPart, AmiLost: see `ivr.asterisk.duty`.
    """
    if act == "pause" and reason not in PAUSE_REASONS:
        raise BadInput(_("Choose the reason for the pause."))
    if act == "log_out" and duty.needed_in and not anyway:
        queues = ", ".join(part.queue.name for part in duty.needed_in)
        raise Conflict(
            _(
                "Callers wait in %(queues)s and nobody else is there to take them. "
                "Wait for your relief, or ask a supervisor to let you go.",
                queues=queues,
            )
        )
    code = duty.agent.code
    if duty.line == "twilio":
        state: Literal["ready", "paused", "away"] = (
            "paused" if act == "pause" else "away" if act == "log_out" else "ready"
        )
        change_duty(installation, code, state, user_id=user_id, reason=reason)
    elif act == "pause":
        asterisk.pause(installation, code, reason, user_id=user_id)
    else:
        acts = {"log_in": asterisk.log_in, "resume": asterisk.resume, "log_out": asterisk.log_out}
        acts[act](installation, code, user_id=user_id)


def _queues(session: Session, agent: Agent, live: LiveState) -> list[DutyQueue]:
    own = session.scalars(
        select(Queue).join(Queue.members).where(QueueMember.agent_id == agent.id).order_by(Queue.id)
    ).all()
    taking = {doing.agent for doing in live.floor.agents if doing.state not in _TAKES_NO_CALLS}
    waiting = {queue.name: len(queue.waiting) for queue in live.floor.queues}
    serving = (
        select(QueueMember.queue_id, Agent.interface).join(QueueMember.agent).where(Agent.id != agent.id)
    )
    others: dict[int, int] = {}
    for queue_id, interface in session.execute(serving):
        others[queue_id] = others.get(queue_id, 0) + (interface in taking)
    return [DutyQueue(queue, waiting.get(queue.name, 0), others.get(queue.id, 0)) for queue in own]
