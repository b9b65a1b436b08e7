"""Locks by name, for what no row stands for yet; they end with the transaction.

SQLite has one writer at a time anyway, from the beginning of its transaction.
"""

from __future__ import annotations

import hashlib

from sqlalchemy import text
from sqlalchemy.orm import Session


def lock(session: Session, name: str, *, shared: bool = False) -> None:
    """Wait until no other transaction holds a name's lock, and hold it; those who share it do not wait for each other."""
    if session.get_bind().dialect.name != "postgresql":
        return
    number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)
    function = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
    session.execute(text(f"SELECT {function}(:number)"), {"number": number})
