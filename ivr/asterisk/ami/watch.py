"""Keeps the live state true for as long as it runs: connects, resyncs, tests the line, connects again.

Everything is read anew whenever Asterisk says it is fully booted (after each log-in, and when it comes up
while we are already in) or was reloaded. The line is tested twice a second, so the state that is kept is
never older than that, however quiet the night; while the line is lost the last state stays, with its age.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from core.errors import AppError
from core.installation import Installation
from core.logging import get_logger
from ivr.asterisk.ami.connection import AmiConnection
from ivr.asterisk.ami.floor import Floor
from ivr.asterisk.ami.protocol import Message
from ivr.ledger.holds import Hold, record_holds
from ivr.live import LiveState, read_live, write_live

EVENT_CLASSES: Final = "system,agent,call"
"""Queues and agents; channels; boots and reloads. Never `dialplan`, `dtmf` or `agi`: they carry what callers type."""

_FIRST_BACKOFF_S: Final = 0.25
_SAME_BOOT: Final = timedelta(seconds=5)

_log = get_logger(__name__)


class AmiWatch:
    """Watches one Asterisk. `run` returns when `stop` is set."""

    def __init__(
        self, installation: Installation, *, wait: Callable[[threading.Event, float], bool] | None = None
    ) -> None:
        """Prepare; nothing is connected yet.

        Args:
            installation: whose Asterisk, and whose live state.
            wait: waits so many seconds, or until the event is set; says whether it was.
        """
        self._installation = installation
        self._wait = wait or threading.Event.wait
        self._lock = threading.Lock()
        self._floor = Floor(installation.clock.now)
        self._resyncs = 0
        self._unsynced: set[str] = set()
        self._booted_at: datetime | None = None
        with installation.unit_of_work(read_only=True) as session:
            self._kept = read_live(session)

    def run(self, stop: threading.Event) -> None:
        """Watch until told to stop; a lost line is taken up again, with growing pauses."""
        settings = self._installation.settings.ami
        pause_s = _FIRST_BACKOFF_S
        while not stop.is_set():
            try:
                with closing(
                    AmiConnection(settings, events=EVENT_CLASSES, take_event=self._take)
                ) as connection:
                    _log.info("ami_connected", host=settings.host, port=settings.port)
                    pause_s = _FIRST_BACKOFF_S
                    self._tend(connection, stop)
                    return
            except AppError as error:
                _log.warning("ami_lost", error=error.code)
                self._note_problem(str(error))
            if self._wait(stop, pause_s):
                return
            pause_s = min(pause_s * 2, settings.max_backoff_s)

    def _tend(self, connection: AmiConnection, stop: threading.Event) -> None:
        """Test the line and keep the state, again and again; raises AmiLost."""
        while not stop.is_set():
            connection.action("Ping")
            self._keep()
            self._wait(stop, self._installation.settings.ami.keepalive_s)

    def _take(self, connection: AmiConnection, message: Message) -> None:
        """Take an event, on the thread that reads."""
        event = message.event
        if event in {"FullyBooted", "Reload"}:
            if event == "FullyBooted":
                self._note_boot(message.number("Uptime") or 0.0)
            self._resync(connection)
            return
        with self._lock:
            if message.action_id == self._resync_id:
                self._unsynced.discard(event)
            self._floor.take(message)

    def _resync(self, connection: AmiConnection) -> None:
        """Ask for everything; the lists come as events, and the last events of both end the resync."""
        with self._lock:
            self._resyncs += 1
            self._floor.clear()
            self._unsynced = {"QueueStatusComplete", "CoreShowChannelsComplete"}
        connection.post("QueueStatus", self._resync_id)
        connection.post("CoreShowChannels", self._resync_id)

    @property
    def _resync_id(self) -> str:
        return f"resync{self._resyncs}"

    def _note_boot(self, uptime_s: float) -> None:
        """Note when Asterisk was started: not later than it was, in whole seconds as queue_log has them."""
        started = self._installation.clock.now().timestamp() - uptime_s - 1
        booted_at = datetime.fromtimestamp(math.floor(started), UTC)
        with self._lock:
            self._booted_at = booted_at

    def _keep(self) -> None:
        """Write the state as it was heard just now; while a resync runs the last whole one stays."""
        with self._lock:
            if self._unsynced or self._booted_at is None:
                return
            floor, booted_at, holds = self._floor.snapshot(), self._booted_at, list(self._floor.holds)
        state = replace(self._kept, floor=floor, heard_at=self._installation.clock.now(), problem="")
        known = self._kept.booted_at
        if known is None or abs(booted_at - known) > _SAME_BOOT:
            state = replace(state, booted_at=booted_at, silent_from=self._kept.heard_at)
        if self._write(state, holds):
            with self._lock:
                del self._floor.holds[: len(holds)]

    def _note_problem(self, problem: str) -> None:
        if problem[:200] != self._kept.problem:
            self._write(replace(self._kept, problem=problem[:200]))

    def _write(self, state: LiveState, holds: Sequence[Hold] = ()) -> bool:
        """Keep a state, and holds; a database that is busy costs its readers a second and the watch nothing."""
        try:
            with self._installation.unit_of_work() as session:
                write_live(session, state)
                record_holds(session, holds, now=self._installation.clock.now())
        except AppError as error:
            _log.warning("live_state_not_kept", error=error.code)
            return False
        self._kept = state
        return True
