"""A batch of a log's lines made ready for the ledger: read, told apart by call, derived, laid out as rows.

Pure but for the keys of the installation: nothing here asks the database, so a helper process can be ahead of
it (`ivr.ledger.ahead`).
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.db.bulk import dialect_named
from core.errors import BadInput
from ivr.ledger.entries import as_event, event_rows
from ivr.ledger.facts import LedgerEvent
from ivr.ledger.machine import derive_facts
from ivr.ledger.reading import BadLine, QueueLogLine, RawLine, read_line
from ivr.ledger.rows import CallRows, call_rows, parties_told


@dataclass(frozen=True, slots=True)
class Reading:
    """How a log is read.

    Attributes:
        origin: the log's identity.
        database: name of the dialect the rows are for, see `core.db.bulk.dialect_name`.
        batch_lines: lines in a batch.
        now: the time.
        latest: a line's time after this cannot be right.
    """

    origin: str
    database: str
    batch_lines: int
    now: datetime
    latest: datetime


@dataclass(frozen=True, slots=True)
class Batch:
    """Lines that follow each other in a log, ready to be kept in one transaction.

    Attributes:
        first, last: numbers of the lines.
        end: offset after the last.
        bad: lines that cannot be read or show a loss.
        events: the lines that were read, as rows.
        calls: the calls these tell of, as far as this batch knows them.
        presence: events of no call.
        reached: how far the knowledge of calls reaches.
    """

    first: int
    last: int
    end: int
    bad: list[BadLine]
    events: list[tuple[Any, ...]]
    calls: CallRows
    presence: list[LedgerEvent]
    reached: datetime

    @property
    def lines(self) -> int:
        """How many lines, readable or not."""
        return self.last - self.first + 1


def batches(lines: Iterator[RawLine], reading: Reading, *, every: int = 1, first: int = 0) -> Iterator[Batch]:
    """Yield the batches of a log's lines: all, or with others who share the work every so many, from one on."""
    for number, part in enumerate(_parts(lines, reading.batch_lines)):
        if number % every == first:
            with no_search_for_cycles():
                batch = _batch(part, reading)
            yield batch


def _parts(lines: Iterable[RawLine], length: int) -> Iterator[list[RawLine]]:
    """Cut lines into parts; what stands before damage is a part as well."""
    part = []
    try:
        for line in lines:
            part.append(line)
            if len(part) == length:
                yield part
                part = []
    except BadInput:
        if part:
            yield part
        raise
    if part:
        yield part


def _batch(part: Sequence[RawLine], reading: Reading) -> Batch:
    lines, bad = _read(part, reading.latest)
    dialect = dialect_named(reading.database)
    told = [(line.call_id, as_event(line, reading.origin)) for line in lines]
    by_call: dict[str, list[LedgerEvent]] = {}
    for call_id, event in told:
        if call_id:
            by_call.setdefault(call_id, []).append(event)
    # A call that the batch's end cuts in two is not over because of that: time goes as far as the lines.
    reached = min(reading.now, max([line.at for line in lines], default=reading.now))
    facts = {call_id: derive_facts(of_call, now=reached) for call_id, of_call in by_call.items()}
    return Batch(
        first=part[0].position,
        last=part[-1].position,
        end=part[-1].end,
        bad=bad,
        events=event_rows(dialect, told),
        calls=call_rows(dialect, facts, parties_told(lines)),
        presence=[event for call_id, event in told if not call_id],
        reached=reached,
    )


def _read(part: Iterable[RawLine], latest: datetime) -> tuple[list[QueueLogLine], list[BadLine]]:
    good, bad = [], []
    for raw in part:
        line, problem = read_line(raw, latest=latest)
        if line is not None:
            good.append(line)
        if problem is not None:
            bad.append(problem)
    return good, bad


@contextmanager
def no_search_for_cycles() -> Iterator[None]:
    """Keep Python from looking for cycles in a batch: it makes many values and no cycle, and that costs a quarter."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
