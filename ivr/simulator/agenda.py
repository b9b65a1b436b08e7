"""The simulated day's clock: what is due next, in order of time and then of promise."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from itertools import count

Action = Callable[[], None]


class Agenda:
    """Things to be done at times, in seconds after midnight."""

    def __init__(self) -> None:
        self.now = 0.0
        self._due: list[tuple[float, int, Action]] = []
        self._numbers = count()

    def at(self, second: float, action: Action) -> None:
        """Do something at a time; what is due in the past is done at once."""
        heapq.heappush(self._due, (max(second, self.now), next(self._numbers), action))

    def after(self, seconds: float, action: Action) -> None:
        """Do something in so many seconds."""
        self.at(self.now + seconds, action)

    def run(self) -> None:
        """Do everything, until nothing is due any more."""
        while self._due:
            self.now, _number, action = heapq.heappop(self._due)
            action()
