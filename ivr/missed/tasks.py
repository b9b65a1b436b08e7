"""The missed-call list: how a task comes to be, who takes it, how it ends.

A task ends by a person's disposition with a reason, or by a later call in which somebody spoke to the
same caller. The order in which calls become known does not change the result.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, joinedload

from core.accounts import User
from core.audit import AuditEntry, record_audit
from core.errors import BadInput, Conflict, NotFound
from core.i18n import N_
from core.i18n import gettext as _
from core.installation import Installation
from core.setting_sections import ShiftSettings
from ivr.callbacks.models import Callback
from ivr.missed.accounting import PERIOD
from ivr.missed.due import due_at
from ivr.missed.listing import count_tasks, own_filter
from ivr.missed.models import MissedCall
from ivr.models import Call, QueueVisit

DISPOSITIONS: Final[Mapping[str, str]] = {
    "reached": N_("Called back and reached"),
    "apologised": N_("Apology sent"),
    "unreachable": N_("Not to be reached"),
    "not_needed": N_("No callback needed"),
}
KINDS: Final[Mapping[str, str]] = {
    "abandoned": N_("Hung up while waiting"),
    "timeout": N_("Waited in vain"),
    "after_hours": N_("Called after hours"),
    "voicemail": N_("Left a message"),
    "dropped": N_("Cut off in the talk"),
    "outage": N_("Lost in an outage"),
    "callback": N_("Asked to be called back"),
}
REVIEWED: Final = "missed_calls_reviewed"
_BY_OUTCOME: Final = {
    "abandoned": "abandoned",
    "voicemail": "voicemail",
    "closed": "after_hours",
    "failed": "outage",
    "callback": "callback",
}
_LEFT: Final = {"abandoned": "abandoned", "key": "abandoned"} | dict.fromkeys(
    ("timeout", "empty", "full", "orphan"), "timeout"
)
"""How the last visit ended → how the call was missed, when nobody spoke to the caller after it."""


def note_ended_call(installation: Installation, *, call_id: int) -> None:
    """Make a task of a missed call, or close the tasks of a caller who was reached. Can be repeated.

    Raises:
        RetryLater: the database is busy.
    """
    settings = installation.settings
    zone = ZoneInfo(settings.web.time_zone)
    try:
        with installation.unit_of_work() as session:
            call = session.get(Call, call_id, options=[joinedload(Call.visits)])
            if call is not None:
                note_call(session, call, now=installation.clock.now(), zone=zone, hours=settings.shift)
    except IntegrityError:  # the same call was noted at the same time, which is all that was wanted
        return


def note_call(session: Session, call: Call, *, now: datetime, zone: ZoneInfo, hours: ShiftSettings) -> None:
    """Take a call that is over into account, in the caller's transaction."""
    kind = missed_kind(call)
    missed_at = call.ended_at or call.started_at
    if call.outcome == "answered" and kind is None:
        _close_reached(session, call)
    known = session.scalar(select(MissedCall.id).where(MissedCall.call_id == call.id))
    if kind is None or known is not None or now - missed_at > PERIOD:
        return
    due = due_at(kind, missed_at, zone, hours)
    task = MissedCall(call_id=call.id, kind=kind, missed_at=missed_at, due_at=due)
    session.add(task)
    later = _reached_later(session, call)
    if later is not None:
        _close_by(task, later)


def missed_kind(call: Call) -> str | None:
    """Return in which way a call was missed; None when somebody spoke to the caller or nobody was wanted."""
    last = call.visits[-1] if call.visits else None
    if call.outcome == "answered":  # and perhaps passed on to a queue where nobody answered
        return _LEFT.get(last.outcome, "dropped" if _cut_off(last) else None) if last else None
    if call.outcome in _BY_OUTCOME:
        return _BY_OUTCOME[call.outcome]
    return _LEFT.get(last.outcome, "timeout") if call.outcome == "hung_up" and last else None


def _cut_off(visit: QueueVisit) -> bool:
    return visit.outcome == "answered" and (visit.ended_at is None or visit.ended_by == "crash")


def _close_reached(session: Session, call: Call) -> None:
    if call.caller_hash is None:
        return
    tasks = session.scalars(
        select(MissedCall)
        .join(Call, Call.id == MissedCall.call_id)
        .where(
            or_(Call.caller_hash == call.caller_hash, _promised_to(call.caller_hash)),
            Call.started_at < call.started_at,
            MissedCall.disposition == "",
        )
    )
    for task in tasks:
        _close_by(task, call)


def _promised_to(number_hash: str) -> ColumnElement[bool]:
    """Whether a call ended with the promise to call a number: it may be another than the caller's own."""
    return (
        select(Callback.id)
        .where(
            Callback.provider == Call.provider,
            Callback.provider_call_id == Call.provider_call_id,
            Callback.number_hash == number_hash,
        )
        .exists()
    )


def _reached_later(session: Session, call: Call) -> Call | None:
    numbers = session.scalars(
        select(Callback.number_hash).where(
            Callback.provider == call.provider, Callback.provider_call_id == call.provider_call_id
        )
    )
    reached_at = {call.caller_hash, *numbers} - {None}
    if not reached_at:
        return None
    later = (
        select(Call)
        .where(
            Call.caller_hash.in_(reached_at),
            Call.started_at > call.started_at,
            Call.outcome == "answered",
        )
        .order_by(Call.started_at)
        .options(joinedload(Call.visits))
    )
    calls = session.scalars(later).unique()
    return next((candidate for candidate in calls if missed_kind(candidate) is None), None)


def _close_by(task: MissedCall, call: Call) -> None:
    task.disposition = "reached"
    task.closed_at = call.ended_at or call.started_at
    task.closing_call_id = call.id


def review_tasks(session: Session, user: User, *, at: datetime, sees_all: bool) -> None:
    """Record that somebody has looked through the open tasks, as one does when a shift begins."""
    counts = count_tasks(session, own_filter(user, sees_all=sees_all), at)
    record_audit(
        session,
        at=at,
        user_id=user.id,
        action=REVIEWED,
        subject="missed_calls",
        open=counts.found,
        overdue=counts.overdue,
    )


def last_review(session: Session, user_id: int | None = None) -> tuple[datetime, str] | None:
    """Return when the open tasks were looked through last, and by whom; of one account, or of all."""
    reviews = select(AuditEntry.at, User.display_name).join(User, User.id == AuditEntry.user_id)
    reviews = reviews.where(AuditEntry.action == REVIEWED)
    if user_id is not None:
        reviews = reviews.where(AuditEntry.user_id == user_id)
    found = session.execute(reviews.order_by(AuditEntry.number.desc()).limit(1)).one_or_none()
    return None if found is None else (found.at, found.display_name)


def take_task(session: Session, task_id: int, user: User, *, at: datetime, only_own: bool = False) -> None:
    """Make a task this account's own.

    Raises:
        NotFound: there is no such task, or it is another's and the account may take only free ones.
        Conflict: it is closed.
    """
    task = _open_task(session, task_id, user if only_own else None)
    task.owner_id = user.id
    record_audit(session, at=at, user_id=user.id, action="missed_call_taken", subject=f"call:{task.call_id}")


def close_task(
    session: Session,
    task_id: int,
    user: User,
    *,
    disposition: str,
    reason: str,
    at: datetime,
    only_own: bool = False,
) -> None:
    """End a task with a disposition and the reason for it.

    Raises:
        NotFound, Conflict: as for `take_task`.
        BadInput: no such disposition, or no reason.
    """
    if disposition not in DISPOSITIONS:
        raise BadInput(_("Say what became of the callback."))
    if not 2 <= len(reason.strip()) <= 500:
        raise BadInput(_("Give the reason in 2 to 500 characters."))
    task = _open_task(session, task_id, user if only_own else None)
    task.disposition, task.reason = disposition, reason.strip()
    task.closed_at, task.closed_by_id = at, user.id
    task.owner_id = task.owner_id or user.id
    record_audit(
        session,
        at=at,
        user_id=user.id,
        action="missed_call_closed",
        subject=f"call:{task.call_id}",
        disposition=disposition,
    )


def _open_task(session: Session, task_id: int, only_for: User | None) -> MissedCall:
    task = session.get(MissedCall, task_id, with_for_update=True)
    if task is None or (only_for is not None and task.owner_id not in {None, only_for.id}):
        raise NotFound(_("There is no missed call %(number)s, or you may not see it.", number=task_id))
    if task.disposition:
        raise Conflict(_("This missed call is closed already."))
    return task
