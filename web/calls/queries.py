"""The call list: one page at a time by keyset, so that the last page is as fast as the first.

Four queries a page whatever its length: calls, their recordings, the machine's scores, people's grades.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session, aliased, joinedload

from core.errors import BadInput
from core.i18n import gettext as _
from ivr.models import Agent, Call, Queue
from qa.models import AutoAnswer, AutoScore, Evaluation, Verdict
from recording.models import Recording
from web.calls.filters import CallFilter
from web.recordings.queries import of_agent

PAGE_SIZE: Final = 50
EXPORT_LIMIT: Final = 50_000


@dataclass(frozen=True, slots=True)
class CallRow:
    """One line of the list."""

    call: Call
    recording_id: int | None
    recording_failed: bool
    score: AutoScore | None
    evaluation: Evaluation | None


@dataclass(frozen=True, slots=True)
class CallListPage:
    """A page of the list and where the next one starts (empty: there is none)."""

    rows: list[CallRow]
    next_cursor: str


@dataclass(frozen=True, slots=True)
class Scope:
    """Which calls: the filter, its time span, and the agent the viewer is limited to."""

    chosen: CallFilter
    start: datetime | None
    end: datetime | None
    own_agent: int | None


def list_calls(session: Session, scope: Scope, cursor: str = "", *, limit: int = PAGE_SIZE) -> CallListPage:
    """Return one page of calls, the latest first."""
    statement = _matching(scope).options(joinedload(Call.queue), joinedload(Call.agent))
    if cursor:
        at, call_id = parse_cursor(cursor)
        earlier = or_(Call.started_at < at, and_(Call.started_at == at, Call.id < call_id))
        statement = statement.where(Call.started_at <= at, earlier)  # an index can use the first part
    ordered = statement.order_by(Call.started_at.desc(), Call.id.desc()).limit(limit + 1)
    calls = list(session.scalars(ordered))
    more = len(calls) > limit
    calls = calls[:limit]
    return CallListPage(_rows(session, calls, scope.own_agent), cursor_of(calls[-1]) if more else "")


def export_rows(session: Session, scope: Scope) -> Iterator[CallRow]:
    """Yield all matching calls, page by page, up to EXPORT_LIMIT."""
    cursor, count = "", 0
    while count < EXPORT_LIMIT:
        page = list_calls(session, scope, cursor, limit=500)
        yield from page.rows
        count += len(page.rows)
        cursor = page.next_cursor
        if not cursor:
            return


def cursor_of(call: Call) -> str:
    """Return the place of a call in the list."""
    return f"{call.started_at.isoformat()}~{call.id}"


def parse_cursor(cursor: str) -> tuple[datetime, int]:
    """Read a place in the list; raises BadInput."""
    at, _separator, number = cursor.partition("~")
    try:
        return datetime.fromisoformat(at).astimezone(UTC), int(number)
    except (ValueError, OverflowError):
        raise BadInput(
            _("This address names no place in the call list; start from its first page.")
        ) from None


def queues(session: Session) -> Sequence[Queue]:
    """Return all queues by name."""
    return session.scalars(select(Queue).order_by(Queue.name)).all()


def agents(session: Session) -> Sequence[Agent]:
    """Return all agents by work number."""
    return session.scalars(select(Agent).order_by(Agent.code)).all()


def _matching(scope: Scope) -> Select[Call]:
    chosen = scope.chosen
    conditions: list[ColumnElement[bool]] = []
    if scope.start:
        conditions.append(Call.started_at >= scope.start)
    if scope.end:
        conditions.append(Call.started_at < scope.end)
    for column, value in ((Call.queue_id, chosen.queue), (Call.agent_id, chosen.agent)):
        if value is not None:
            conditions.append(column == value)
    if scope.own_agent is not None:
        conditions.append(Call.agent_id == scope.own_agent)
    if chosen.caller:
        conditions.append(Call.caller_hash == chosen.caller)
    if chosen.outcome:
        conditions.append(Call.outcome == chosen.outcome)
    if chosen.needs_score:
        conditions.append(_scored_as(chosen))
    elif chosen.recorded:
        conditions.append(select(Recording.id).where(Recording.call_id == Call.id).exists())
    return select(Call).where(*conditions)


def _scored_as(chosen: CallFilter) -> ColumnElement[bool]:
    """Whether the latest machine score of one of the call's recordings is as asked for."""
    scored = (
        select(AutoScore.id)
        .join(Recording, Recording.id == AutoScore.recording_id)
        .where(Recording.call_id == Call.id)
    )
    if chosen.judgement == "ungraded" and chosen.score_from is None and chosen.score_to is None:
        return scored.where(~_grades().exists()).exists()  # any score will do
    later = aliased(AutoScore)
    latest = select(func.max(later.id)).where(later.recording_id == Recording.id).scalar_subquery()
    scored = scored.where(AutoScore.id == latest)
    if chosen.score_from is not None:
        scored = scored.where(AutoScore.points >= chosen.score_from)
    if chosen.score_to is not None:
        scored = scored.where(AutoScore.points <= chosen.score_to)
    if chosen.judgement == "critical":
        scored = scored.where(AutoScore.critical.is_(True))
    if chosen.judgement == "needs_human":
        scored = scored.where(_open_answers().exists(), ~_grades().exists())
    if chosen.judgement == "ungraded":
        scored = scored.where(~_grades().exists())
    return scored.exists()


def _open_answers() -> Select[int]:
    # coalesce keeps the planner off the verdict's index: it would read all open answers for each call
    verdict = func.coalesce(AutoAnswer.verdict, "")
    return select(AutoAnswer.id).where(AutoAnswer.score_id == AutoScore.id, verdict == Verdict.HUMAN)


def _grades() -> Select[int]:
    return select(Evaluation.id).where(
        Evaluation.recording_id == AutoScore.recording_id, Evaluation.state != "draft"
    )


def _rows(session: Session, calls: Sequence[Call], own: int | None) -> list[CallRow]:
    recordings = _first_recordings(session, [call.id for call in calls], own)
    ids = [number for number, _state in recordings.values()]
    scores, grades = latest_scores(session, ids), latest_grades(session, ids)
    found = ((call, *recordings.get(call.id, (None, ""))) for call in calls)
    return [CallRow(c, r, state == "failed", scores.get(r), grades.get(r)) for c, r, state in found]


def _first_recordings(
    session: Session, call_ids: Sequence[int], own: int | None
) -> dict[int, tuple[int, str]]:
    """Return for each call the recording its page plays, with its state."""
    wanted = select(Recording.call_id, Recording.id, Recording.state).where(
        Recording.call_id.in_(call_ids), of_agent(own)
    )
    ordered = wanted.order_by(Recording.kind == "conversation", Recording.id.desc())
    found = session.execute(ordered)
    return {call_id: (number, state) for call_id, number, state in found if call_id is not None}


def latest_scores(session: Session, recording_ids: Sequence[int]) -> dict[int | None, AutoScore]:
    """Return for each recording that has one the latest machine score."""
    return _latest(session, AutoScore, AutoScore.recording_id.in_(recording_ids))


def latest_grades(session: Session, recording_ids: Sequence[int]) -> dict[int | None, Evaluation]:
    """Return for each recording that has one the latest submitted evaluation."""
    submitted = Evaluation.state != "draft"
    return _latest(session, Evaluation, Evaluation.recording_id.in_(recording_ids) & submitted)


def _latest(session: Session, rows: Any, condition: ColumnElement[bool]) -> dict[int | None, Any]:
    """Return for each recording the row with the highest id."""
    found = session.scalars(select(rows).where(condition).order_by(rows.id))
    return {row.recording_id: row for row in found}
