"""Today on the wall: the day's figures until now and its intervals, beside the same weekday of the week before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.metrics.columns import load_visits
from ivr.metrics.definitions import Definition, find_definition
from ivr.metrics.intervals import interval_edges, midnight, next_midnight
from ivr.metrics.report import Question, interval_index, queue_report
from ivr.models import Queue

INTERVAL: Final = "30m"


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
    """Today until now, counted under one definition; `asked` is the question whose answer its numbers are."""

    at: datetime
    asked: Question
    total: Mapping[str, Any]
    by_queue: Mapping[int, Mapping[str, Any]]
    intervals: Sequence[TodayInterval]

    @property
    def definition(self) -> Definition:
        """Under which it was counted."""
        return self.asked.definition


def today(session: Session, now: datetime, zone: ZoneInfo) -> Today:
    """Return today's figures and intervals, beside the same weekday of the week before."""
    definition = find_definition(session)
    begin, end, until = midnight(now, zone), next_midnight(now, zone), now + timedelta(microseconds=1)
    report = queue_report(session, Question(since=begin, until=end, definition=definition, zone=zone))
    edges, figures = report.by_interval(INTERVAL)
    earlier = _same_day_before(session, begin, zone)
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
    asked = Question(since=begin, until=until, definition=definition, zone=zone)
    return Today(now, asked, report.total().of(0), by_queue, intervals)


def _same_day_before(session: Session, begin: datetime, zone: ZoneInfo) -> dict[str, int]:
    """Return the calls offered in each interval of that day; whoever enters a queue is offered."""
    week_ago = begin.astimezone(zone) - timedelta(days=7)
    since = midnight(week_ago + timedelta(hours=12), zone)
    edges = interval_edges(since, next_midnight(since, zone), INTERVAL, zone)
    rows = load_visits(session, session.scalars(select(Queue.id)), edges[0], edges[-1]).rows
    offered = np.bincount(interval_index(rows, edges), minlength=len(edges) - 1).tolist()
    starts = [edge.astimezone(zone).time().isoformat() for edge in edges[:-1]]
    return dict(zip(starts, offered, strict=True))
