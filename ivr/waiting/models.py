"""Rows of what waiting callers were told, so that it can be judged by what came."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, UTCDateTime
from ivr.waiting.predictor import WaitRange


class WaitPrediction(Base):
    """A wait that a caller was told, or was not told for want of knowledge (`low_min`, `high_min` empty).

    The visit it belongs to is found by call, queue and time (`ivr.waiting.judging`): visits are derived anew
    from the facts, what was said is not.
    """

    __tablename__ = "wait_prediction"
    __table_args__ = (
        UniqueConstraint("provider", "provider_call_id", "number"),
        Index("ix_wait_prediction_said_at", "said_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    provider: Mapped[str] = mapped_column(String(16))
    provider_call_id: Mapped[str] = mapped_column(String(80))
    """With `provider`: the call, see `ivr.models.Call`."""
    number: Mapped[int]
    """Orders a call's announcements; the same announcement is one row."""
    queue: Mapped[str] = mapped_column(String(80))
    said_at: Mapped[datetime] = mapped_column(UTCDateTime)
    place: Mapped[int]
    low_min: Mapped[int | None]
    high_min: Mapped[int | None]
    version: Mapped[str] = mapped_column(String(32))
    """Of the predictor, see `ivr.waiting.predictor.VERSION`."""

    @property
    def said(self) -> WaitRange | None:
        """Return the range; None: that it cannot be said."""
        return said_range(self.low_min, self.high_min)


def said_range(low_min: int | None, high_min: int | None) -> WaitRange | None:
    """Return the range of two columns."""
    return None if low_min is None or high_min is None else WaitRange(low_min, high_min)
