"""Bulletins (公告): supervisors publish, every agent confirms having read, and who has not is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session, joinedload, selectinload

from core.accounts import Role, User
from core.audit import record_audit
from core.errors import BadInput, NotFound
from core.i18n import gettext as _
from ivr.shifts.models import Bulletin, BulletinReceipt

LONGEST_TITLE: Final = 120
LONGEST_TEXT: Final = 5000
_LISTED: Final = 50


def publish_bulletin(
    session: Session, user: User, *, title: str, text: str, expires_at: datetime | None, at: datetime
) -> Bulletin:
    """Publish a notice to every agent; raises BadInput for a text that will not do or an end in the past."""
    title, text = title.strip(), text.strip()
    if not (2 <= len(title) <= LONGEST_TITLE and 2 <= len(text) <= LONGEST_TEXT):
        raise BadInput(
            _(
                "A bulletin needs a title of at most %(title)s and a text of at most %(text)s characters.",
                title=LONGEST_TITLE,
                text=LONGEST_TEXT,
            )
        )
    if expires_at is not None and expires_at <= at:
        raise BadInput(_("A bulletin cannot end before it begins."))
    bulletin = Bulletin(
        title=title, text=text, published_at=at, published_by_id=user.id, expires_at=expires_at
    )
    session.add(bulletin)
    session.flush()
    record_audit(
        session, at=at, user_id=user.id, action="bulletin_published", subject=f"bulletin:{bulletin.id}"
    )
    return bulletin


def confirm_reading(session: Session, bulletin_id: int, user: User, *, at: datetime) -> None:
    """Note that somebody has read a bulletin; the first time counts. Raises NotFound."""
    if session.get(Bulletin, bulletin_id) is None:
        raise NotFound(_("There is no bulletin %(number)s.", number=bulletin_id))
    if session.get(BulletinReceipt, (bulletin_id, user.id)) is not None:
        return
    session.add(BulletinReceipt(bulletin_id=bulletin_id, user_id=user.id, read_at=at))
    session.flush()
    record_audit(session, at=at, user_id=user.id, action="bulletin_read", subject=f"bulletin:{bulletin_id}")


def unread_bulletins(session: Session, user: User, now: datetime) -> Sequence[Bulletin]:
    """Return the bulletins in force that somebody has not read, the oldest first."""
    unread = select(Bulletin).where(*_unread(user, now)).order_by(Bulletin.id)
    return session.scalars(unread.options(joinedload(Bulletin.published_by))).all()


def unread_count(session: Session, user: User, now: datetime) -> int:
    """Return how many bulletins in force somebody has not read."""
    return session.scalar(select(func.count(Bulletin.id)).where(*_unread(user, now))) or 0


def bulletins(session: Session) -> Sequence[Bulletin]:
    """Return the latest bulletins with their receipts, the latest first."""
    latest = select(Bulletin).order_by(Bulletin.id.desc()).limit(_LISTED)
    receipts = selectinload(Bulletin.receipts).joinedload(BulletinReceipt.user)
    return session.scalars(latest.options(joinedload(Bulletin.published_by), receipts)).all()


def who_has_not_read(session: Session, listed: Sequence[Bulletin]) -> Mapping[int, Sequence[User]]:
    """Return the agents' accounts that owe a bulletin their receipt, by the bulletin's id."""
    agents = session.scalars(
        select(User).where(User.role == Role.AGENT, User.active.is_(True)).order_by(User.display_name)
    ).all()
    read = {bulletin.id: {receipt.user_id for receipt in bulletin.receipts} for bulletin in listed}
    return {number: [agent for agent in agents if agent.id not in done] for number, done in read.items()}


def _unread(user: User, now: datetime) -> tuple[ColumnElement[bool], ...]:
    read = select(BulletinReceipt.bulletin_id).where(BulletinReceipt.user_id == user.id)
    in_force = or_(Bulletin.expires_at.is_(None), Bulletin.expires_at > now)
    return Bulletin.published_at <= now, in_force, Bulletin.id.not_in(read)
