"""The values the ledger works with: events of a call going in, facts of a call coming out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple

VisitOutcome = Literal["answered", "abandoned", "timeout", "key", "empty", "full", "waiting", "orphan"]
RingOutcome = Literal["answered", "no_answer", "cancelled"]
CallOutcome = Literal[
    "answered",
    "abandoned",
    "voicemail",
    "callback",
    "hung_up",
    "closed",
    "blocked",
    "failed",
    "open",
    "unreached",
]


class LedgerEvent(NamedTuple):
    """One stored fact of a call.

    Attributes:
        source: `queue_log` or `flow`.
        origin, position: identity: which file or flow, and the place in it.
        kind: a queue_log event's name, or the kind of a flow's step.
        fields: queue_log: data1, data2, ...; flow: node, outcome and the like.
    """

    source: str
    origin: str
    position: int
    at: datetime
    queue: str
    agent: str
    kind: str
    fields: Sequence[str] | Mapping[str, Any]


class RingFacts(NamedTuple):
    """One agent's telephone rung for one visit."""

    agent: str
    ended_at: datetime
    ring_s: float
    outcome: RingOutcome


class VisitFacts(NamedTuple):
    """One stay of a call in one queue; see `ivr.models.QueueVisit`."""

    queue: str
    entered_at: datetime
    left_queue_at: datetime | None
    ended_at: datetime | None
    outcome: VisitOutcome
    wait_s: float | None
    talk_s: float | None
    hold_s: float | None
    agent: str
    original_position: int | None
    ended_by: str
    rings: tuple[RingFacts, ...]


class CallFacts(NamedTuple):
    """What happened on a call, as far as the events tell; see `ivr.models.Call`.

    Attributes:
        flow, flow_version, language: empty when no flow was seen.
        queue, agent: the last queue visited and the agent who talked last; empty for none.
    """

    outcome: CallOutcome
    started_at: datetime
    ended_at: datetime | None
    flow: str
    flow_version: str
    language: str
    recording_allowed: bool
    queue: str
    agent: str
    wait_s: float | None
    ring_s: float | None
    talk_s: float | None
    survey_score: int | None
    visits: tuple[VisitFacts, ...]

    @property
    def over(self) -> bool:
        """Whether the call has ended."""
        return self.outcome != "open"
