"""Rows of the metrics: days of visits packed for counting, and the definitions an installation published.

`MetricDay` is a copy for speed and nothing else. Triggers of the database remove a day's copy whenever a
visit of that day changes, whoever changes it, so that a copy that exists is true (revision 0003).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, JSONValue, UTCDateTime


class MetricDay(Base):
    """The visits that entered one queue on one UTC day, as `ivr.metrics.columns` packs them."""

    __tablename__ = "metric_day"

    queue_id: Mapped[int] = mapped_column(ForeignKey("queue.id", ondelete="CASCADE"), primary_key=True)
    day: Mapped[str] = mapped_column(String(10), primary_key=True)
    """The UTC day, like 2026-11-20."""
    layout: Mapped[int]
    """Version of the packing; a copy of another layout is not read."""
    visits: Mapped[bytes] = mapped_column(LargeBinary)
    rings: Mapped[bytes] = mapped_column(LargeBinary)


class MetricDefinition(Base):
    """One version of a set of metric definitions, never changed once it is here."""

    __tablename__ = "metric_definition"
    __table_args__ = (UniqueConstraint("name", "version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(40))
    version: Mapped[int]
    content: Mapped[dict[str, Any]] = mapped_column(JSONValue)
    published_at: Mapped[datetime] = mapped_column(UTCDateTime)
