"""One look at the floor for all walls: however many are open, it is looked at once for each piece of news.

Today's figures may take longer than a moment's; they are asked again when a tenth of the time would be
spent on them, and say when they were counted.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from core.installation import Installation
from ivr.metrics.board import Today, today
from ivr.metrics.columns import keep_days
from ivr.metrics.moment import Now, this_moment
from ivr.models import LiveRow

EVERY_S: Final = 0.25
"""The telephony writes what it sees every second; asked for news so often, a wall stays under two seconds."""
AT_LEAST_S: Final = 1.0
"""Without news from the telephony the ledger is looked at so often."""
AGAIN_MS: Final = 500
"""A browser whose stream ended asks for the next one after so long."""
TELL_EVERY_S: Final = 10.0
STREAM_S: Final = 300.0
"""A stream ends after so long, and the browser's next one shows that the account may still see it."""
_SHARE_OF_TIME: Final = 10
_HEARD_AT: Final = select(func.max(LiveRow.heard_at))


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen at one time."""

    now: Now
    today: Today


class WallFeed:
    """Looks at the floor for everybody, and counts the open streams."""

    def __init__(self, installation: Installation, streams: int) -> None:
        self._installation = installation
        self._lock = threading.Lock()
        self._streams = threading.BoundedSemaphore(streams)
        self._look: Look | None = None
        self._looked_at = self._asked_at = self._counted_at = float("-inf")
        self._cost_s = 0.0
        self._heard_at: datetime | None = None

    def look(self) -> Look:
        """Return what the floor looks like: the same look until there is news, or a second is over."""
        with self._lock:
            began = time.monotonic()
            if self._look is None or began - self._looked_at >= AT_LEAST_S or self._has_news(began):
                self._look = self._see(began)
                self._looked_at = self._asked_at = began
            return self._look

    def _has_news(self, began: float) -> bool:
        """Whether the telephony has written since the last look; asked a few times a second."""
        if began - self._asked_at < EVERY_S:
            return False
        self._asked_at = began
        with self._installation.unit_of_work(read_only=True) as session:
            return session.scalar(_HEARD_AT) != self._heard_at

    def _see(self, began: float) -> Look:
        now = self._installation.clock.now()
        zone = ZoneInfo(self._installation.settings.web.time_zone)
        known = self._look.today if self._look else None
        again = known is None or began - self._counted_at >= max(AT_LEAST_S, _SHARE_OF_TIME * self._cost_s)
        if known is None or now >= known.asked.until + timedelta(days=1):
            keep_days(self._installation, now - timedelta(days=16), now)
        with self._installation.unit_of_work(read_only=True) as session:
            self._heard_at = session.scalar(_HEARD_AT)
            moment = this_moment(session, now, self._installation.settings.wall)
            counted = today(session, now, zone) if again or known is None else known
        if again:
            self._counted_at = time.monotonic()
            self._cost_s = self._counted_at - began
        return Look(moment, counted)

    def enter(self) -> bool:
        """Take a place for a stream; False when all are taken."""
        return self._streams.acquire(blocking=False)

    def leave(self) -> None:
        """Give the place back."""
        self._streams.release()


def events(
    draw: Callable[[], str],
    *,
    pause: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[str]:
    """Yield server-sent events: the board whenever it has changed, a sign of life otherwise."""
    began = told = clock()
    last = ""
    yield f"retry: {AGAIN_MS}\n\n"
    while clock() - began < STREAM_S:
        board = draw()
        if board != last:
            yield "event: board\n" + "".join(f"data: {line}\n" for line in board.splitlines()) + "\n"
            last, told = board, clock()
        elif clock() - told >= TELL_EVERY_S:
            yield "event: alive\ndata:\n\n"
            told = clock()
        pause(EVERY_S)
