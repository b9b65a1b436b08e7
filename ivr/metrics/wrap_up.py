"""Work after a call, in milliseconds: known from the agent's pauses, where it is known who is logged in.

It is the pause `after_call_work` that begins during the talk or soon after it; of two calls the later one's.
An agent who is logged in and takes no such pause did no work after the call; of who is not logged in as
far as it is known (a static member of a queue has no log-in) nothing is claimed.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from ivr.metrics.definitions import WRAP_UP_WITHIN_S
from ivr.presence.models import AgentPause, AgentSession

UNKNOWN: Final = -1
AFTER_CALL_WORK: Final = "after_call_work"
_WITHIN: Final = timedelta(seconds=WRAP_UP_WITHIN_S)
_MILLISECOND: Final = timedelta(milliseconds=1)

Stretch = tuple[datetime, datetime | None]
Talk = tuple[int, int, datetime, datetime]
"""A visit's id, the agent's, when the talk began and when it ended."""


def wrap_up_ms(session: Session, talks: Sequence[Talk]) -> dict[int, int]:
    """Return visit → milliseconds of work after it, `UNKNOWN` where it is not known."""
    if not talks:
        return {}
    first, last = min(t[2] for t in talks), max(t[3] for t in talks) + _WITHIN
    pauses = _stretches(session, AgentPause, first, last)
    sessions = _stretches(session, AgentSession, first, last)
    by_agent: dict[int, list[Talk]] = {}
    for talk in talks:
        by_agent.setdefault(talk[1], []).append(talk)
    found: dict[int, int] = {}
    for agent_id, ours in by_agent.items():
        found |= _of_agent(
            sorted(ours, key=lambda t: t[3]), pauses.get(agent_id, ()), sessions.get(agent_id, ())
        )
    return found


def _of_agent(
    talks: Sequence[Talk], pauses: Sequence[Stretch], sessions: Sequence[Stretch]
) -> Mapping[int, int]:
    ends = [talk[3] for talk in talks]
    found = {talk[0]: 0 if _covers(sessions, talk[3]) else UNKNOWN for talk in talks}
    for begun, ended in pauses:
        for visit_id, _agent, answered, over in reversed(talks[: _after(ends, begun)]):
            if answered <= begun <= over + _WITHIN:
                found[visit_id] = (
                    UNKNOWN if ended is None else max(0, (ended - max(begun, over)) // _MILLISECOND)
                )
                break
    return found


def _after(ends: Sequence[datetime], begun: datetime) -> int:
    """Return how many talks a pause could belong to: those over by then, and the one that went on."""
    return min(len(ends), bisect_right(ends, begun) + 1)


def _covers(sessions: Iterable[Stretch], at: datetime) -> bool:
    return any(begun <= at and (ended is None or at <= ended) for begun, ended in sessions)


def _stretches(
    session: Session, rows: type[AgentPause | AgentSession], first: datetime, last: datetime
) -> dict[int, list[Stretch]]:
    wanted = select(rows.agent_id, rows.began_at, rows.ended_at).where(
        rows.queue_id.is_(None), rows.began_at <= last, or_(rows.ended_at.is_(None), rows.ended_at >= first)
    )
    if rows is AgentPause:
        wanted = wanted.where(AgentPause.reason == AFTER_CALL_WORK)
    found: dict[int, list[Stretch]] = {}
    for agent_id, begun, ended in session.execute(wanted.order_by(rows.began_at, rows.id)):
        found.setdefault(agent_id, []).append((begun, ended))
    return found
