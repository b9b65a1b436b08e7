"""Rows of the shift log and of the bulletins."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.accounts import User
from core.db import Base, UTCDateTime


class ShiftHandover(Base):
    """One shift handed over to the next: signed by who hands over, confirmed by who takes over."""

    __tablename__ = "shift_handover"

    id: Mapped[int] = mapped_column(primary_key=True)
    handed_at: Mapped[datetime] = mapped_column(UTCDateTime)
    handed_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    taken_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    taken_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    handed_by: Mapped[User] = relationship(foreign_keys=[handed_by_id])
    taken_by: Mapped[User | None] = relationship(foreign_keys=[taken_by_id])
    entries: Mapped[list[ShiftEntry]] = relationship(back_populates="handover", order_by="ShiftEntry.id")


class ShiftEntry(Base):
    """One entry of the shift log. Its words are never changed; a correction is an entry of its own.

    `kind` is a key of `ivr.shifts.log.KINDS`. An open item is carried forward until it is closed with a reason.
    """

    __tablename__ = "shift_entry"
    __table_args__ = (Index("ix_shift_entry_kind_closed_at", "kind", "closed_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    text: Mapped[str] = mapped_column(Text)
    written_at: Mapped[datetime] = mapped_column(UTCDateTime)
    author_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    corrects_id: Mapped[int | None] = mapped_column(ForeignKey("shift_entry.id"))
    handover_id: Mapped[int | None] = mapped_column(ForeignKey("shift_handover.id"), index=True)
    """The handover it was part of; empty until the shift ends."""
    closed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    closed_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    reason: Mapped[str] = mapped_column(String(500), default="")
    author: Mapped[User] = relationship(foreign_keys=[author_id])
    closed_by: Mapped[User | None] = relationship(foreign_keys=[closed_by_id])
    handover: Mapped[ShiftHandover | None] = relationship(back_populates="entries")


class Bulletin(Base):
    """A notice that every agent has to read, until it expires."""

    __tablename__ = "bulletin"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(120))
    text: Mapped[str] = mapped_column(Text)
    published_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    published_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    expires_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    published_by: Mapped[User] = relationship()
    receipts: Mapped[list[BulletinReceipt]] = relationship(order_by="BulletinReceipt.read_at")


class BulletinReceipt(Base):
    """Who has read a bulletin, and when."""

    __tablename__ = "bulletin_receipt"

    bulletin_id: Mapped[int] = mapped_column(ForeignKey("bulletin.id"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), primary_key=True, index=True)
    read_at: Mapped[datetime] = mapped_column(UTCDateTime)
    user: Mapped[User] = relationship()
