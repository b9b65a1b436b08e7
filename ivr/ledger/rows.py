"""A call's facts as the rows that will be stored. Pure: no database is asked.

What only the database knows is left open: the rows' ids, and those of queues and agents, which stand beside
the rows by their names. So rows can be made by a helper process while the database takes in those before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple, cast

from sqlalchemy import Dialect, Table

from core.crypto import encrypt_text, lookup_hash
from core.db.bulk import stored_rows
from core.phone import normalise_number
from ivr.ledger.facts import CallFacts, VisitFacts
from ivr.ledger.machine import FACTS_VERSION
from ivr.ledger.reading import QueueLogLine
from ivr.models import Call, QueueVisit, RingAttempt

CALLS: Final = cast("Table", Call.__table__)
VISITS: Final = cast("Table", QueueVisit.__table__)
RINGS: Final = cast("Table", RingAttempt.__table__)

CALL_FACTS: Final = (
    "language", "flow", "flow_version", "recording_allowed", "outcome", "started_at", "ended_at", "wait_s", "ring_s",
    "talk_s", "survey_score", "facts_version",
)  # fmt: skip
VISIT_FACTS: Final = (
    "number", "entered_at", "left_queue_at", "ended_at", "outcome", "wait_s", "talk_s", "hold_s", "original_position",
    "ended_by",
)  # fmt: skip
RING_FACTS: Final = ("number", "ended_at", "ring_s", "outcome")


class Parties(NamedTuple):
    """Who called which number, as far as an event told; empty when it did not."""

    caller: str = ""
    dialled: str = ""

    def __or__(self, later: Parties) -> Parties:
        """Fill what is not known yet."""
        return Parties(self.caller or later.caller, self.dialled or later.dialled)


StoredNumbers = tuple[bytes | None, str | None, str]
"""A call's caller, encrypted, the hash to find it by, and the number that was dialled."""

NO_NUMBERS: Final[StoredNumbers] = (None, None, "")

Stored = tuple[Any, ...]


class NamedCall(NamedTuple):
    """What belongs beside a call's row; `over`: it has ended."""

    call_id: str
    queue: str
    agent: str
    over: bool
    numbers: StoredNumbers


class CallRows(NamedTuple):
    """Rows of calls, of their visits and of the rings of these.

    Attributes:
        named, calls: for each call what belongs beside its row, and its `CALL_FACTS`.
        visit_of, visits: for each visit the place of its call, its queue and agent, and its `VISIT_FACTS`.
        ring_of, rings: for each ring the place of its visit, its agent, and its `RING_FACTS`.
    """

    named: list[NamedCall]
    calls: list[Stored]
    visit_of: list[tuple[int, str, str]]
    visits: list[Stored]
    ring_of: list[tuple[int, str]]
    rings: list[Stored]


def call_rows(dialect: Dialect, facts: Mapping[str, CallFacts], parties: Mapping[str, Parties]) -> CallRows:
    """Return the rows of calls.

    Args:
        dialect: of the database they are for.
        facts: by the provider's call id.
        parties: what is known of the numbers, by call id.
    """
    numbers = stored_numbers(parties)
    named = [
        NamedCall(call_id, call.queue, call.agent, call.over, numbers.get(call_id, NO_NUMBERS))
        for call_id, call in facts.items()
    ]
    visit_of: list[tuple[int, str, str]] = []
    visits: list[Stored] = []
    ring_of: list[tuple[int, str]] = []
    rings: list[Stored] = []
    for place, call in enumerate(facts.values()):
        for number, visit in enumerate(call.visits, start=1):
            for ring_number, ring in enumerate(visit.rings, start=1):
                ring_of.append((len(visits), ring.agent))
                rings.append((ring_number, ring.ended_at, ring.ring_s, ring.outcome))
            visit_of.append((place, visit.queue, visit.agent))
            visits.append(_visit_facts(number, visit))
    calls = [call_facts(call) for call in facts.values()]
    return CallRows(
        named,
        stored_rows(dialect, CALLS, CALL_FACTS, calls),
        visit_of,
        stored_rows(dialect, VISITS, VISIT_FACTS, visits),
        ring_of,
        stored_rows(dialect, RINGS, RING_FACTS, rings),
    )


def call_facts(call: CallFacts) -> Stored:
    """Return a call's `CALL_FACTS`, not yet as they are stored."""
    return (
        call.language or "zh",
        call.flow,
        call.flow_version,
        call.recording_allowed,
        call.outcome,
        call.started_at,
        call.ended_at,
        call.wait_s,
        call.ring_s,
        call.talk_s,
        call.survey_score,
        FACTS_VERSION,
    )


def parties_told(lines: Iterable[QueueLogLine]) -> dict[str, Parties]:
    """Return the numbers that lines tell, by call."""
    known: dict[str, Parties] = {}
    for line in lines:
        told = _parties(line) if line.call_id else None
        if told is not None:
            known[line.call_id] = known[line.call_id] | told if line.call_id in known else told
    return known


def stored_numbers(parties: Mapping[str, Parties]) -> dict[str, StoredNumbers]:
    """Return numbers as they are stored, by call; one that comes again is not encrypted again."""
    stored: dict[str, tuple[bytes | None, str | None]] = {"": (None, None)}
    for told in parties.values():
        if told.caller not in stored:
            number = normalise_number(told.caller)
            stored[told.caller] = (encrypt_text(number), lookup_hash(number)) if number else (None, None)
    return {call_id: (*stored[told.caller], told.dialled[:40]) for call_id, told in parties.items()}


def _parties(line: QueueLogLine) -> Parties | None:
    if line.event == "ENTERQUEUE" and len(line.fields) > 1:
        return Parties(caller=line.fields[1])
    if line.event == "DID" and line.fields:  # FreePBX: the number that was called
        return Parties(dialled=line.fields[0])
    return None


def _visit_facts(number: int, visit: VisitFacts) -> Stored:
    return (
        number,
        visit.entered_at,
        visit.left_queue_at,
        visit.ended_at,
        visit.outcome,
        visit.wait_s,
        visit.talk_s,
        visit.hold_s,
        visit.original_position,
        visit.ended_by,
    )
