"""Taking logs into the ledger, and deriving the call log from it again.

A file is read in batches; each batch is one transaction that keeps the lines, brings the calls they touch
up to date and notes how far the file was read. Killed between or within batches, the next import goes on
where the last complete batch ended; read twice, nothing is there twice.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Final, Protocol, cast

from sqlalchemy import Table, insert, select
from sqlalchemy.orm import Session

from core.db.bulk import dialect_name, look_at_filled
from core.errors import BadInput
from core.installation import Installation
from ivr.ledger.ahead import Start, batches_ahead
from ivr.ledger.batches import Batch, Reading, batches, no_search_for_cycles
from ivr.ledger.derived import existing_calls, fill_in_numbers, insert_calls, update_calls, write_facts
from ivr.ledger.entries import EVENTS, insert_event_rows, load_events, parts_of, provider_of
from ivr.ledger.files import FileLog, open_log
from ivr.ledger.locks import lock_calls
from ivr.ledger.machine import derive_facts
from ivr.ledger.reading import BadLine, RawLine
from ivr.ledger.rows import CALLS, RINGS, VISITS
from ivr.ledger.tables import open_table
from ivr.models import Call, CallEvent, QueueLogFile, QueueLogProblem
from ivr.presence.store import note_presence, rebuild_presence

BATCH_LINES: Final = 20_000
WORTH_A_HELPER: Final = 10_000
"""Lines of a first batch that is followed by more; for less, a helper process costs more than it saves."""
_CLOCKS_DIFFER: Final = timedelta(days=1)
"""A line may be so much in the future: the telephone system's clock is its own."""

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class ImportedFile:
    """What an import did with one file.

    Attributes:
        lines: new lines taken in, readable or not.
        bad: of these, lines that could not be read or show a loss; see the integrity report.
        calls: calls that got new facts; one that is silent for a whole batch and goes on counts again.
        known: the file was told from others; False while it has no call in it yet.
        problem: why it could not be read, or no further.
    """

    path: str
    lines: int = 0
    bad: int = 0
    calls: int = 0
    known: bool = True
    problem: str = ""


def import_queue_log(
    installation: Installation,
    paths: Iterable[Path],
    *,
    provider: str = "asterisk",
    batch_lines: int = BATCH_LINES,
    progress: Progress | None = None,
) -> list[ImportedFile]:
    """Take what is new in queue_log files into the ledger; a file that cannot be read stops no other.

    Args:
        installation: whose ledger.
        paths: log files, oldest first; their order does not change the result.
        provider: whose calls these are.
        batch_lines: lines in one transaction.
        progress: called with the number of lines after each batch.
    """
    done = []
    for path in paths:
        try:
            with open_log(path) as log:
                done.append(_Import(installation, str(path), log, provider, batch_lines, progress).run())
        except BadInput as error:
            done.append(ImportedFile(str(path), known=False, problem=str(error)))
    close_settled_calls(installation)
    return done


def import_queue_log_table(
    installation: Installation,
    url: str,
    name: str,
    *,
    zone: tzinfo,
    provider: str = "asterisk",
    batch_lines: int = BATCH_LINES,
    progress: Progress | None = None,
) -> ImportedFile:
    """Take what is new in a table into the ledger; see `open_table` for how it is named.

    Raises:
        MissingPart: the database is of a kind we have no driver for.
    """
    try:
        with open_table(url, name, zone=zone) as log:
            done = _Import(installation, log.name, log, provider, batch_lines, progress).run()
    except BadInput as error:
        return ImportedFile(name, known=False, problem=str(error))
    close_settled_calls(installation)
    return done


class Log(Protocol):
    """A queue_log, wherever it is kept; `ivr.ledger.files` and `ivr.ledger.tables` have one each."""

    @property
    def name(self) -> str:
        """What people find it by."""

    def origin(self, provider: str, *, latest: datetime) -> str | None:
        """Return its identity, None while it cannot be known."""

    def lines(self, *, position: int, offset: int) -> Iterator[RawLine]:
        """Yield what follows an offset; the first of it has the number `position`."""


class _Import:
    """One log on its way in."""

    def __init__(
        self,
        installation: Installation,
        path: str,
        log: Log,
        provider: str,
        batch_lines: int,
        progress: Progress | None,
    ) -> None:
        self.installation = installation
        self.path = path
        self.log = log
        self.provider = provider
        self.batch_lines = batch_lines
        self.progress = progress
        self.now = installation.clock.now()
        self.lines = 0
        self.bad = 0
        self.calls = 0
        self.latest: set[str] = set()

    def run(self) -> ImportedFile:
        latest = self.now + _CLOCKS_DIFFER
        origin = self.log.origin(self.provider, latest=latest)
        if origin is None:
            return ImportedFile(self.path, known=False)
        reading = Reading(
            origin=origin,
            database=dialect_name(self.installation.engine.dialect),
            batch_lines=self.batch_lines,
            now=self.now,
            latest=latest,
        )
        problem = ""
        try:
            while not self._read_on(reading):
                pass
        except BadInput as error:
            problem = str(error)
        return ImportedFile(self.path, self.lines, self.bad, self.calls, problem=problem)

    def _read_on(self, reading: Reading) -> bool:
        """Take in what follows; False when another process has read on meanwhile, and it begins elsewhere."""
        with self.installation.unit_of_work() as session:
            row = self._file_row(session, reading.origin)
            start = Start(position=row.lines + 1, offset=row.bytes)
        with closing(self._batches(reading, start)) as batches:
            for batch in batches:
                if not self._take_in(reading, batch):
                    return False
                if self.progress:
                    self.progress(batch.lines)
        return True

    def _batches(self, reading: Reading, start: Start) -> Generator[Batch]:
        """Yield what follows; when that is much, a helper process makes it ready while we write."""
        here = batches(self.log.lines(position=start.position, offset=start.offset), reading)
        first = next(here, None)
        if first is None:
            return
        yield first
        if first.lines >= WORTH_A_HELPER:
            with self.installation.unit_of_work() as session:
                look_at_filled(session, (EVENTS, CALLS, VISITS, RINGS))
        if isinstance(self.log, FileLog) and first.lines >= WORTH_A_HELPER:
            yield from batches_ahead(Path(self.log.name), reading, Start(first.last + 1, first.end))
        else:
            yield from here

    def _take_in(self, reading: Reading, batch: Batch) -> bool:
        """Keep a batch, unless it does not follow what was kept before; return whether it was kept."""
        with no_search_for_cycles(), self.installation.unit_of_work() as session:
            row = self._file_row(session, reading.origin)
            if row.lines + 1 != batch.first:
                return False
            lock_calls(session, self.provider)
            _note_problems(session, row.id, batch.bad)
            _keep(session, self.provider, batch, now=self.now)
            row.lines, row.bytes = batch.last, batch.end
        touched = {call.call_id for call in batch.calls.named}
        self.calls += len(touched - self.latest)
        self.latest = touched
        self.lines += batch.lines
        self.bad += len(batch.bad)
        return True

    def _file_row(self, session: Session, origin: str) -> QueueLogFile:
        row = session.scalar(select(QueueLogFile).where(QueueLogFile.origin == origin).with_for_update())
        if row is None:
            row = QueueLogFile(origin=origin, lines=0, bytes=0)
            session.add(row)
        row.name = self.log.name[-500:]
        row.read_at = self.now
        session.flush()
        return row


def _note_problems(session: Session, file_id: int, bad: Sequence[BadLine]) -> None:
    rows = [
        {"file_id": file_id, "line": line.position, "problem": line.problem, "detail": line.detail[:80]}
        for line in bad
    ]
    if rows:
        session.execute(insert(cast("Table", QueueLogProblem.__table__)), rows)


def _keep(session: Session, provider: str, batch: Batch, *, now: datetime) -> None:
    """Keep a batch's lines and the calls they tell of; one that began before is derived from all its lines."""
    insert_event_rows(session, batch.events)
    known = existing_calls(session, provider, (call.call_id for call in batch.calls.named))
    insert_calls(session, provider, batch.calls, known=known, now=now)
    if known:
        events = load_events(session, provider, known)
        facts = {call_id: derive_facts(of_call, now=batch.reached) for call_id, of_call in events.items()}
        update_calls(session, known, facts, now=now)
        fill_in_numbers(session, known, {call.call_id: call.numbers for call in batch.calls.named})
    note_presence(session, provider, batch.presence)


def close_settled_calls(installation: Installation) -> int:
    """Close the calls of which nothing more will come; return how many. Does nothing to all others."""
    now = installation.clock.now()
    closed = 0
    with installation.unit_of_work(read_only=True) as session:
        open_calls = session.execute(
            select(Call.provider, Call.provider_call_id).where(Call.outcome == "open").order_by(Call.id)
        ).all()
    for provider in {call.provider for call in open_calls}:
        for part in parts_of(call_id for whose, call_id in open_calls if whose == provider):
            with installation.unit_of_work() as session:
                lock_calls(session, provider)
                events = load_events(session, provider, part)
                facts = {call_id: derive_facts(events[call_id], now=now) for call_id in events}
                over = {call_id: call for call_id, call in facts.items() if call.over}
                write_facts(session, provider, over, parties={}, now=now)
                closed += len(over)
    return closed


def rebuild(installation: Installation, *, progress: Progress | None = None) -> int:
    """Derive every call, and the agents' presence, anew from the stored events; return how many calls.

    Call rows keep their ids.
    """
    rebuild_presence(installation)
    now = installation.clock.now()
    last, done = "", 0
    while True:
        with installation.unit_of_work() as session:
            part = _next_calls(session, last)
            if not part:
                return done
            for provider in _providers_of(session, part):
                lock_calls(session, provider)
                events = load_events(session, provider, part)
                facts = {call_id: derive_facts(of_call, now=now) for call_id, of_call in events.items()}
                write_facts(session, provider, facts, parties={}, now=now)
        last, done = part[-1], done + len(part)
        if progress:
            progress(len(part))


def _next_calls(session: Session, last: str, limit: int = 500) -> list[str]:
    call_id = CallEvent.provider_call_id
    following = select(call_id).where(call_id > last).distinct().order_by(call_id).limit(limit)
    return list(session.scalars(following))


def _providers_of(session: Session, call_ids: Sequence[str]) -> list[str]:
    origins = select(CallEvent.origin).where(CallEvent.provider_call_id.in_(call_ids)).distinct()
    return sorted({provider_of(origin) for origin in session.scalars(origins)})
