"""Booking: a promise becomes a row while the caller is still on the line."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.crypto import lookup_hash
from core.phone import normalise_number
from ivr.callbacks.models import Callback


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
