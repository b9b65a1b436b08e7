"""Slows down password guessing: failures are counted by name and address, and by address alone.

The counters live in this process, as the web is one process; a restart forgets them.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock

WINDOW = timedelta(minutes=15)
FAILURES_OF_NAME = 5
FAILURES_OF_ADDRESS = 50
_KEPT_KEYS = 10_000


@dataclass(slots=True)
class LoginThrottle:
    """Counts failed log-ins of the last quarter of an hour."""

    _failures: dict[str, deque[datetime]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def wait_s(self, name: str, address: str, now: datetime) -> float:
        """Return how long to wait before another try; 0 when one may try now."""
        with self._lock:
            return max(
                self._wait_s(f"{name}@{address}", FAILURES_OF_NAME, now),
                self._wait_s(address, FAILURES_OF_ADDRESS, now),
            )

    def failed(self, name: str, address: str, now: datetime) -> None:
        """Count a failure."""
        with self._lock:
            if len(self._failures) >= _KEPT_KEYS:
                self._forget_old(now)
            for key in (f"{name}@{address}", address):
                self._failures.setdefault(key, deque(maxlen=FAILURES_OF_ADDRESS)).append(now)

    def succeeded(self, name: str, address: str) -> None:
        """Forget the failures of a name from an address."""
        with self._lock:
            self._failures.pop(f"{name}@{address}", None)

    def _wait_s(self, key: str, limit: int, now: datetime) -> float:
        failures = self._failures.get(key, deque())
        while failures and failures[0] <= now - WINDOW:
            failures.popleft()
        if len(failures) < limit:
            return 0.0
        return (failures[-limit] + WINDOW - now).total_seconds()

    def _forget_old(self, now: datetime) -> None:
        for key in [k for k, times in self._failures.items() if not times or times[-1] <= now - WINDOW]:
            del self._failures[key]
