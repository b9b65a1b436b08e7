"""Refused webhooks, counted: who keeps asking without a good signature is seen in `doctor`, not in an answer.

A flood of forgeries must not become a flood of writes, so a process adds up and writes every few seconds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from threading import Lock
from typing import Final

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from core.installation import Installation
from ivr.twilio.models import TwilioRefusal

_WRITE_EVERY: Final = timedelta(seconds=5)


class RefusalTally:
    """One process's count."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._lock = Lock()
        self._counts: Counter[str] = Counter()
        self._written_at: datetime | None = None

    def add(self, reason: str) -> None:
        """Count a refusal; the first one is written at once."""
        now = self._installation.clock.now()
        with self._lock:
            self._counts[reason] += 1
            if self._written_at is not None and now - self._written_at < _WRITE_EVERY:
                return
            counts, self._counts, self._written_at = self._counts, Counter(), now
        with self._installation.unit_of_work() as session:
            for named, count in counts.items():
                _add(session, named, count, now)


def _add(session: Session, reason: str, count: int, now: datetime) -> None:
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    row = insert(TwilioRefusal).values(reason=reason, count=count, last_at=now)
    more = {"count": TwilioRefusal.count + row.excluded.count, "last_at": row.excluded.last_at}
    session.execute(row.on_conflict_do_update(index_elements=["reason"], set_=more))


def refusals(session: Session) -> Sequence[TwilioRefusal]:
    """Return what was refused so far, the most frequent reason first."""
    return session.scalars(select(TwilioRefusal).order_by(TwilioRefusal.count.desc())).all()
