"""The audit trail: who listened, exported, graded or changed what. Append-only and hash-chained.

Each entry's hash covers the entry and the hash before it, so a changed, removed or inserted row
breaks the chain at that row (`sansheng audit verify`). The hash is keyed with the installation's
secret: who can write to the database, but does not have the secret, cannot make the chain fit again.
What no chain can show is the removal of its newest entries; for that, keep the last number and hash
(`chain_head`) somewhere else, in the daily report for instance.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ForeignKey, Integer, String, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.accounts import User
from core.crypto import derived_key
from core.db import Base, JSONValue, UTCDateTime
from core.i18n import gettext as _

_CHAIN_START = "0" * 64
_POSTGRESQL_LOCK = 0x5A4E5348  # any constant: serialises writers of the chain


class AuditEntry(Base):
    """One act of one person (or of the system, when `user_id` is empty)."""

    __tablename__ = "audit_entry"

    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey(User.id), index=True)
    action: Mapped[str] = mapped_column(String(40), index=True)
    """snake_case past tense: `recording_played`, `evaluation_submitted`, ..."""
    subject: Mapped[str] = mapped_column(String(80), index=True)
    """What it was done to, e.g. `recording:12`."""
    detail: Mapped[dict[str, Any]] = mapped_column(JSONValue, default=dict)
    previous_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))

    def expected_hash(self) -> str:
        """HMAC-SHA-256 (hex) over the entry's content and the previous hash."""
        content = [self.number, self.at.isoformat(), self.user_id, self.action, self.subject, self.detail]
        canonical = json.dumps([*content, self.previous_hash], sort_keys=True)
        return hmac.new(derived_key("audit"), canonical.encode(), hashlib.sha256).hexdigest()


def record_audit(
    session: Session, *, at: datetime, user_id: int | None, action: str, subject: str, **detail: Any
) -> AuditEntry:
    """Append an entry to the chain, in the caller's transaction.

    Writers of the chain wait for each other until they commit, so append last. Detail holds plain
    JSON values, and neither dialled digits nor anything that was said.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _POSTGRESQL_LOCK})
    number, previous = chain_head(session)
    entry = AuditEntry(
        number=number + 1,
        at=at.astimezone(UTC),  # as it will be read back, or the hash would not fit
        user_id=user_id,
        action=action,
        subject=subject,
        detail=_as_stored(detail),
        previous_hash=previous,
    )
    entry.hash = entry.expected_hash()
    session.add(entry)
    session.flush()
    return entry


def broken_entries(session: Session) -> Iterator[tuple[int, str]]:
    """Yield (entry number, what is wrong) for every break of the chain; nothing when it is whole."""
    number = 0
    previous: str | None = _CHAIN_START
    for found, entry in _entries(session):
        if found > number + 1:
            yield found, _("entries %(first)s to %(last)s are missing", first=number + 1, last=found - 1)
        number = found
        if entry is None:
            yield found, _("cannot be read: the database holds what no entry can")
            previous = None
            continue
        if previous is not None and entry.previous_hash != previous:
            yield found, _("does not follow the entry before it")
        if entry.hash != entry.expected_hash():
            yield found, _("was changed after it was written")
        previous = entry.hash


def _entries(session: Session) -> Iterator[tuple[int, AuditEntry | None]]:
    """Yield number and entry in order; None for one whose row cannot be read as an entry."""
    number = 0
    everything = select(AuditEntry).order_by(AuditEntry.number)
    try:
        for entry in session.scalars(everything.execution_options(yield_per=1000, populate_existing=True)):
            number = entry.number
            yield number, entry
    except (ValueError, TypeError):  # JSON or a time that is none, somewhere in the thousand read at once
        rest = session.scalars(select(AuditEntry.number).where(AuditEntry.number > number)).all()
        for later in sorted(rest):
            yield later, _entry(session, later)


def _entry(session: Session, number: int) -> AuditEntry | None:
    try:
        return session.get(AuditEntry, number, populate_existing=True)
    except (ValueError, TypeError):
        return None


def chain_head(session: Session) -> tuple[int, str]:
    """Return the number and hash of the newest entry; (0, 64 zeros) when there is none."""
    last = session.scalar(select(AuditEntry).order_by(AuditEntry.number.desc()).limit(1))
    return (last.number, last.hash) if last else (0, _CHAIN_START)


def _as_stored(detail: dict[str, Any]) -> dict[str, Any]:
    """Return the detail as both databases give it back: JSON, where whole floats are whole numbers."""
    plain: dict[str, Any] = json.loads(json.dumps(detail, allow_nan=False), parse_float=_whole_if_it_is)
    return plain


def _whole_if_it_is(written: str) -> int | float:
    number = float(written)
    return int(number) if number.is_integer() else number
