"""The clock port: who needs the time asks this, so that tests and the demo can give their own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Says what time it is."""

    def now(self) -> datetime:
        """Return the aware UTC time."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the aware UTC time."""
        return datetime.now(UTC)


@dataclass(slots=True)
class FixedClock:
    """A clock that stands where it is put, for tests and for the demo's simulated day."""

    at: datetime

    def now(self) -> datetime:
        """Return the time it was put at."""
        return self.at
