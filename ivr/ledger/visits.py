"""The queue part of the state machine: a call's queue_log lines in, its queue visits out.

Each event has one small method. A line whose counterpart was lost still counts: what ends a visit carries
how long it lasted, so a missing entry or answer is taken from there. A caller is in one queue at a time;
a visit that another entry overtakes without an end is an orphan.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from ivr.ledger.facts import LedgerEvent, RingFacts, RingOutcome, VisitFacts, VisitOutcome
from ivr.ledger.ordering import in_order

_SAME_MOMENT: Final = timedelta(seconds=1)


@dataclass(slots=True)
class Visit:
    """A visit in the making; without an outcome the caller is still waiting."""

    queue: str
    entered_at: datetime
    original_position: int | None = None
    outcome: VisitOutcome | None = None
    left_queue_at: datetime | None = None
    ended_at: datetime | None = None
    wait_s: float | None = None
    talk_s: float | None = None
    hold_s: float | None = None
    agent: str = ""
    ended_by: str = ""
    rings: list[RingFacts] = field(default_factory=list)
    overtaken_at: datetime | None = None
    assumed: bool = False
    """The line of the entry was not seen; the time of entry is reckoned from a later line."""

    @property
    def waiting(self) -> bool:
        """Nobody has answered and the caller has not left."""
        return self.outcome is None

    @property
    def talking(self) -> bool:
        """An agent has answered, and the end of the conversation was not seen yet."""
        return self.outcome == "answered" and self.ended_at is None

    def facts(self, *, over: bool) -> VisitFacts:
        """Return the finished value; `over`: nothing more will come."""
        lost = over or self.overtaken_at is not None
        return VisitFacts(
            queue=self.queue,
            entered_at=self.entered_at,
            left_queue_at=self.left_queue_at,
            ended_at=self.ended_at,
            outcome=self.outcome or ("orphan" if lost else "waiting"),
            wait_s=self.wait_s,
            talk_s=self.talk_s,
            hold_s=self.hold_s,
            agent=self.agent,
            original_position=self.original_position,
            ended_by=self.ended_by,
            rings=tuple(self.rings),
        )


def queue_visits(events: Sequence[LedgerEvent]) -> list[Visit]:
    """Return a call's visits in the order of entry; the lines may come in any order."""
    visits = _Visits()
    for event in in_order(events):
        take = _TAKE.get(event.kind)
        if take is not None and event.queue:
            take(visits, event)
    return visits.finished()


def cut_short(visits: Iterable[Visit], at: datetime) -> None:
    """End what was going on when the telephony went down: the talk then, the waiting without an outcome."""
    for visit in visits:
        if visit.talking:
            visit.talk_s = _between(visit.left_queue_at, at)
        if visit.talking or visit.waiting:
            visit.ended_at, visit.ended_by = at, "crash"


class _Visits:
    """All visits of one call so far; one method for each kind of line."""

    def __init__(self) -> None:
        self.visits: list[Visit] = []

    def finished(self) -> list[Visit]:
        """Without entries that were written twice: same queue, same time, and nothing followed."""
        if len(self.visits) == 1:
            return self.visits
        seen = {(v.queue, v.entered_at) for v in self.visits if not v.waiting or v.rings}
        kept = []
        for visit in self.visits:
            key = (visit.queue, visit.entered_at)
            if visit.waiting and not visit.rings and key in seen:
                continue
            seen.add(key)
            kept.append(visit)
        return sorted(kept, key=lambda visit: visit.entered_at)

    def enter(self, event: LedgerEvent) -> None:
        for visit in self.visits:
            if (
                visit.waiting
                and visit.overtaken_at is None
                and (visit.queue != event.queue or event.at - visit.entered_at >= _SAME_MOMENT)
            ):
                visit.overtaken_at = event.at
        position = number(event, 2)
        self.visits.append(Visit(event.queue, event.at, None if position is None else int(position)))

    def turned_away(self, event: LedgerEvent) -> None:
        visit = self._new(event, 0.0)
        self._leave(visit, event, "full" if event.kind == "FULL" else "empty", 0.0)

    def ring(self, event: LedgerEvent) -> None:
        milliseconds = number(event, 0) or 0.0
        outcome: RingOutcome = "no_answer" if event.kind == "RINGNOANSWER" else "cancelled"
        visit = self._waiting(event, None) or self._just_left(event)
        if visit is None:
            visit = self._new(event, milliseconds / 1000)
        visit.rings.append(RingFacts(event.agent, event.at, milliseconds / 1000, outcome))

    def connect(self, event: LedgerEvent) -> None:
        hold_s = number(event, 0)
        visit = self._match(event, hold_s)
        if visit is None:
            return
        self._answer(visit, event, event.at, hold_s)
        ring_s = number(event, 2)
        if ring_s is not None:
            visit.rings.append(RingFacts(event.agent, event.at, ring_s, "answered"))

    def complete(self, event: LedgerEvent) -> None:
        hold_at, talk_at, ended_by = _ENDS[event.kind]
        hold_s, talk_s = number(event, hold_at), number(event, talk_at)
        visit = self._talking(event)
        if visit is None:
            visit = self._match(event, (hold_s or 0.0) + (talk_s or 0.0))
            if visit is None:
                return
            self._answer(visit, event, event.at - timedelta(seconds=talk_s or 0.0), hold_s)
        visit.ended_at = event.at
        visit.ended_by = ended_by
        visit.talk_s = talk_s if talk_s is not None else _between(visit.left_queue_at, event.at)

    def leave(self, event: LedgerEvent) -> None:
        outcome, wait_at = _EXITS[event.kind]
        wait_s = number(event, wait_at)
        visit = self._match(event, wait_s)
        if visit is None:
            return
        self._leave(visit, event, outcome, wait_s)
        visit.ended_by = "caller" if event.kind == "ABANDON" else ""

    def _leave(self, visit: Visit, event: LedgerEvent, outcome: VisitOutcome, wait_s: float | None) -> None:
        visit.outcome = outcome
        visit.left_queue_at = visit.ended_at = event.at
        visit.wait_s = wait_s if wait_s is not None else _between(visit.entered_at, event.at)

    def _answer(self, visit: Visit, event: LedgerEvent, at: datetime, hold_s: float | None) -> None:
        visit.outcome = "answered"
        visit.left_queue_at = at
        visit.agent = event.agent
        visit.wait_s = hold_s if hold_s is not None else _between(visit.entered_at, at)

    def _new(self, event: LedgerEvent, since_s: float | None) -> Visit:
        visit = Visit(event.queue, event.at - timedelta(seconds=since_s or 0.0), assumed=True)
        self.visits.append(visit)
        return visit

    def _match(self, event: LedgerEvent, since_s: float | None) -> Visit | None:
        """Find the visit an event that ends the waiting is about; None when it has been told already."""
        visit = self._waiting(event, since_s)
        if visit is None:
            return None if self._told_already(event, since_s or 0.0) else self._new(event, since_s)
        if visit.assumed and since_s is not None:
            visit.entered_at = event.at - timedelta(seconds=since_s)
        return visit

    def _waiting(self, event: LedgerEvent, since_s: float | None) -> Visit | None:
        """Find the waiting visit of the event's queue that began `since_s` ago (None: the first one)."""
        candidates = [
            visit
            for visit in self.visits
            if visit.waiting
            and visit.queue == event.queue
            and (visit.overtaken_at is None or event.at - visit.overtaken_at < _SAME_MOMENT)
        ]
        if since_s is None or not candidates:
            return candidates[0] if candidates else None
        began = event.at - timedelta(seconds=since_s)
        return min(candidates, key=lambda visit: abs(visit.entered_at - began))

    def _talking(self, event: LedgerEvent) -> Visit | None:
        candidates = [v for v in self.visits if v.talking and v.queue == event.queue]
        same_agent = [v for v in candidates if v.agent == event.agent]
        return next(iter(same_agent or candidates), None)

    def _just_left(self, event: LedgerEvent) -> Visit | None:
        """Find the visit whose last rings are written just after its end."""
        for visit in reversed(self.visits):
            left_at = visit.left_queue_at
            if visit.queue == event.queue and left_at and event.at - left_at <= _SAME_MOMENT:
                return visit
        return None

    def _told_already(self, event: LedgerEvent, since_s: float) -> bool:
        """Whether the event is about a visit whose end is known: a second line for one thing."""
        began = event.at - timedelta(seconds=since_s)
        return any(
            visit.queue == event.queue and visit.left_queue_at is not None and visit.left_queue_at >= began
            for visit in self.visits
        )


def number(event: LedgerEvent, index: int) -> float | None:
    """Return a field as a number that is not negative; an index below 0 counts from the last field filled."""
    fields = event.fields
    if index < 0:
        fields = list(fields)
        while fields and not fields[-1]:
            fields.pop()
    try:
        value = float(fields[index])  # type: ignore[index]  # a list: steps of a flow do not come here
    except (IndexError, ValueError):
        return None
    return value if 0 <= value < _LARGEST else None


def _between(start: datetime | None, end: datetime) -> float | None:
    seconds = (end - start).total_seconds() if start else -1.0
    return seconds if seconds >= 0 else None


_LARGEST: Final = 100_000_000.0

_ENDS: Final[Mapping[str, tuple[int, int, str]]] = {
    # fields of the time on hold and the time of talk, and who ended it
    "COMPLETEAGENT": (0, 1, "agent"),
    "COMPLETECALLER": (0, 1, "caller"),
    "TRANSFER": (2, 3, "transfer"),
    "BLINDTRANSFER": (2, 3, "transfer"),
    "ATTENDEDTRANSFER": (-3, -2, "transfer"),  # one or two fields say where to, before the numbers
}
_EXITS: Final[Mapping[str, tuple[VisitOutcome, int]]] = {
    # what it means, and the field of the time waited
    "ABANDON": ("abandoned", 2),
    "EXITWITHTIMEOUT": ("timeout", 2),
    "EXITEMPTY": ("empty", 2),
    "EXITWITHKEY": ("key", 3),
    "SYSCOMPAT": ("abandoned", 2),  # no common codec: Asterisk hangs up, nobody was reached
}
_TAKE: Final[Mapping[str, Callable[[_Visits, LedgerEvent], None]]] = {
    "ENTERQUEUE": _Visits.enter,
    "JOINEMPTY": _Visits.turned_away,
    "FULL": _Visits.turned_away,
    "RINGNOANSWER": _Visits.ring,
    "RINGCANCELED": _Visits.ring,
    "CONNECT": _Visits.connect,
    **dict.fromkeys(_ENDS, _Visits.complete),
    **dict.fromkeys(_EXITS, _Visits.leave),
}
