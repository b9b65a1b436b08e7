"""The shift log (交接班日志): what one shift tells the next, who signs it and who confirms it.

Nothing is changed once it is written: a correction is a new entry, an open item stays until somebody closes
it with a reason, and every act is in the audit trail.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from core.accounts import User
from core.audit import record_audit
from core.errors import BadInput, Conflict, NotFound
from core.i18n import N_
from core.i18n import gettext as _
from ivr.shifts.models import ShiftEntry, ShiftHandover

OPEN_ITEM: Final = "open_item"
KINDS: Final[Mapping[str, str]] = {
    "equipment": N_("Equipment"),
    "difficult": N_("Difficult cases"),
    "roster": N_("Roster changes"),
    "business": N_("Business changes and instructions"),
    "feedback": N_("Customers' suggestions and complaints"),
    OPEN_ITEM: N_("Open items"),
}
LONGEST_ENTRY: Final = 2000
_LISTED: Final = 10


def write_entry(
    session: Session, user: User, *, kind: str, text: str, at: datetime, corrects_id: int | None = None
) -> ShiftEntry:
    """Add an entry to the log of the running shift; a correction names the entry it corrects.

    Raises:
        BadInput: no such kind, or the text is too short or too long.
        NotFound: there is no entry to correct.
    """
    if kind not in KINDS:
        raise BadInput(_("Choose what the entry is about."))
    words = text.strip()
    if not 2 <= len(words) <= LONGEST_ENTRY:
        raise BadInput(_("Write 2 to %(most)s characters.", most=LONGEST_ENTRY))
    if corrects_id is not None and session.get(ShiftEntry, corrects_id) is None:
        raise NotFound(_("There is no entry %(number)s.", number=corrects_id))
    entry = ShiftEntry(kind=kind, text=words, written_at=at, author_id=user.id, corrects_id=corrects_id)
    session.add(entry)
    session.flush()
    _note(session, user, at, "shift_entry_written", f"shift_entry:{entry.id}", kind=kind)
    return entry


def close_item(session: Session, entry_id: int, user: User, *, reason: str, at: datetime) -> None:
    """Close an open item with a reason; raises NotFound, Conflict when it is closed, BadInput without reason."""
    if not 2 <= len(reason.strip()) <= 500:
        raise BadInput(_("Give the reason in 2 to 500 characters."))
    entry = session.get(ShiftEntry, entry_id, with_for_update=True)
    if entry is None or entry.kind != OPEN_ITEM:
        raise NotFound(_("There is no open item %(number)s.", number=entry_id))
    if entry.closed_at is not None:
        raise Conflict(_("This item is closed already."))
    entry.closed_at, entry.closed_by_id, entry.reason = at, user.id, reason.strip()
    _note(session, user, at, "shift_item_closed", f"shift_entry:{entry.id}")


def hand_over(session: Session, user: User, *, at: datetime) -> ShiftHandover:
    """Sign the running shift's entries over to whoever comes next.

    Raises:
        Conflict: the last handover waits for its confirmation still.
    """
    waiting = session.scalar(select(ShiftHandover).where(ShiftHandover.taken_at.is_(None)).with_for_update())
    if waiting is not None:
        raise Conflict(_("The last handover has not been confirmed yet."))
    handover = ShiftHandover(handed_at=at, handed_by_id=user.id)
    session.add(handover)
    session.flush()
    for entry in running_entries(session):
        entry.handover_id = handover.id
    _note(session, user, at, "shift_handed_over", f"shift_handover:{handover.id}")
    return handover


def take_over(session: Session, handover_id: int, user: User, *, at: datetime) -> None:
    """Confirm that one has taken a shift over.

    Raises:
        NotFound: there is no such handover.
        Conflict: it is confirmed already, or the account itself handed it over.
    """
    handover = session.get(ShiftHandover, handover_id, with_for_update=True)
    if handover is None:
        raise NotFound(_("There is no handover %(number)s.", number=handover_id))
    if handover.taken_at is not None:
        raise Conflict(_("This handover is confirmed already."))
    if handover.handed_by_id == user.id:
        raise Conflict(_("Who hands over cannot confirm it; the next shift does."))
    handover.taken_at, handover.taken_by_id = at, user.id
    _note(session, user, at, "shift_taken_over", f"shift_handover:{handover.id}")


def running_entries(session: Session) -> Sequence[ShiftEntry]:
    """Return what was written since the last handover."""
    unsigned = select(ShiftEntry).where(ShiftEntry.handover_id.is_(None)).order_by(ShiftEntry.id)
    return session.scalars(unsigned.options(joinedload(ShiftEntry.author))).all()


def open_items(session: Session) -> Sequence[ShiftEntry]:
    """Return the items nobody has closed, whichever shift wrote them, the oldest first."""
    unclosed = select(ShiftEntry).where(ShiftEntry.kind == OPEN_ITEM, ShiftEntry.closed_at.is_(None))
    return session.scalars(unclosed.order_by(ShiftEntry.id).options(joinedload(ShiftEntry.author))).all()


def handovers(session: Session) -> Sequence[ShiftHandover]:
    """Return the latest handovers with their entries, the latest first."""
    options = (
        joinedload(ShiftHandover.handed_by),
        joinedload(ShiftHandover.taken_by),
        selectinload(ShiftHandover.entries).joinedload(ShiftEntry.author),
        selectinload(ShiftHandover.entries).joinedload(ShiftEntry.closed_by),
    )
    latest = select(ShiftHandover).order_by(ShiftHandover.id.desc()).limit(_LISTED)
    return session.scalars(latest.options(*options)).all()


def unconfirmed_handover(session: Session) -> ShiftHandover | None:
    """Return the handover that waits for somebody to take over."""
    return session.scalar(select(ShiftHandover).where(ShiftHandover.taken_at.is_(None)))


def _note(session: Session, user: User, at: datetime, action: str, subject: str, **detail: str) -> None:
    record_audit(session, at=at, user_id=user.id, action=action, subject=subject, **detail)
