"""Alarms of the floor, with hysteresis: one value raises an alarm, a calmer one ends it (`WallSettings`).

The state is not kept anywhere: it follows from who waits now and from what was written in the last half
hour, so every wall shows the same alarms, also after a restart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from core.setting_sections import WallSettings
from ivr.ledger.machine import STALE_AFTER_S
from ivr.live import LiveAgent
from ivr.models import Agent, Call, Queue, QueueVisit, RingAttempt

AlarmKind = Literal["queue_length", "longest_wait", "long_talk", "not_answering"]
LOOK_BACK: Final = timedelta(minutes=30)
STEP_S: Final = 5
MISSES_WITHIN: Final = timedelta(minutes=15)
_STALE: Final = timedelta(seconds=STALE_AFTER_S)


@dataclass(frozen=True, slots=True)
class Threshold:
    """An alarm begins at `on` or above and ends at `off` or below."""

    on: float
    off: float


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something a supervisor should look at now: what, since when, whose queue or agent."""

    kind: AlarmKind
    since: datetime
    value: float
    queue: Queue | None = None
    agent: Agent | None = None


def alarms(
    session: Session,
    now: datetime,
    limits: WallSettings,
    *,
    waiting: Mapping[int, Sequence[datetime]],
    agents: Sequence[LiveAgent] | None = None,
) -> list[Alarm]:
    """Return the alarms of this moment, the oldest first.

    Args:
        session: a unit of work.
        now: this moment.
        limits: what raises an alarm and what ends it.
        waiting: since when callers wait now, by the queue's id.
        agents: who is logged in and what they do; None: not known.
    """
    found = [
        *_queue_alarms(session, now, limits, waiting),
        *_long_talks(session, now, limits.long_talk_s, agents or ()),
        *_not_answering(session, now, limits.rings_in_vain, agents),
    ]
    return sorted(found, key=lambda alarm: alarm.since)


def raised_at(values: Sequence[float], threshold: Threshold) -> int | None:
    """Return since which sample an alarm stands at the end of the samples; None when it does not."""
    since = None
    for place, value in enumerate(values):
        if since is None and value >= threshold.on:
            since = place
        elif since is not None and value <= threshold.off:
            since = None
    return since


def _queue_alarms(
    session: Session, now: datetime, limits: WallSettings, waiting: Mapping[int, Sequence[datetime]]
) -> list[Alarm]:
    lengths_of = Threshold(limits.queue_length, limits.queue_length_calm)
    waits_of = Threshold(limits.longest_wait_s, limits.longest_wait_calm_s)
    first = now - LOOK_BACK
    samples = np.arange(0, LOOK_BACK.total_seconds() + STEP_S, STEP_S)
    found: list[Alarm] = []
    for queue in session.scalars(select(Queue).order_by(Queue.id)).all():
        entered, left = _stays(session, queue.id, waiting.get(queue.id, ()), first, now)
        if not len(entered):
            continue
        here = (entered[:, None] <= samples) & (samples < left[:, None])
        lengths = here.sum(axis=0)
        waits = np.where(here, samples - entered[:, None], 0.0).max(axis=0)
        kinds: tuple[tuple[AlarmKind, Sequence[float], Threshold], ...] = (
            ("queue_length", lengths.tolist(), lengths_of),
            ("longest_wait", waits.tolist(), waits_of),
        )
        for kind, values, threshold in kinds:
            place = raised_at(values, threshold)
            if place is not None:
                since = first + timedelta(seconds=float(samples[place]))
                found.append(Alarm(kind, since, float(values[-1]), queue=queue))
    return found


def _stays(
    session: Session, queue_id: int, waiting: Sequence[datetime], first: datetime, now: datetime
) -> tuple[np.ndarray[tuple[int], np.dtype[np.float64]], np.ndarray[tuple[int], np.dtype[np.float64]]]:
    """Return from when to when each caller waited, in seconds after `first`; who waits still, beyond now."""
    visit = QueueVisit
    over = session.execute(
        select(visit.entered_at, visit.left_queue_at).where(
            visit.queue_id == queue_id,
            visit.entered_at >= now - _STALE,
            visit.entered_at <= now,
            visit.left_queue_at >= first,
            visit.outcome != "waiting",
        )
    ).all()
    beyond = now + timedelta(seconds=STEP_S + 1)
    stays = [*((row.entered_at, row.left_queue_at) for row in over), *((since, beyond) for since in waiting)]
    entered = [(begin - first).total_seconds() for begin, _end in stays]
    left = [(end - first).total_seconds() for _begin, end in stays]
    return np.array(entered, np.float64), np.array(left, np.float64)


def _long_talks(session: Session, now: datetime, limit_s: float, agents: Sequence[LiveAgent]) -> list[Alarm]:
    """Talks of the ledger and of the telephony; one that both know is told once, as the ledger has it."""
    long_ago = now - timedelta(seconds=limit_s)
    rows = session.scalars(
        select(QueueVisit)
        .join(Call, Call.id == QueueVisit.call_id)
        .where(
            Call.outcome == "open",
            Call.started_at >= now - _STALE,
            QueueVisit.outcome == "answered",
            QueueVisit.ended_at.is_(None),
            QueueVisit.left_queue_at <= long_ago,
        )
        .options(joinedload(QueueVisit.agent))
    )
    talks = [(visit.agent, visit.left_queue_at) for visit in rows if visit.left_queue_at is not None]
    told = {agent.interface for agent, _since in talks if agent}
    heard = {a.agent: a.since for a in agents if a.state == "talking" and a.since <= long_ago}
    named = session.scalars(select(Agent).where(Agent.interface.in_(heard.keys() - told)))
    talks += [(agent, heard[agent.interface]) for agent in named]
    limit = timedelta(seconds=limit_s)
    return [
        Alarm("long_talk", since + limit, (now - since).total_seconds(), agent=agent)
        for agent, since in talks
    ]


def _not_answering(
    session: Session, now: datetime, rings: int, on_duty: Sequence[LiveAgent] | None
) -> list[Alarm]:
    """Available agents whose telephone rang in vain again and again, and who have not answered since."""
    rows = session.execute(
        select(RingAttempt.agent_id, RingAttempt.outcome, RingAttempt.ended_at)
        .join(QueueVisit, QueueVisit.id == RingAttempt.visit_id)
        .where(
            QueueVisit.queue_id.in_(select(Queue.id)),
            QueueVisit.entered_at >= now - 2 * MISSES_WITHIN,
            RingAttempt.ended_at >= now - MISSES_WITHIN,
        )
        .order_by(RingAttempt.ended_at, RingAttempt.id)
    )
    missed: dict[int, list[datetime]] = {}
    for agent_id, outcome, ended_at in rows:
        if agent_id is None:
            continue
        if outcome == "answered":
            missed.pop(agent_id, None)
        elif outcome == "no_answer":
            missed.setdefault(agent_id, []).append(ended_at)
    many = {agent_id: times for agent_id, times in missed.items() if len(times) >= rings}
    agents = session.scalars(select(Agent).where(Agent.id.in_(many)))
    available = None if on_duty is None else {a.agent for a in on_duty if a.state != "paused"}
    return [
        Alarm("not_answering", many[agent.id][rings - 1], len(many[agent.id]), agent=agent)
        for agent in agents
        if available is None or agent.interface in available
    ]
