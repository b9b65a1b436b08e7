"""The missed-call list as people read it: filtered, a page at a time, with what is overdue counted.

Pages are cut by key: open tasks by the time they are due, closed ones by the time they were closed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.orm import Session, joinedload

from core.accounts import User
from core.errors import BadInput
from core.i18n import gettext as _
from ivr.missed.models import MissedCall
from ivr.models import Call

PAGE_SIZE: Final = 100
_IS_OPEN: Final = MissedCall.disposition == ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFilter:
    """Which tasks; empty text, None and False filter nothing.

    Attributes:
        overdue: only those due before now.
        own: only this account's.
        limited_to: only this account's and those nobody has taken (what an agent may see).
    """

    is_open: bool = True
    queue: int | None = None
    kind: str = ""
    overdue: bool = False
    own: int | None = None
    limited_to: int | None = None


@dataclass(frozen=True, slots=True)
class TaskPage:
    """Some tasks, and where the next page starts (empty: there is none)."""

    tasks: Sequence[MissedCall]
    next_cursor: str


@dataclass(frozen=True, slots=True)
class TaskCounts:
    """How many tasks a filter leaves, and how many of the open ones are overdue or nobody's."""

    found: int
    overdue: int
    free: int


def list_tasks(
    session: Session, wanted: TaskFilter, now: datetime, cursor: str = "", *, limit: int = PAGE_SIZE
) -> TaskPage:
    """Return one page: open tasks by due time, closed ones the latest first; raises BadInput."""
    key = MissedCall.due_at if wanted.is_open else MissedCall.closed_at
    statement = select(MissedCall).where(*_conditions(wanted, now))
    if cursor:
        at, task_id = _parse(cursor)
        beyond = (
            (key > at, MissedCall.id > task_id) if wanted.is_open else (key < at, MissedCall.id < task_id)
        )
        statement = statement.where(or_(beyond[0], and_(key == at, beyond[1])))
    order = (key, MissedCall.id) if wanted.is_open else (key.desc(), MissedCall.id.desc())
    options = (
        joinedload(MissedCall.call).joinedload(Call.queue),
        joinedload(MissedCall.owner),
        joinedload(MissedCall.closed_by),
    )
    found = session.scalars(statement.order_by(*order).limit(limit + 1).options(*options)).all()
    return TaskPage(found[:limit], _cursor(found[limit - 1], wanted) if len(found) > limit else "")


def all_tasks(session: Session, wanted: TaskFilter, now: datetime) -> Iterator[MissedCall]:
    """Yield every task of a filter, page by page."""
    page = list_tasks(session, wanted, now, limit=500)
    yield from page.tasks
    while page.next_cursor:
        page = list_tasks(session, wanted, now, page.next_cursor, limit=500)
        yield from page.tasks


def count_tasks(session: Session, wanted: TaskFilter, now: datetime) -> TaskCounts:
    """Count the tasks of a filter."""
    if not wanted.is_open:
        closed = select(func.count(MissedCall.id)).where(*_conditions(wanted, now))
        return TaskCounts(session.scalar(closed) or 0, 0, 0)
    late = and_(_IS_OPEN, MissedCall.due_at < now)
    free = and_(_IS_OPEN, MissedCall.owner_id.is_(None))
    counted = select(
        func.count(MissedCall.id), func.count(case((late, 1))), func.count(case((free, 1)))
    ).where(*_conditions(wanted, now))
    return TaskCounts(*session.execute(counted).one())


def _conditions(wanted: TaskFilter, now: datetime) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [
        _IS_OPEN if wanted.is_open else MissedCall.closed_at.is_not(None)
    ]
    if wanted.queue is not None:
        conditions.append(MissedCall.call_id.in_(select(Call.id).where(Call.queue_id == wanted.queue)))
    if wanted.kind:
        conditions.append(MissedCall.kind == wanted.kind)
    if wanted.overdue:
        conditions.append(MissedCall.due_at < now)
    if wanted.own is not None:
        conditions.append(MissedCall.owner_id == wanted.own)
    if wanted.limited_to is not None:
        conditions.append(or_(MissedCall.owner_id == wanted.limited_to, MissedCall.owner_id.is_(None)))
    return conditions


def _cursor(task: MissedCall, wanted: TaskFilter) -> str:
    at = task.due_at if wanted.is_open else task.closed_at
    return f"{at.isoformat() if at else ''}~{task.id}"


def _parse(cursor: str) -> tuple[datetime, int]:
    at, _separator, number = cursor.partition("~")
    try:
        return datetime.fromisoformat(at).astimezone(UTC), int(number)
    except (ValueError, OverflowError):
        raise BadInput(_("This address names no place in the list; start from its first page.")) from None


def own_filter(user: User, *, sees_all: bool) -> TaskFilter:
    """Return the open tasks an account may see."""
    return TaskFilter(limited_to=None if sees_all else user.id)
