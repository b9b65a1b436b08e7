"""What did not reconcile in the queue_log, each with file and line: shown, never dropped.

Five kinds: lines that cannot be read, visits and conversations whose end was never written, lines that
are there twice, clocks that were set back, and agents who logged in or out without a line for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import String, and_, cast, func, select
from sqlalchemy.orm import Session

from core.i18n import gettext as _
from ivr.ledger.ordering import LATE_WRITE_S
from ivr.ledger.reading import BadLine
from ivr.models import Agent, Call, CallEvent, Queue, QueueLogFile, QueueLogProblem, QueueVisit
from ivr.presence.models import AgentSession

LIMIT: Final = 1000
"""Findings of one kind that are listed; all are counted."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that does not fit.

    Attributes:
        place: `file:line`.
        call: the provider's call id, empty when the line belongs to none.
    """

    place: str
    reason: str
    call: str = ""


@dataclass(frozen=True, slots=True)
class Findings:
    """All findings of one kind: how many, and the first of them."""

    count: int
    listed: Sequence[Finding]


@dataclass(frozen=True, slots=True)
class IntegrityReport:
    """What did not reconcile, by kind."""

    bad_lines: Findings
    orphans: Findings
    duplicates: Findings
    clock_jumps: Findings
    presence: Findings

    @property
    def count(self) -> int:
        """Number of findings of all kinds."""
        kinds = (self.bad_lines, self.orphans, self.duplicates, self.clock_jumps, self.presence)
        return sum(kind.count for kind in kinds)


def integrity_report(session: Session) -> IntegrityReport:
    """Go through the whole ledger; it takes seconds for each million lines."""
    files = session.execute(select(QueueLogFile.origin, QueueLogFile.name))
    names = {file.origin: file.name for file in files}
    return IntegrityReport(
        bad_lines=_listed(_bad_lines(session)),
        orphans=_listed(_orphans(session, names)),
        duplicates=_listed(_duplicates(session, names)),
        clock_jumps=_listed(_clock_jumps(session, names)),
        presence=_listed(_presence(session, names)),
    )


def _listed(found: Iterable[Finding]) -> Findings:
    listed: list[Finding] = []
    count = 0
    for finding in found:
        count += 1
        if len(listed) < LIMIT:
            listed.append(finding)
    return Findings(count, listed)


def _bad_lines(session: Session) -> Iterable[Finding]:
    problem = QueueLogProblem
    rows = session.execute(
        select(QueueLogFile.name, problem.line, problem.problem, problem.detail)
        .join(problem.file)
        .order_by(QueueLogFile.name, problem.line)
    )
    for name, line, kind, detail in rows:
        yield Finding(f"{name}:{line}", BadLine(line, kind, detail).reason)


def _orphans(session: Session, names: dict[str, str]) -> Iterable[Finding]:
    """Visits and conversations that are over, though no line says so."""
    visit = QueueVisit
    lost_visit = visit.outcome == "orphan"
    lost_talk = and_(visit.outcome == "answered", visit.ended_at.is_(None), Call.outcome != "open")
    rows = session.execute(
        select(
            Call.provider_call_id,
            Queue.name,
            visit.outcome,
            visit.entered_at,
            visit.left_queue_at,
            visit.ended_by == "crash",
        )
        .join(visit.call)
        .join(visit.queue)
        .where(lost_visit | lost_talk | (visit.ended_by == "crash"))
        .order_by(visit.entered_at, visit.id)
    )
    for call_id, queue, outcome, entered_at, answered_at, crashed in rows.all():
        waited = outcome == "orphan"
        kind, at = ("ENTERQUEUE", entered_at) if waited else ("CONNECT", answered_at)
        place = _place_of(session, names, call_id, kind, at)
        yield Finding(place, _how_lost(queue, waited=waited, crashed=crashed), call_id)


def _how_lost(queue: str, *, waited: bool, crashed: bool) -> str:
    if crashed and waited:
        return _("waited in queue %(queue)s when the telephony went down", queue=queue)
    if crashed:
        return _("answered in queue %(queue)s; the telephony went down during the talk", queue=queue)
    if waited:
        return _("entered queue %(queue)s; what became of it was never written", queue=queue)
    return _("answered in queue %(queue)s; the end of the talk was never written", queue=queue)


def _place_of(session: Session, names: dict[str, str], call_id: str, kind: str, at: datetime | None) -> str:
    """Return where a call's line stands; the call's first line when that one was not written either."""
    lines = (
        select(CallEvent.origin, CallEvent.position)
        .where(CallEvent.provider_call_id == call_id, CallEvent.source == "queue_log")
        .order_by((CallEvent.kind == kind).desc(), (CallEvent.at == at).desc(), CallEvent.position)
    )
    line = session.execute(lines.limit(1)).first()
    return _place(names, line.origin, line.position) if line else ""


def _duplicates(session: Session, names: dict[str, str]) -> Iterable[Finding]:
    event = CallEvent
    same = (
        event.provider_call_id,
        event.at,
        event.queue,
        event.agent,
        event.kind,
        cast(event.fields, String),
    )
    rows = session.execute(
        select(
            event.provider_call_id,
            event.kind,
            func.count(),
            func.min(event.origin),
            func.max(event.origin),
            func.min(event.position),
            func.max(event.position),
        )
        .where(event.source == "queue_log", event.provider_call_id != "")
        .group_by(*same)
        .having(func.count() > 1)
        .order_by(func.min(event.id))
    )
    for call_id, kind, count, origin, last_origin, position, last_position in rows:
        files = {names.get(o, o) for o in (origin, last_origin)}
        if len(files) > 1:
            place = ", ".join(sorted(files))
        else:
            place = f"{_place(names, origin, position)}-{last_position}"
        yield Finding(place, _("%(kind)s is there %(count)s times", kind=kind, count=count), call_id)


def _clock_jumps(session: Session, names: dict[str, str]) -> Iterable[Finding]:
    event = CallEvent
    lag = func.lag(event.at, type_=event.at.type)
    before = lag.over(partition_by=event.origin, order_by=event.position).label("before")
    lines = (
        select(event.origin, event.position, event.provider_call_id, event.at, before)
        .where(event.source == "queue_log")
        .subquery()
    )
    back = select(lines).where(lines.c.before > lines.c.at).order_by(lines.c.origin, lines.c.position)
    for origin, position, call_id, at, earlier in session.execute(back):
        seconds = (earlier - at).total_seconds()
        if seconds > LATE_WRITE_S:
            reason = _("the clock was set back by %(seconds)s s", seconds=f"{seconds:.0f}")
            yield Finding(_place(names, origin, position), reason, call_id)


def _presence(session: Session, names: dict[str, str]) -> Iterable[Finding]:
    """Log-ins that were told twice and log-outs of agents who were not there: a line between is missing."""
    stay = AgentSession
    rows = session.execute(
        select(Agent.interface, Queue.name, stay.began_by, stay.settled_at)
        .join(stay.agent)
        .outerjoin(stay.queue)
        .where(stay.queue_id.is_not(None) | (stay.began_by == "unknown"))
        .where((stay.began_by == "unknown") | (stay.ended_by == "unknown"))
        .order_by(stay.settled_at, stay.agent_id, stay.queue_id)
    )
    for agent, queue, began_by, told_at in rows.all():
        lines = (
            select(CallEvent.origin, CallEvent.position)
            .where(CallEvent.provider_call_id == "", CallEvent.agent == agent, CallEvent.at == told_at)
            .order_by((CallEvent.queue == (queue or "")).desc(), CallEvent.position)
        )
        line = session.execute(lines.limit(1)).first()
        place = _place(names, line.origin, line.position) if line else ""
        if began_by == "unknown":
            reason = _("agent %(agent)s logged out; the log-in was never written", agent=agent)
        else:
            reason = _("agent %(agent)s logged in again; the log-out before was never written", agent=agent)
        yield Finding(place, reason)


def _place(names: dict[str, str], origin: str, position: int) -> str:
    return f"{names.get(origin, origin)}:{position}"
