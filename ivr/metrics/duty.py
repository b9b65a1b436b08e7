"""Agents' time: logged in, paused by reason, at work on calls; what share of it was work.

Only agents whose log-ins the telephony tells are counted, and their work only while they were logged in. What
goes on still is counted as far as the log is known. Time is cut at the edges of intervals, so a talk counts in
the intervals it lasted, not only in the one its caller came in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from ivr.metrics.columns import known_until, load_visits, milliseconds
from ivr.metrics.counts import Ints, Mask
from ivr.metrics.report import Question
from ivr.metrics.wrap_up import AFTER_CALL_WORK
from ivr.models import Queue, QueueLogFile
from ivr.presence.models import AgentPause, AgentSession

_LONGEST_CALL: Final = timedelta(hours=4)
_AGENT_SHIFT: Final = 44
"""Milliseconds since 1970 fit into so many bits for five hundred years."""


@dataclass(frozen=True, slots=True)
class Duty:
    """Time of one agent, one interval or everybody together, in seconds.

    Attributes:
        logged_in_s: None when nobody is known to have been there.
        pauses: reason → seconds, without work after calls; the empty reason is one that was not told.
        busy_s: talk, hold included, and work after calls.
    """

    logged_in_s: float | None
    pauses: Mapping[str, float]
    busy_s: float

    @property
    def paused_s(self) -> float | None:
        """Seconds of all pauses; None when nobody is known to have been there."""
        return None if self.logged_in_s is None else sum(self.pauses.values())

    @property
    def occupancy(self) -> float | None:
        """Share of the time for calls that went into calls; None without such time."""
        ready_s = (self.logged_in_s or 0.0) - (self.paused_s or 0.0)
        return self.busy_s / ready_s if ready_s > 0 else None


NOBODY: Final = Duty(None, {}, 0.0)


@dataclass(frozen=True, slots=True)
class _Stretches:
    """Stretches of time: whose, from when and to when in milliseconds, sorted by agent and beginning."""

    agent: Ints
    begin: Ints
    end: Ints

    @classmethod
    def of(cls, rows: Iterable[tuple[int, int, int]]) -> _Stretches:
        """Join stretches of one agent that overlap or touch: an agent on two lines is there once."""
        joined: list[list[int]] = []
        for agent, begin, end in sorted(rows):
            if joined and joined[-1][0] == agent and begin <= joined[-1][2]:
                joined[-1][2] = max(joined[-1][2], end)
            else:
                joined.append([agent, begin, end])
        columns = np.array(joined, np.int64).reshape(-1, 3).T
        return cls(columns[0], columns[1], columns[2])

    def taken(self, which: Mask) -> _Stretches:
        return _Stretches(self.agent[which], self.begin[which], self.end[which])

    def began_in(self, other: _Stretches) -> Mask:
        """Which began while a stretch of the same agent in `other` lasted."""
        if not len(other.agent):
            return np.zeros(len(self.agent), np.bool_)
        keys = (other.agent << _AGENT_SHIFT) | other.begin
        place = np.searchsorted(keys, (self.agent << _AGENT_SHIFT) | self.begin, side="right") - 1
        there = np.maximum(place, 0)
        same = (place >= 0) & (other.agent[there] == self.agent)
        return np.asarray(same & (self.begin <= other.end[there]))

    def seconds_of(self, agents: Ints, since: int, until: int) -> NDArray[np.float64]:
        """Return the seconds of each of some agents, who are in order and include everybody here."""
        lengths = np.maximum(0, np.minimum(self.end, until) - np.maximum(self.begin, since))
        place = np.searchsorted(agents, self.agent)
        return np.bincount(place, weights=lengths, minlength=len(agents)) / 1000

    def seconds(self, edges: Ints) -> NDArray[np.float64]:
        """Return the seconds of all of them in each interval between edges."""
        so_far = _before(self.begin - edges[0], edges - edges[0]) - _before(
            self.end - edges[0], edges - edges[0]
        )
        return np.diff(so_far) / 1000


def _before(moments: Ints, edges: Ints) -> Ints:
    """Return for each edge the sum of its distances from the moments before it."""
    ordered = np.sort(moments)
    sums = np.r_[0, np.cumsum(ordered)]
    count = np.searchsorted(ordered, edges)
    found: Ints = count * edges - sums[count]
    return found


@dataclass(frozen=True, slots=True)
class AgentTime:
    """The time of everybody a question is about, to be cut in any way."""

    question: Question
    sessions: _Stretches
    pauses: Mapping[str, _Stretches]
    work: _Stretches

    def between(self, edges: Sequence[datetime]) -> list[Duty]:
        """Return the time of everybody together in each interval between edges."""
        at = np.array([milliseconds(edge) for edge in edges], np.int64)
        logged_in, busy = self.sessions.seconds(at), self.work.seconds(at)
        pauses = {reason: stretches.seconds(at) for reason, stretches in self.pauses.items()}
        return [
            Duty(
                float(logged_in[place]) or None,
                {reason: float(seconds[place]) for reason, seconds in pauses.items() if seconds[place]},
                float(busy[place]),
            )
            for place in range(len(edges) - 1)
        ]

    def total(self) -> Duty:
        """Return the time of everybody in the whole period."""
        return self.between([self.question.since, self.question.until])[0]

    def by_agent(self) -> dict[int, Duty]:
        """Return each agent's time in the whole period."""
        agents = np.unique(self.sessions.agent)
        since, until = milliseconds(self.question.since), milliseconds(self.question.until)
        logged_in = self.sessions.seconds_of(agents, since, until)
        busy = self.work.seconds_of(agents, since, until)
        pauses = {reason: found.seconds_of(agents, since, until) for reason, found in self.pauses.items()}
        return {
            agent: Duty(
                float(logged_in[place]) or None,
                {reason: float(seconds[place]) for reason, seconds in pauses.items() if seconds[place]},
                float(busy[place]),
            )
            for place, agent in enumerate(agents.tolist())
        }


def summed(parts: Iterable[Duty]) -> Duty:
    """Return the time of several intervals together."""
    return reduce(_plus, parts, NOBODY)


def _plus(one: Duty, other: Duty) -> Duty:
    reasons = [*one.pauses, *(reason for reason in other.pauses if reason not in one.pauses)]
    return Duty(
        (one.logged_in_s or 0.0) + (other.logged_in_s or 0.0) or None,
        {reason: one.pauses.get(reason, 0.0) + other.pauses.get(reason, 0.0) for reason in reasons},
        one.busy_s + other.busy_s,
    )


def agent_time(session: Session, question: Question, visits: NDArray[np.void] | None = None) -> AgentTime:
    """Return the time of the agents a question is about: in any queue, or in the queue it names.

    Args:
        session: a unit of work.
        question: the report's.
        visits: what the report has read already, `Report.loaded`; None: they are read.
    """
    known = _known_until(session)
    sessions = _Stretches.of(
        (agent, begin, end) for agent, begin, end, _ in _rows(session, AgentSession, question, known)
    )
    by_reason: dict[str, list[tuple[int, int, int]]] = {}
    for agent, begin, end, reason in _rows(session, AgentPause, question, known):
        if reason != AFTER_CALL_WORK:
            by_reason.setdefault(reason, []).append((agent, begin, end))
    pauses = {}
    for reason in sorted(by_reason):
        found = _Stretches.of(by_reason[reason])
        pauses[reason] = found.taken(found.began_in(sessions))
    work = _work(_visits(session, question) if visits is None else visits, question)
    return AgentTime(question, sessions, pauses, work.taken(work.began_in(sessions)))


def _known_until(session: Session) -> int:
    told = (
        session.scalar(select(func.max(column)))
        for column in (QueueLogFile.read_at, AgentSession.began_at, AgentPause.began_at)
    )
    return max([known_until(session), *(milliseconds(at) for at in told if at is not None)])


def _rows(
    session: Session, rows: type[AgentSession | AgentPause], question: Question, known: int
) -> list[tuple[int, int, int, str]]:
    """Return whose, from when, to when and why; what has not ended goes as far as is known."""
    reason = AgentPause.reason if rows is AgentPause else AgentSession.began_by
    wanted = select(rows.agent_id, rows.began_at, rows.ended_at, reason).where(
        rows.queue_id.is_(None) if question.queue_id is None else rows.queue_id == question.queue_id,
        rows.began_at < question.until,
        or_(rows.ended_at.is_(None), rows.ended_at > question.since),
    )
    if question.agent_id is not None:
        wanted = wanted.where(rows.agent_id == question.agent_id)
    found = []
    for agent_id, begun, ended, why in session.execute(wanted):
        begin = milliseconds(begun)
        found.append((agent_id, begin, max(begin, known) if ended is None else milliseconds(ended), why))
    return found


def _visits(session: Session, question: Question) -> NDArray[np.void]:
    queues = [question.queue_id] if question.queue_id is not None else list(session.scalars(select(Queue.id)))
    return load_visits(session, queues, question.since - _LONGEST_CALL, question.until).rows


def _work(rows: NDArray[np.void], question: Question) -> _Stretches:
    worked = (rows["agent"] > 0) & (rows["talk"] >= 0) & (rows["wait"] >= 0)
    worked &= rows["entered"] >= milliseconds(question.since - _LONGEST_CALL)
    worked &= rows["entered"] < milliseconds(question.until)
    if question.queue_id is not None:
        worked &= rows["queue"] == question.queue_id
    if question.agent_id is not None:
        worked &= rows["agent"] == question.agent_id
    rows = rows[worked]
    begin = rows["entered"] + rows["wait"]
    end = begin + rows["talk"] + np.maximum(rows["wrap_up"], 0)
    return _Stretches(rows["agent"].astype(np.int64), begin, end)
