"""A report: the figures of queues, their intervals and agents in a period, under one definition.

Everything a report says carries the definition's name, version and formulas, so that it can be counted
again; every count can be listed call by call (`ivr.metrics.drilldown`).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.metrics.columns import VISIT, Visits, known_until, load_visits, milliseconds
from ivr.metrics.counts import Again, Counted, Ints, Mask, calls_again
from ivr.metrics.definitions import DAY_PARTS, Definition
from ivr.metrics.figures import Figures, counted_visits, figures_of
from ivr.metrics.intervals import interval_edges
from ivr.models import Agent, Queue

_HOURS: Final = 24
_LARGE: Final = 100_000
_last: Final[dict[tuple[Question, int, tuple[tuple[int, float], ...]], Report]] = {}
"""The last large report: asked again, its figures hold as long as the visits are the same, byte by byte."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a report is asked.

    Attributes:
        since, until: a half-open period; visits count by their entry.
        queue_id: one queue, or None for all of them.
        agent_id: only visits this agent answered.
        hour_of_week: only entries in this local hour of the week; 0 is Monday's first.
        day_part: only entries in this part of the day; 0 is the morning.
    """

    since: datetime
    until: datetime
    definition: Definition
    zone: ZoneInfo
    queue_id: int | None = None
    agent_id: int | None = None
    hour_of_week: int | None = None
    day_part: int | None = None


@dataclass(frozen=True, slots=True)
class AgentFigures:
    """One agent's figures: of the visits answered, and of the rings that were not."""

    agent: Agent
    figures: Mapping[str, Any]
    missed_rings: int


@dataclass(frozen=True, slots=True)
class Report:
    """Visits counted once, to be grouped in any way.

    Attributes:
        queues: those the question is about, by id.
        counted: the visits of the period.
        rings: unanswered rings of the period.
        packed: what all of it was counted from.
    """

    question: Question
    queues: Sequence[Queue]
    counted: Counted
    rings: NDArray[np.void]
    packed: tuple[bytes, bytes]
    _known: dict[str, Figures] = field(default_factory=dict, compare=False, repr=False)

    @property
    def loaded(self) -> NDArray[np.void]:
        """All visits it was counted from: of every queue, days before and after the period as well."""
        return np.frombuffer(self.packed[0], VISIT)

    def total(self) -> Figures:
        """Return the figures of everything together, as group 0."""
        return self._once("total", lambda: np.zeros(len(self.counted.rows), np.int64), 1)

    def by_queue(self) -> Figures:
        """Return the figures of each of `queues`."""
        return self._once("queue", self._queue_index, len(self.queues))

    def by_interval(self, interval: str) -> tuple[Sequence[datetime], Figures]:
        """Return the edges of the intervals, and the figures of each."""
        edges = self._edges(interval)
        return edges, self._once(interval, lambda: self._interval_index(edges), len(edges) - 1)

    def by_queue_and_interval(self, interval: str) -> tuple[Sequence[datetime], Figures]:
        """Return the edges, and the figures of queue 0's intervals, then queue 1's, and so on."""
        edges = self._edges(interval)
        size = len(edges) - 1

        def group() -> Ints:
            return self._queue_index() * size + self._interval_index(edges)

        return edges, self._once(f"queue {interval}", group, size * len(self.queues))

    def offered_by_hour_of_week(self) -> list[int]:
        """Return the calls offered in each local hour of the week; the first is Monday's first hour."""
        hours = hours_of_week(self.counted.rows, self.question)
        return [int(calls) for calls in np.bincount(hours, minlength=7 * _HOURS)]

    def by_day_part(self) -> Figures:
        """Return the figures of morning, afternoon, evening and night, as the definition cuts the day."""
        return self._once("day part", lambda: day_parts_of(self.counted.rows, self.question), len(DAY_PARTS))

    def by_agent(self, session: Session, present: Collection[int] = ()) -> list[AgentFigures]:
        """Return the figures of each agent who answered, was rung or is in `present`, by work number."""
        answering = self.counted.rows["agent"]
        ids = np.union1d(np.union1d(answering, self.rings["agent"]), np.array([*present], np.int32))
        ids = ids[ids > 0]
        if not len(ids):
            return []
        group = np.searchsorted(ids, answering).astype(np.int64)
        figures = figures_of(self.counted, np.where(answering > 0, group, -1), len(ids))
        ringing = self.rings["agent"][self.rings["agent"] > 0]
        missed = np.bincount(np.searchsorted(ids, ringing), minlength=len(ids))
        agents = {
            agent.id: agent for agent in session.scalars(select(Agent).where(Agent.id.in_(ids.tolist())))
        }
        found = [
            AgentFigures(agents[agent_id], figures.of(place), int(missed[place]))
            for place, agent_id in enumerate(ids.tolist())
        ]
        return sorted(found, key=lambda row: row.agent.code)

    def _queue_index(self) -> Ints:
        ids = np.array([queue.id for queue in self.queues], np.int64)
        return np.searchsorted(ids, self.counted.rows["queue"]).astype(np.int64)

    def _edges(self, interval: str) -> Sequence[datetime]:
        return interval_edges(self.question.since, self.question.until, interval, self.question.zone)

    def _interval_index(self, edges: Sequence[datetime]) -> Ints:
        return interval_index(self.counted.rows, edges)

    def _once(self, name: str, group: Callable[[], Ints], size: int) -> Figures:
        if name not in self._known:
            self._known[name] = figures_of(self.counted, group(), size)
        return self._known[name]


def hours_of_week(rows: NDArray[np.void], asked: Question) -> Ints:
    """Return the local hour of the week each visit of the question's period entered in."""
    return _by_local_hour(rows, asked, lambda at: at.weekday() * _HOURS + at.hour)


def day_parts_of(rows: NDArray[np.void], asked: Question) -> Ints:
    """Return the part of the day each visit of the question's period entered in."""
    return _by_local_hour(rows, asked, lambda at: day_part_at(at, asked))


def day_part_at(moment: datetime, asked: Question) -> int:
    """Return the part of the day a moment is in; what is before the morning is night."""
    begins = asked.definition.day_parts
    return (bisect_right(begins, moment.astimezone(asked.zone).hour) - 1) % len(begins)


def _by_local_hour(rows: NDArray[np.void], asked: Question, number: Callable[[datetime], int]) -> Ints:
    edges = interval_edges(asked.since, asked.until, "1h", asked.zone)
    of_interval = np.array([number(edge.astimezone(asked.zone)) for edge in edges[:-1]], np.int64)
    found: Ints = of_interval[interval_index(rows, edges)]
    return found


def interval_index(rows: NDArray[np.void], edges: Sequence[datetime]) -> Ints:
    """Return the interval each visit entered in, as its place among the intervals between the edges."""
    starts = np.array([milliseconds(edge) for edge in edges], np.int64)
    found = np.searchsorted(starts[1:], rows["entered"], side="right")
    return np.minimum(found, len(edges) - 2).astype(np.int64)


def queue_report(session: Session, question: Question) -> Report:
    """Count the visits a question is about; repeat callers are known across all queues."""
    every = session.scalars(select(Queue).order_by(Queue.id)).all()
    asked = [queue for queue in every if question.queue_id in {None, queue.id}]
    days = timedelta(days=question.definition.repeat_days)
    ids = [queue.id for queue in every]
    loaded = load_visits(session, ids, question.since - days, question.until + days)
    reach = min(known_until(session), milliseconds(question.until + days))
    key = (question, reach, tuple((queue.id, queue.service_level_s) for queue in every))
    known = _last.get(key)
    if known is not None and known.packed == loaded.packed:
        return replace(known, queues=asked)
    counted, rings = _counted(loaded, every, question, reach)
    report = Report(question, asked, counted, rings, loaded.packed)
    if len(loaded.rows) >= _LARGE:
        _last.clear()
        _last[key] = report
    return report


def visits_of(session: Session, question: Question) -> Counted:
    """Return a question's visits for what needs no repeat callers: nobody is taken for one."""
    queues = session.scalars(select(Queue).order_by(Queue.id)).all()
    ids = [queue.id for queue in queues if question.queue_id in {None, queue.id}]
    rows = load_visits(session, ids, question.since, question.until).rows
    nobody = np.zeros(len(rows), np.bool_)
    within = {queue.id: queue.service_level_s for queue in queues}
    return counted_visits(rows, within, Again(nobody, nobody), question.definition, 0)


def _counted(
    loaded: Visits, queues: Sequence[Queue], question: Question, reach: int
) -> tuple[Counted, NDArray[np.void]]:
    rows, rings = loaded.rows, loaded.rings
    again = calls_again(rows, question.definition.repeat_days)
    inside, rung = _in_period(rows, question), _in_period(rings, question)
    if question.hour_of_week is not None:
        inside &= np.where(inside, hours_of_week(rows, question), -1) == question.hour_of_week
    if question.day_part is not None:
        inside &= np.where(inside, day_parts_of(rows, question), -1) == question.day_part
    if not inside.all():
        rows, again = rows[inside], again.taken(inside)
    within = {queue.id: queue.service_level_s for queue in queues}
    return counted_visits(rows, within, again, question.definition, reach), rings[rung]


def _in_period(rows: NDArray[np.void], question: Question) -> Mask:
    inside = (rows["entered"] >= milliseconds(question.since)) & (
        rows["entered"] < milliseconds(question.until)
    )
    if question.queue_id is not None:
        inside &= rows["queue"] == question.queue_id
    if question.agent_id is not None:
        inside &= rows["agent"] == question.agent_id
    return np.asarray(inside)
