"""Rows of the two lists of callers: blocked ones and important ones."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.accounts import User
from core.db import Base, EncryptedText, UTCDateTime


class ListedCaller(Base):
    """A number on one of the lists; a number is on one list at most.

    Kinds: `blocked` (refused before the call is answered), `important` (answered before others).
    """

    __tablename__ = "listed_caller"

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(EncryptedText)
    number_hash: Mapped[str] = mapped_column(String(64), unique=True)
    kind: Mapped[str] = mapped_column(String(16))
    """A key of `ivr.callers.lists.KINDS`."""
    reason: Mapped[str] = mapped_column(String(200))
    listed_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    listed_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    """Empty when it was done on the command line."""
    until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    """From then on the caller is like any other; empty: for good."""
    listed_by: Mapped[User | None] = relationship()
