"""This moment as the wall shows it: who waits, what every agent does, which alarms stand, how old all this is.

While the telephony is heard (`ivr.floor`) it says who waits; callers of another telephony, and all of them
while it is not heard, come from the ledger's open visits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.phone import mask_number
from core.setting_sections import WallSettings
from ivr.floor import LINES, live_floor
from ivr.ledger.machine import STALE_AFTER_S
from ivr.live import AGENT_STATES, LiveAgent, LiveState
from ivr.metrics.alarms import Alarm, alarms
from ivr.models import Agent, Call, Queue, QueueLogFile, QueueVisit

_NAMED: Final = ("unreachable", "on_hold", "talking", "ringing", "paused", "busy", "ready")
"""The order agents stand in: who needs a look comes first."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A caller in a queue; the number is masked, and empty when it was withheld."""

    queue: Queue
    since: datetime
    caller: str


@dataclass(frozen=True, slots=True)
class QueueLine:
    """Who waits in a queue, the first in line first."""

    queue: Queue
    waiting: Sequence[Waiting]


@dataclass(frozen=True, slots=True)
class AgentLine:
    """An agent who is logged in, and what they are doing; `agent` is None for a telephone nobody owns."""

    agent: Agent | None
    doing: LiveAgent


@dataclass(frozen=True, slots=True)
class Now:
    """This moment.

    Attributes:
        facts_at: how far the facts reach; None when there never were any.
        live: whether they come from the telephony itself, not from its log.
        agents: who is logged in, None when the telephony is not heard.
    """

    at: datetime
    facts_at: datetime | None
    live: bool
    lines: Sequence[QueueLine]
    alarms: Sequence[Alarm]
    agents: Sequence[AgentLine] | None

    @property
    def waiting(self) -> Sequence[Waiting]:
        """Everybody who waits, who waits longest first."""
        return sorted((caller for line in self.lines for caller in line.waiting), key=lambda w: w.since)

    @property
    def states(self) -> Mapping[str, int]:
        """Agents by state; every state of `AGENT_STATES` has its number."""
        counts = Counter(line.doing.state for line in self.agents or ())
        return {state: counts[state] for state in AGENT_STATES}


def this_moment(session: Session, now: datetime, limits: WallSettings) -> Now:
    """Return who waits, what the agents do, which alarms stand, and how old the facts are."""
    live = live_floor(session, now)
    heard = not live.is_stale(now) and not live.problem
    queues = session.scalars(select(Queue).order_by(Queue.id)).all()
    waiting = _waiting_by_ledger(session, queues, now, but=LINES if heard else ())
    if heard:
        waiting += _waiting_by_telephony(live, queues)
    lines = [
        QueueLine(queue, sorted((w for w in waiting if w.queue is queue), key=lambda w: w.since))
        for queue in queues
    ]
    return Now(
        now,
        live.heard_at if heard else _newest_fact(session, now),
        heard,
        lines,
        alarms(
            session,
            now,
            limits,
            waiting={line.queue.id: [caller.since for caller in line.waiting] for line in lines},
            agents=live.floor.agents if heard else None,
        ),
        _agents(session, live) if heard else None,
    )


def _waiting_by_telephony(live: LiveState, queues: Sequence[Queue]) -> list[Waiting]:
    by_name = {queue.name: queue for queue in queues}
    return [
        Waiting(by_name[queue.name], caller.since, caller.caller)
        for queue in live.floor.queues
        if queue.name in by_name
        for caller in queue.waiting
    ]


def _waiting_by_ledger(
    session: Session, queues: Sequence[Queue], now: datetime, *, but: Collection[str]
) -> list[Waiting]:
    by_id = {queue.id: queue for queue in queues}
    rows = session.execute(
        select(QueueVisit.queue_id, QueueVisit.entered_at, Call.caller)
        .join(Call, Call.id == QueueVisit.call_id)
        .where(
            QueueVisit.queue_id.in_(by_id),
            QueueVisit.entered_at >= now - timedelta(seconds=STALE_AFTER_S),
            QueueVisit.entered_at <= now,
            QueueVisit.outcome == "waiting",
            Call.provider.not_in(but),
        )
    )
    return [Waiting(by_id[queue_id], at, mask_number(caller or "")) for queue_id, at, caller in rows]


def _agents(session: Session, live: LiveState) -> list[AgentLine]:
    names = [agent.agent for agent in live.floor.agents]
    known = {a.interface: a for a in session.scalars(select(Agent).where(Agent.interface.in_(names)))}
    found = [AgentLine(known.get(agent.agent), agent) for agent in live.floor.agents]
    return sorted(found, key=lambda line: (_NAMED.index(line.doing.state), line.doing.since))


def _newest_fact(session: Session, now: datetime) -> datetime | None:
    read = session.scalar(select(func.max(QueueLogFile.read_at)))
    begun = session.scalar(
        select(Call.started_at).where(Call.started_at <= now).order_by(Call.started_at.desc()).limit(1)
    )
    return max((at for at in (read, begun) if at is not None), default=None)
