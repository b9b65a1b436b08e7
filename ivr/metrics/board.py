"""What the wall shows: who waits now, how today went, which alarms stand, and how old all this is.

Who waits comes from the telephony while it is heard (`ivr.live`), else from the ledger's open visits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ivr.ledger.machine import STALE_AFTER_S
from ivr.live import AGENT_STATES, LiveState, read_live
from ivr.metrics.alarms import Alarm, alarms
from ivr.metrics.definitions import Definition, find_definition
from ivr.metrics.intervals import midnight, next_midnight
from ivr.metrics.report import Question, queue_report
from ivr.models import Call, Queue, QueueLogFile, QueueVisit

INTERVAL: Final = "30m"


@dataclass(frozen=True, slots=True)
class QueueLine:
    """Who waits in a queue, the first in line first."""

    queue: Queue
    waiting_since: Sequence[datetime]


@dataclass(frozen=True, slots=True)
class Now:
    """This moment.

    Attributes:
        facts_at: how far the facts reach; None when there never were any.
        live: whether they come from the telephony itself, not from its log.
        agents: agents by state, None when the telephony is not heard.
    """

    at: datetime
    facts_at: datetime | None
    live: bool
    lines: Sequence[QueueLine]
    alarms: Sequence[Alarm]
    agents: Mapping[str, int] | None


@dataclass(frozen=True, slots=True)
class TodayInterval:
    """An interval of the day: calls offered today so far, and on the same weekday before."""

    start: datetime
    end: datetime
    offered: int
    before: int
    service_level: float | None


@dataclass(frozen=True, slots=True)
class Today:
    """Today until now, counted under one definition."""

    at: datetime
    since: datetime
    until: datetime
    definition: Definition
    total: Mapping[str, Any]
    by_queue: Mapping[int, Mapping[str, Any]]
    intervals: Sequence[TodayInterval]


def this_moment(session: Session, now: datetime) -> Now:
    """Return who waits, which alarms stand, and how old the facts are."""
    live = read_live(session)
    heard = not live.is_stale(now) and not live.problem
    queues = session.scalars(select(Queue).order_by(Queue.id)).all()
    lines = _live_lines(live, queues) if heard else _ledger_lines(session, queues, now)
    states = Counter(agent.state for agent in live.floor.agents)
    agents = {state: states[state] for state in AGENT_STATES} if heard else None
    facts_at = live.heard_at if heard else _newest_fact(session, now)
    return Now(now, facts_at, heard, lines, alarms(session, now), agents)


def today(session: Session, now: datetime, zone: ZoneInfo) -> Today:
    """Return today's figures and intervals, beside the same weekday of the week before."""
    definition = find_definition(session)
    begin, end, until = midnight(now, zone), next_midnight(now, zone), now + timedelta(microseconds=1)
    report = queue_report(session, Question(since=begin, until=end, definition=definition, zone=zone))
    edges, figures = report.by_interval(INTERVAL)
    earlier = _same_day_before(session, begin, definition, zone)
    levels = figures.values["service_level"]
    intervals = [
        TodayInterval(
            edges[n],
            edges[n + 1],
            int(figures.counts["offered"][n]),
            earlier.get(edges[n].astimezone(zone).time().isoformat(), 0),
            None if np.isnan(levels[n]) else float(levels[n]),
        )
        for n in range(figures.size)
    ]
    by_queue = {q.id: row for q, row in zip(report.queues, report.by_queue().rows(), strict=True)}
    return Today(now, begin, until, definition, report.total().of(0), by_queue, intervals)


def _same_day_before(
    session: Session, begin: datetime, definition: Definition, zone: ZoneInfo
) -> dict[str, int]:
    week_ago = begin.astimezone(zone) - timedelta(days=7)
    since = midnight(week_ago + timedelta(hours=12), zone)
    asked = Question(since=since, until=next_midnight(since, zone), definition=definition, zone=zone)
    edges, figures = queue_report(session, asked).by_interval(INTERVAL)
    offered = figures.counts["offered"].tolist()
    starts = [edge.astimezone(zone).time().isoformat() for edge in edges[:-1]]
    return dict(zip(starts, offered, strict=True))


def _live_lines(live: LiveState, queues: Sequence[Queue]) -> list[QueueLine]:
    waiting = {queue.name: sorted(caller.since for caller in queue.waiting) for queue in live.floor.queues}
    return [QueueLine(queue, waiting.get(queue.name, [])) for queue in queues]


def _ledger_lines(session: Session, queues: Sequence[Queue], now: datetime) -> list[QueueLine]:
    rows = session.execute(
        select(QueueVisit.queue_id, QueueVisit.entered_at)
        .where(
            QueueVisit.queue_id.in_([queue.id for queue in queues]),
            QueueVisit.entered_at >= now - timedelta(seconds=STALE_AFTER_S),
            QueueVisit.entered_at <= now,
            QueueVisit.outcome == "waiting",
        )
        .order_by(QueueVisit.entered_at)
    )
    waiting: dict[int, list[datetime]] = {}
    for queue_id, entered_at in rows:
        waiting.setdefault(queue_id, []).append(entered_at)
    return [QueueLine(queue, waiting.get(queue.id, [])) for queue in queues]


def _newest_fact(session: Session, now: datetime) -> datetime | None:
    read = session.scalar(select(func.max(QueueLogFile.read_at)))
    begun = session.scalar(
        select(Call.started_at).where(Call.started_at <= now).order_by(Call.started_at.desc()).limit(1)
    )
    return max((at for at in (read, begun) if at is not None), default=None)
