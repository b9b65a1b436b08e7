"""The lists of blocked and of important callers: put on, taken off, looked up at the start of a call.

Numbers are kept encrypted and found by their keyed hash; every change is an entry of the audit trail, which
names the listing and not the number. A caller without a number is on no list.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from core.accounts import User
from core.audit import record_audit
from core.crypto import lookup_hash
from core.errors import BadInput, NotFound
from core.i18n import N_
from core.i18n import gettext as _
from core.phone import normalise_number
from ivr.callers.models import ListedCaller

KINDS: Final[Mapping[str, str]] = {"blocked": N_("Blocked caller"), "important": N_("Important caller")}
LISTED: Final = 200
_LENGTHS: Final = range(3, 21)
_LONGEST_REASON: Final = 200


@dataclass(frozen=True, slots=True)
class Standing:
    """What a caller is to us when a call begins; both are passed to the flow."""

    blocked: bool = False
    vip: bool = False


UNLISTED: Final = Standing()


def standing_of(session: Session, number: str, at: datetime) -> Standing:
    """Return a caller's standing at a time; a withheld (empty) number has none."""
    number = normalise_number(number)
    if not number:
        return UNLISTED
    found = session.execute(
        select(ListedCaller.kind, ListedCaller.until).where(ListedCaller.number_hash == lookup_hash(number))
    ).one_or_none()
    if found is None or (found.until is not None and found.until <= at):
        return UNLISTED
    return Standing(blocked=found.kind == "blocked", vip=found.kind == "important")


def list_caller(
    session: Session,
    number: str,
    kind: str,
    *,
    reason: str,
    at: datetime,
    by: User | None = None,
    until: datetime | None = None,
) -> ListedCaller:
    """Put a number on a list, in the caller's transaction; one that is listed already is listed anew.

    Raises:
        BadInput: no number, no such list, no reason, or an end that is past.
    """
    number, reason = normalise_number(number), reason.strip()
    _check(number, kind, reason)
    if until is not None and until <= at:
        raise BadInput(_("the listing would have ended already: choose a later day"))
    number_hash = lookup_hash(number)
    row = session.scalar(
        select(ListedCaller).where(ListedCaller.number_hash == number_hash).with_for_update()
    )
    if row is None:
        row = ListedCaller(number=number, number_hash=number_hash)
        session.add(row)
    row.kind, row.reason, row.until = kind, reason, until
    row.listed_at, row.listed_by_id = at, by.id if by else None
    session.flush()
    _note(session, row, "caller_listed", at, by)
    return row


def unlist_caller(session: Session, listing: ListedCaller, *, at: datetime, by: User | None = None) -> None:
    """Take a number off its list, in the caller's transaction."""
    _note(session, listing, "caller_unlisted", at, by)
    session.delete(listing)


def listing_of(session: Session, *, number: str = "", listing_id: int | None = None) -> ListedCaller:
    """Return the listing of a number, or of an id.

    Raises:
        NotFound: there is none.
    """
    wanted = (
        ListedCaller.id == listing_id
        if listing_id is not None
        else ListedCaller.number_hash == lookup_hash(normalise_number(number))
    )
    found = session.scalar(select(ListedCaller).where(wanted).with_for_update())
    if found is None:
        raise NotFound(_("This number is on no list."))
    return found


def listed_callers(session: Session) -> tuple[Sequence[ListedCaller], int]:
    """Return the listings, the latest first and `LISTED` at most, and how many there are."""
    count = session.scalar(select(func.count(ListedCaller.id))) or 0
    latest = (
        select(ListedCaller)
        .options(joinedload(ListedCaller.listed_by))
        .order_by(ListedCaller.listed_at.desc(), ListedCaller.id.desc())
        .limit(LISTED)
    )
    return session.scalars(latest).all(), count


def end_of_day(text: str, zone: ZoneInfo) -> datetime | None:
    """Return the end of a day written 2026-12-31, in a zone; None for no text.

    Raises:
        BadInput: it is no day.
    """
    if not text:
        return None
    try:
        following = date.fromisoformat(text) + timedelta(days=1)
        return datetime(following.year, following.month, following.day, tzinfo=zone)
    except (ValueError, OverflowError) as error:
        raise BadInput(_("%(text)s is not a day: write 2026-12-31", text=text[:40])) from error


def _check(number: str, kind: str, reason: str) -> None:
    if len(number.lstrip("+")) not in _LENGTHS:
        raise BadInput(_("this is not a telephone number: write its digits, with the area code"))
    if kind not in KINDS:
        raise BadInput(_("there is no list %(name)s", name=kind[:40]))
    if not 2 <= len(reason) <= _LONGEST_REASON:
        raise BadInput(_("say why, in 2 to %(most)s characters", most=_LONGEST_REASON))


def _note(session: Session, row: ListedCaller, action: str, at: datetime, by: User | None) -> None:
    record_audit(
        session,
        at=at,
        user_id=by.id if by else None,
        action=action,
        subject=f"listed_caller:{row.id}",
        kind=row.kind,
        until=row.until.isoformat() if row.until else None,
    )
