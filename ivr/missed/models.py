"""Rows of the missed-call list."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.accounts import User
from core.db import Base, UTCDateTime
from ivr.models import Call


class MissedCall(Base):
    """A caller nobody spoke to, to be called back. A row is never removed; it ends with a disposition.

    Kinds: `abandoned`, `timeout` (led on, turned away), `after_hours`, `voicemail`, `dropped` (the end of
    the talk was lost), `outage` (the hotline broke down under the call), `callback` (asked to be called back).
    """

    __tablename__ = "missed_call"
    __table_args__ = (
        Index("ix_missed_call_disposition_due_at", "disposition", "due_at"),
        Index("ix_missed_call_closed_at", "closed_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[int] = mapped_column(ForeignKey("call.id", ondelete="CASCADE"), unique=True)
    kind: Mapped[str] = mapped_column(String(16))
    missed_at: Mapped[datetime] = mapped_column(UTCDateTime)
    due_at: Mapped[datetime] = mapped_column(UTCDateTime)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"), index=True)
    disposition: Mapped[str] = mapped_column(String(16), default="")
    """A key of `ivr.missed.tasks.DISPOSITIONS`; empty while the task is open."""
    reason: Mapped[str] = mapped_column(String(500), default="")
    closed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    closed_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    """Empty when a later call closed it."""
    closing_call_id: Mapped[int | None] = mapped_column(ForeignKey("call.id", ondelete="SET NULL"))
    call: Mapped[Call] = relationship(foreign_keys=[call_id])
    owner: Mapped[User | None] = relationship(foreign_keys=[owner_id])
    closed_by: Mapped[User | None] = relationship(foreign_keys=[closed_by_id])
