"""Follows Asterisk's queue_log into the ledger, over rotation, restarts of ours and crashes of Asterisk's.

How far a log was read is in the ledger itself, by the log's content (see `ivr.ledger.files`), so nothing
is remembered here that could be lost: a look reads what is new in the log, and when the log is another
file than before, first what was still written to the one that was rotated away.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import func, select

from core.installation import Installation
from core.logging import get_logger
from ivr.ledger.crash import close_cut_calls, close_gone_calls, open_calls
from ivr.ledger.store import ImportedFile, close_settled_calls, import_queue_log
from ivr.live import ASTERISK, read_live
from ivr.models import QueueLogFile

SETTLE_EVERY: Final = timedelta(seconds=10)
GONE_AFTER: Final = timedelta(seconds=15)
"""A call that is on no line for so long has ended: both the log and our server had the time to say so."""

_OVERLAP: Final = timedelta(hours=1)
"""A rotated log that was written to so long before our last look was read to its end then."""

_State = tuple[int, int, int]
_log = get_logger(__name__)


class QueueLogFollower:
    """Follows one log. Looks may be as far apart as one likes: nothing is missed between them."""

    def __init__(self, installation: Installation, path: Path, *, provider: str = ASTERISK) -> None:
        self._installation = installation
        self._path = path
        self._provider = provider
        self._seen: dict[Path, _State] = {}
        self._settled_at = datetime.min.replace(tzinfo=UTC)
        self._closed_for: datetime | None = None
        self._missed: dict[str, datetime] = {}

    def look(self) -> Iterator[ImportedFile]:
        """Take in what is new; yield the files that had something. Raises RetryLater; look again then."""
        rotated = self._rotated()
        changed = {path: state for path in [*rotated, self._path] if (state := self._changed(path))}
        for path, state in changed.items():
            (done,) = import_queue_log(self._installation, [path], provider=self._provider)
            self._seen[path] = state
            if done.lines or done.problem:
                yield done
        self._close_cut()
        self._settle()

    def _changed(self, path: Path) -> _State | None:
        """Return a file's state when it is another than at the last look."""
        try:
            stat = path.stat()
        except OSError:  # not there, or gone again: rotation is under way
            return None
        state = (stat.st_ino, stat.st_size, stat.st_mtime_ns)
        return state if self._seen.get(path) != state else None

    def _rotated(self) -> list[Path]:
        """Return the logs that were rotated away since we read last, the oldest first."""
        since = self._read_at()
        if since is None:  # the first log of this installation: history is imported by hand
            return []
        found = []
        for path in self._path.parent.glob(f"{self._path.name}[.-]*"):
            try:
                written_at = path.stat().st_mtime
            except OSError:
                continue
            if written_at >= (since - _OVERLAP).timestamp():
                found.append((written_at, path))
        return [path for _written_at, path in sorted(found)]

    def _read_at(self) -> datetime | None:
        """Return when this log, under this name or one it was rotated to, was read last."""
        ours = QueueLogFile.name.startswith(str(self._path.absolute())[-500:], autoescape=True)
        with self._installation.unit_of_work(read_only=True) as session:
            return session.scalar(select(func.max(QueueLogFile.read_at)).where(ours))

    def _close_cut(self) -> None:
        """End the calls that Asterisk's last start shows to be cut, once for each start."""
        with self._installation.unit_of_work(read_only=True) as session:
            live = read_live(session)
        if live.booted_at is None or live.booted_at == self._closed_for:
            return
        closed = close_cut_calls(
            self._installation,
            booted_at=live.booted_at,
            silent_from=live.silent_from,
            provider=self._provider,
        )
        self._closed_for = live.booted_at
        if closed:
            _log.warning("calls_cut_by_crash", calls=closed, booted_at=live.booted_at.isoformat())

    def _settle(self) -> None:
        now = self._installation.clock.now()
        if now - self._settled_at >= SETTLE_EVERY:
            close_settled_calls(self._installation)
            self._close_gone(now)
            self._settled_at = now

    def _close_gone(self, now: datetime) -> None:
        """End the calls that have left Asterisk while our server was down and nobody could say so.

        Only times at which Asterisk was heard are compared, so a clock of its own that is wrong does no harm.
        """
        with self._installation.unit_of_work(read_only=True) as session:
            live = read_live(session)
            known = open_calls(session, self._provider)
        if live.heard_at is None or live.is_stale(now):
            return
        on_a_line = set(live.floor.lines)
        self._missed = {
            call: self._missed.get(call, live.heard_at) for call in known if call not in on_a_line
        }
        gone = {call: at for call, at in self._missed.items() if live.heard_at - at >= GONE_AFTER}
        if closed := close_gone_calls(self._installation, gone, provider=self._provider):
            _log.warning("calls_gone_untold", calls=closed)
