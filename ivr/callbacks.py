"""Promises to call back: kept with the number, encrypted, until an agent has called."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.crypto import lookup_hash
from core.db import Base, EncryptedText, UTCDateTime
from core.phone import normalise_number


class Callback(Base):
    """A promise to call a caller back, for the agents of a queue."""

    __tablename__ = "callback"
    __table_args__ = (
        UniqueConstraint("provider", "provider_call_id", "number_hash"),
        Index("ix_callback_queue_done_at", "queue", "done_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    provider: Mapped[str] = mapped_column(String(16))
    provider_call_id: Mapped[str] = mapped_column(String(80))
    """With `provider`: the call the promise was made on, see `ivr.models.Call`."""
    number: Mapped[str] = mapped_column(EncryptedText)
    number_hash: Mapped[str] = mapped_column(String(64), index=True)
    queue: Mapped[str] = mapped_column(String(80))
    language: Mapped[str] = mapped_column(String(8))
    promised_at: Mapped[datetime] = mapped_column(UTCDateTime)
    done_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


def book_callback(
    session: Session,
    *,
    provider: str,
    provider_call_id: str,
    number: str,
    queue: str,
    language: str,
    at: datetime,
) -> Callback:
    """Keep a promise in the caller's transaction; the same promise of one call is one row."""
    number = normalise_number(number)
    number_hash = lookup_hash(number)
    known = session.scalar(
        select(Callback).where(
            Callback.provider == provider,
            Callback.provider_call_id == provider_call_id,
            Callback.number_hash == number_hash,
        )
    )
    if known is None:
        known = Callback(
            provider=provider,
            provider_call_id=provider_call_id,
            number=number,
            number_hash=number_hash,
            queue=queue,
            language=language,
            promised_at=at,
        )
        session.add(known)
    return known
