"""Rows of promises to call back, with the number, encrypted."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, EncryptedText, UTCDateTime


class Callback(Base):
    """A promise to call a caller back, for the agents of a queue.

    Results of a try: `reached`, `busy`, `noanswer`, `failed` (no way to the number), `no_agent` (nobody of
    ours answered, the caller was not dialled), `withdrawn` (not wanted any more), `unknown` (an agent
    answered, and how it went on was lost).
    """

    __tablename__ = "callback"
    __table_args__ = (
        UniqueConstraint("provider", "provider_call_id", "number_hash"),
        Index("ix_callback_provider_done_at", "provider", "done_at"),
        Index("ix_callback_leg", "leg"),
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
    leg: Mapped[str] = mapped_column(String(80), default="")
    """The provider's id of the call by which it is being kept; empty: it is not in the line."""
    tries: Mapped[int] = mapped_column(default=0)
    """How often the caller's telephone was dialled in vain."""
    next_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    """Not to be tried before."""
    tried_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    result: Mapped[str] = mapped_column(String(16), default="")
    """Of the last try."""
    done_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    """When the machine was done with it: kept, given up, or not wanted any more."""
