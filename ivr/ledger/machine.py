"""The one state machine of the call log: all events of a call in, its facts out. Pure and deterministic.

The same events give the same facts, whenever and in whatever pieces they arrived; only a call that is
still open also depends on the time, because a call of which nothing was heard for long is over.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from ivr.ledger.facts import CallFacts, CallOutcome, LedgerEvent, VisitFacts
from ivr.ledger.path import FlowPath, flow_path
from ivr.ledger.visits import Visit, cut_short, queue_visits

FACTS_VERSION: Final = 1
"""Raised with every change that gives other facts for the same events."""

STALE_AFTER_S: Final = 4 * 3600.0
"""A call that waits or talks and of which nothing was heard for so long is over: its end was lost."""

SETTLE_S: Final = 60.0
"""A caller who left a queue without an answer may go on elsewhere for so long before the call counts as over."""

CRASH: Final = "CRASH"
"""Kind of the event that ends a call because the telephony went down under it; see `ivr.ledger.crash`."""

GONE: Final = "GONE"
"""Kind of the event that ends a call because it is on no line any more, though nothing told of its end."""

HOLD: Final = "HOLD"
UNHOLD: Final = "UNHOLD"
"""Kinds of the events of an agent who puts the caller on hold, and takes the caller back; see `ivr.ledger.holds`."""

_FILED_FIRST: Final[tuple[CallOutcome, ...]] = (
    "answered",
    "voicemail",
    "callback",
    "blocked",
    "abandoned",
    "closed",
    "failed",
)
_OUR_ENDS: Final = frozenset({CRASH, GONE})
_HOLDS: Final = frozenset({HOLD, UNHOLD})
_SAME_REFUSAL_S: Final = 2.0


def derive_facts(events: Sequence[LedgerEvent], *, now: datetime) -> CallFacts:
    """Return what happened on a call.

    Args:
        events: everything known of one call, at least one event.
        now: how far the knowledge reaches; the time, or the end of what was read so far.
    """
    steps, lines, ends, holds = _by_teller(events)
    path = flow_path(steps)
    visits = queue_visits(lines)
    visits += _refused(path, visits)
    last_at = max([event.at for event in events])
    crashed_at, gone_at = _last(ends, CRASH), _last(ends, GONE)
    if crashed_at is not None:
        cut_short(visits, crashed_at)
    if holds:
        _note_holds(visits, holds)
    over = bool(ends) or _is_over(path, visits, (now - last_at).total_seconds())
    facts = tuple([visit.facts(over=over) for visit in visits])
    if path.callback:  # nobody waits for us there: who is not connected has not entered the queue
        facts = tuple([visit for visit in facts if visit.outcome == "answered"])
    first_at = min([event.at for event in events] + [visit.entered_at for visit in facts])
    return CallFacts(
        outcome=_outcome(path, facts) if over else "open",
        started_at=path.started_at or first_at,
        ended_at=_ended_at(path, facts, gone_at, last_at) if over else None,
        flow=path.flow,
        flow_version=path.flow_version,
        language=path.language,
        recording_allowed=path.recording_allowed,
        queue=facts[-1].queue if facts else "",
        agent=next((visit.agent for visit in reversed(facts) if visit.agent), ""),
        wait_s=_total([visit.wait_s for visit in facts]),
        ring_s=_ring_s(facts),
        talk_s=_total([visit.talk_s for visit in facts]),
        survey_score=path.survey_score,
        visits=facts,
    )


def _by_teller(
    events: Iterable[LedgerEvent],
) -> tuple[list[LedgerEvent], list[LedgerEvent], list[LedgerEvent], list[LedgerEvent]]:
    """Return the flow's steps, the queue_log's lines, the ends we gave the call ourselves, and the holds."""
    steps, lines, ends, holds = [], [], [], []
    for event in events:
        if event.source == "flow":
            steps.append(event)
        elif event.kind in _OUR_ENDS:
            ends.append(event)
        elif event.kind in _HOLDS:
            holds.append(event)
        else:
            lines.append(event)
    return steps, lines, ends, holds


def hold_spans(holds: Iterable[LedgerEvent], agent: str) -> list[tuple[datetime, datetime | None]]:
    """Return from when to when an agent had the caller on hold; without an end when nobody told of it."""
    spans: list[tuple[datetime, datetime | None]] = []
    began: datetime | None = None
    for event in sorted(holds, key=lambda event: (event.at, event.kind)):
        if event.agent != agent:
            continue
        if event.kind == HOLD:
            began = began or event.at
        elif began is not None:
            spans.append((began, event.at))
            began = None
    return [*spans, (began, None)] if began else spans


def _note_holds(visits: Iterable[Visit], holds: Sequence[LedgerEvent]) -> None:
    """Give each conversation the seconds its agent had the caller on hold; the talk's end ends a hold, too."""
    for visit in visits:
        if visit.outcome != "answered" or visit.left_queue_at is None:
            continue
        for began, ended in hold_spans(holds, visit.agent):
            until = min([at for at in (ended, visit.ended_at) if at], default=began)
            held_s = (until - max(began, visit.left_queue_at)).total_seconds()
            if held_s > 0:
                visit.hold_s = (visit.hold_s or 0.0) + held_s


def _refused(path: FlowPath, visits: Sequence[Visit]) -> list[Visit]:
    """Return a visit for each refusal only the flow tells of: Asterisk logs nothing when a queue is full."""
    return [
        Visit(queue, at, outcome="full", left_queue_at=at, ended_at=at, wait_s=0.0)
        for queue, at in path.refused
        if not any(
            visit.queue == queue
            and visit.outcome in {"full", "empty"}
            and abs((visit.entered_at - at).total_seconds()) <= _SAME_REFUSAL_S
            for visit in visits
        )
    ]


def _is_over(path: FlowPath, visits: Sequence[Visit], idle_s: float) -> bool:
    going_on = any(visit.waiting or visit.talking for visit in visits)
    if path.ended_at is not None:  # the log may be read later than the flow's steps
        logged = sum(visit.outcome not in {"full", "empty"} for visit in visits)
        return (not going_on and logged >= path.queued) or idle_s >= SETTLE_S
    if path.started_at is not None or going_on:
        return idle_s >= STALE_AFTER_S
    return _hung_up(visits) or idle_s >= SETTLE_S


def _hung_up(visits: Sequence[Visit] | Sequence[VisitFacts]) -> bool:
    """Whether the last visit's end was the call's."""
    return bool(visits) and visits[-1].ended_by in {"agent", "caller"}


def _last(events: Iterable[LedgerEvent], kind: str) -> datetime | None:
    return max([event.at for event in events if event.kind == kind], default=None)


def _outcome(path: FlowPath, visits: Sequence[VisitFacts]) -> CallOutcome:
    outcomes = set(path.outcomes)
    if path.callback:  # an agent who waited while a telephone rang in vain has not spoken with the caller
        return "answered" if "answered" in outcomes else "unreached"
    if "answered" in [visit.outcome for visit in visits]:
        outcomes.add("answered")
    if visits and visits[-1].outcome == "abandoned":
        outcomes.add("abandoned")
    if path.ended_at is None and (path.started_at or (visits and visits[-1].outcome == "orphan")):
        outcomes.add("failed")
    return next((outcome for outcome in _FILED_FIRST if outcome in outcomes), "hung_up")


def _ended_at(
    path: FlowPath, visits: Sequence[VisitFacts], gone_at: datetime | None, last_at: datetime
) -> datetime:
    ends = [visit.ended_at or visit.left_queue_at for visit in visits]
    ends.append(path.ended_at if path.ended_at or _hung_up(visits) else gone_at)
    return max([at for at in ends if at is not None], default=last_at)


def _ring_s(visits: Sequence[VisitFacts]) -> float | None:
    answered = [ring.ring_s for visit in visits for ring in visit.rings if ring.outcome == "answered"]
    return answered[-1] if answered else None


def _total(seconds: Iterable[float | None]) -> float | None:
    known = [s for s in seconds if s is not None]
    return sum(known) if known else None
