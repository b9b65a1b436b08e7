"""The audit trail: who listened, exported, graded or changed what. Append-only and hash-chained.

Each entry's hash covers the entry and the hash before it, so a changed, removed or inserted row
breaks the chain at that row (`sansheng audit verify`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Integer, String, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.db import Base, JSONValue, UTCDateTime

_CHAIN_START = "0" * 64
_POSTGRESQL_LOCK = 0x5A4E5348  # any constant: serialises writers of the chain


class AuditEntry(Base):
    """One act of one person (or of the system, when `user_id` is empty)."""

    __tablename__ = "audit_entry"

    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"), index=True)
    action: Mapped[str] = mapped_column(String(40), index=True)
    """snake_case past tense: `recording_played`, `evaluation_submitted`, ..."""
    subject: Mapped[str] = mapped_column(String(80), index=True)
    """What it was done to, e.g. `recording:12`."""
    detail: Mapped[dict[str, Any]] = mapped_column(JSONValue, default=dict)
    previous_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))

    def expected_hash(self) -> str:
        """SHA-256 (hex) over the entry's content and the previous hash."""
        content = [self.number, self.at.isoformat(), self.user_id, self.action, self.subject, self.detail]
        canonical = json.dumps([*content, self.previous_hash], sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(canonical.encode()).hexdigest()


def record_audit(
    session: Session, *, at: datetime, user_id: int | None, action: str, subject: str, **detail: Any
) -> AuditEntry:
    """Append an entry to the chain, in the caller's transaction. Detail holds no digits and no transcript."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _POSTGRESQL_LOCK})
    last = session.scalar(select(AuditEntry).order_by(AuditEntry.number.desc()).limit(1))
    entry = AuditEntry(
        number=last.number + 1 if last else 1,
        at=at,
        user_id=user_id,
        action=action,
        subject=subject,
        detail=detail,
        previous_hash=last.hash if last else _CHAIN_START,
    )
    entry.hash = entry.expected_hash()
    session.add(entry)
    session.flush()
    return entry


def broken_entries(session: Session) -> Iterator[tuple[int, str]]:
    """Yield (entry number, what is wrong) for every break of the chain; nothing when it is whole."""
    number, previous = 0, _CHAIN_START
    for entry in session.scalars(
        select(AuditEntry).order_by(AuditEntry.number).execution_options(yield_per=1000)
    ):
        if entry.number != number + 1:
            yield entry.number, f"entries {number + 1} to {entry.number - 1} are missing"
        if entry.previous_hash != previous:
            yield entry.number, "does not follow the entry before it"
        if entry.hash != entry.expected_hash():
            yield entry.number, "was changed after it was written"
        number, previous = entry.number, entry.hash
