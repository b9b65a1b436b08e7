"""Putting a call's queue_log lines into the order in which things happened.

Lines of one second may stand in any order, a line may be written a moment late, a clock may be set
back, a call may run over a log's rotation, and two files may overlap.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from operator import attrgetter
from typing import Final

from ivr.ledger.facts import LedgerEvent

LATE_WRITE_S: Final = 5.0
"""A line whose time is earlier than the line's before it by more than this shows a clock set back."""

_RANK: Final = {
    "ENTERQUEUE": 0,
    "JOINEMPTY": 0,
    "FULL": 0,
    "RINGNOANSWER": 1,
    "RINGCANCELED": 1,
    "CONNECT": 2,
}
_LAST: Final = 3
_POSITION: Final = attrgetter("position")


def in_order(events: Sequence[LedgerEvent]) -> list[LedgerEvent]:
    """Return the lines in the order of what they tell.

    Within a second an entry comes before the rings, a ring before the answer, and an end last. A clock
    that was set back starts a new era: from there on the file's order counts, not the time.
    """
    lines = _by_file(events)
    return lines if _are_in_order(lines) else _sorted(lines)


def _are_in_order(lines: list[LedgerEvent]) -> bool:
    """Whether sorting would change nothing, as with nearly every call: looking is cheaper than sorting."""
    if not lines:
        return True
    at, rank = lines[0].at, 0
    for line in lines:
        line_rank = _RANK.get(line.kind, _LAST)
        if line.at < at or (line_rank < rank and line.at == at):
            return False
        at, rank = line.at, line_rank
    return True


def _sorted(lines: list[LedgerEvent]) -> list[LedgerEvent]:
    keyed = []
    era = 0
    before = lines[0].at
    for number, line in enumerate(lines):
        if (before - line.at).total_seconds() > LATE_WRITE_S:
            era += 1
            before = line.at
        before = max(before, line.at)
        keyed.append((era, line.at, _RANK.get(line.kind, _LAST), number))
    return [lines[key[-1]] for key in sorted(keyed)]


def _by_file(events: Sequence[LedgerEvent]) -> list[LedgerEvent]:
    origins = {event.origin for event in events}
    if len(origins) == 1:
        return sorted(events, key=_POSITION)
    first_at = {origin: min(event.at for event in events if event.origin == origin) for origin in origins}
    ordered = sorted(events, key=lambda event: (first_at[event.origin], event.origin, event.position))
    return _without_overlap(ordered)


def _without_overlap(lines: list[LedgerEvent]) -> list[LedgerEvent]:
    """Drop what two files both tell: of equal lines, keep as many as the file with most of them has."""
    copies = Counter((line.origin, _content(line)) for line in lines)
    keeper: dict[object, str] = {}
    for (origin, content), count in copies.items():
        if content not in keeper or count > copies[keeper[content], content]:
            keeper[content] = origin
    return [line for line in lines if keeper[_content(line)] == line.origin]


def _content(line: LedgerEvent) -> tuple[object, ...]:
    return (line.at, line.queue, line.agent, line.kind, *line.fields)
