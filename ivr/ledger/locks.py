"""Who may derive a call now: its facts follow from all its events, so two who tell of it must not overlap.

The steps of a flow and the lines of a queue_log come from different processes. Each takes the lock before it
looks what is known of the call, and keeps it until its own events are there for the other to see.
"""

from __future__ import annotations

from sqlalchemy.orm import Session

from core.db.locks import lock


def lock_call(session: Session, provider: str, call_id: str) -> None:
    """Wait for whoever derives this call, and hold it to the transaction's end."""
    lock(session, f"calls of {provider}", shared=True)
    lock(session, f"call {provider}/{call_id}")


def lock_calls(session: Session, provider: str) -> None:
    """Wait for whoever derives any call of a provider, and hold all of them to the transaction's end."""
    lock(session, f"calls of {provider}")
