"""Who waits, who rings, who talks: the state of this moment, as one row that any process can read.

Whoever watches the telephony writes the row twice a second; whoever shows it reads the row and its age. The
call log is not made from this, and this is not made from the call log: what is missed here is gone a
second later, what is missed there would be missing for ever. Callers' numbers are masked before they are
kept; the call's id leads to the rest for who may see it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy.orm import Session

from core.i18n import N_
from ivr.models import LiveRow

ASTERISK: Final = "asterisk"
STALE_AFTER_S: Final = 5.0
"""State older than this is history: a page says so instead of showing it as now."""

AGENT_STATES: Final = {
    "ready": N_("ready"),
    "ringing": N_("ringing"),
    "talking": N_("talking"),
    "on_hold": N_("on hold"),
    "paused": N_("paused"),
    "busy": N_("busy"),
    "unreachable": N_("not reachable"),
}
"""What an agent who is logged in can be doing. `busy`: on a call that Asterisk does not carry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingCaller:
    """A caller in a queue; `ringing` are the agents whose telephones ring for this call."""

    call: str
    caller: str
    position: int
    since: datetime
    ringing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveQueue:
    """A queue: who waits in order, and who of its agents is logged in."""

    name: str
    waiting: tuple[WaitingCaller, ...] = ()
    agents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveAgent:
    """An agent who is logged in.

    Attributes:
        agent: the interface the telephony knows the agent by (`ivr.models.Agent.interface`).
        state: a key of `AGENT_STATES`, since when.
        call: unique id of the call the agent is on, or is rung for; empty for none.
        reason: why paused.
    """

    agent: str
    state: str
    since: datetime
    call: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveFloor:
    """Everything at one moment.

    Attributes:
        queues: who waits, and who serves.
        agents: who is logged in.
        calls: how many callers there are.
        in_menu: of these, who neither wait nor talk.
        lines: ids of all calls that are on a line, agents' own ones too.
    """

    queues: tuple[LiveQueue, ...] = ()
    agents: tuple[LiveAgent, ...] = ()
    calls: int = 0
    in_menu: int = 0
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveState:
    """What is known of this moment.

    Attributes:
        heard_at: the floor was so at this time; None: nothing was ever heard.
        problem: why nothing newer is known; empty while all is well.
        booted_at: when the telephony was started last; None when it never told.
        silent_from: the last time it was heard before that start.
    """

    floor: LiveFloor = field(default_factory=LiveFloor)
    heard_at: datetime | None = None
    problem: str = ""
    booted_at: datetime | None = None
    silent_from: datetime | None = None

    def age_s(self, now: datetime) -> float | None:
        """Return how old this is in seconds; None when nothing was ever heard."""
        return None if self.heard_at is None else max(0.0, (now - self.heard_at).total_seconds())

    def is_stale(self, now: datetime) -> bool:
        """Whether this is too old to be shown as now."""
        age_s = self.age_s(now)
        return age_s is None or age_s > STALE_AFTER_S


def read_live(session: Session, source: str = ASTERISK) -> LiveState:
    """Return the state that was written last; an empty one when there is none."""
    row = session.get(LiveRow, source)
    if row is None:
        return LiveState()
    return LiveState(
        floor=_floor(row.floor),
        heard_at=row.heard_at,
        problem=row.problem,
        booted_at=row.booted_at,
        silent_from=row.silent_from,
    )


def write_live(session: Session, state: LiveState, source: str = ASTERISK) -> None:
    """Replace the state, in the caller's transaction."""
    row = session.get(LiveRow, source)
    if row is None:
        row = LiveRow(source=source)
        session.add(row)
    row.floor = _document(state.floor)
    row.heard_at, row.problem = state.heard_at, state.problem[:200]
    row.booted_at, row.silent_from = state.booted_at, state.silent_from


def _document(floor: LiveFloor) -> dict[str, Any]:
    document = asdict(floor)
    timed: Sequence[dict[str, Any]] = [
        *document["agents"],
        *(caller for queue in document["queues"] for caller in queue["waiting"]),
    ]
    for item in timed:
        item["since"] = item["since"].isoformat()
    return document


def _floor(document: dict[str, Any]) -> LiveFloor:
    return LiveFloor(
        queues=tuple(
            LiveQueue(
                name=queue["name"],
                waiting=tuple(
                    WaitingCaller(**{**_timed(caller), "ringing": tuple(caller["ringing"])})
                    for caller in queue["waiting"]
                ),
                agents=tuple(queue["agents"]),
            )
            for queue in document["queues"]
        ),
        agents=tuple(LiveAgent(**_timed(agent)) for agent in document["agents"]),
        calls=document["calls"],
        in_menu=document["in_menu"],
        lines=tuple(document.get("lines", ())),  # a row that an earlier release wrote has none
    )


def _timed(item: dict[str, Any]) -> dict[str, Any]:
    return {**item, "since": datetime.fromisoformat(item["since"])}
