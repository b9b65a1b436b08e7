"""One agent's events in, sessions and pauses out. Pure and deterministic, like the call log's state machine.

Asterisk writes who came (`ADDMEMBER`, `AGENTLOGIN`) and went, but not what was lost: a log-in to a queue the
agent is in already shows that an end is missing, of all queues, since whoever logs in begins anew. Then the
sessions end with the restart of Asterisk (`QUEUESTART`) that nothing of the agent followed, else with the
last that was heard of the agent. A restart alone ends nothing: with `persistentmembers` agents stay logged
in; it is marked. Events are taken by time: a clock that was set back within a session makes it shorter.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from ivr.ledger.facts import LedgerEvent

LOG_INS: Final = frozenset({"ADDMEMBER", "AGENTLOGIN", "AGENTCALLBACKLOGIN"})
LOG_OFFS: Final = frozenset({"AGENTLOGOFF", "AGENTCALLBACKLOGOFF"})
PAUSES: Final = frozenset({"PAUSE", "PAUSEALL"})
UNPAUSES: Final = frozenset({"UNPAUSE", "UNPAUSEALL"})
RESTART: Final = "QUEUESTART"
KINDS: Final = LOG_INS | LOG_OFFS | PAUSES | UNPAUSES | {"REMOVEMEMBER", RESTART}

_PAUSED: Final = "PAUSED"
"""First field of an `ADDMEMBER` of somebody who begins with a pause."""
_LONGEST_SESSION_S: Final = 10_000_000.0
_REASON_LENGTH: Final = 80


@dataclass(frozen=True, slots=True)
class Session:
    """See `ivr.presence.models.AgentSession`; `queue` is empty for any."""

    queue: str
    began_at: datetime
    began_by: str = "login"
    ended_at: datetime | None = None
    ended_by: str = ""
    settled_at: datetime | None = None
    restarts: int = 0


@dataclass(frozen=True, slots=True)
class Pause:
    """See `ivr.presence.models.AgentPause`; `queue` is empty for all."""

    queue: str
    began_at: datetime
    reason: str
    ended_at: datetime | None = None
    settled_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Presence:
    """Everything about one agent, by queue and time."""

    sessions: tuple[Session, ...]
    pauses: tuple[Pause, ...]


def agent_presence(events: Iterable[LedgerEvent]) -> Presence:
    """Return an agent's sessions and pauses.

    Args:
        events: of one agent, and the restarts of that telephony, in any order; the agent was not logged in before.
    """
    agent = _Agent()
    for event in _in_order(events):
        agent.take(event)
    return agent.presence()


def reaches_back_to(event: LedgerEvent) -> datetime:
    """Return the earliest time an event tells of: some that end a session tell how long it was."""
    if event.kind not in LOG_OFFS:
        return event.at
    try:
        seconds = float(list(event.fields)[1])
    except (IndexError, ValueError):
        return event.at
    return event.at - timedelta(seconds=seconds) if 0 <= seconds < _LONGEST_SESSION_S else event.at


def _in_order(events: Iterable[LedgerEvent]) -> list[LedgerEvent]:
    """By time; of lines that two files tell, as many as the file has that has most of them."""
    ordered = sorted(events, key=lambda event: (event.at, event.origin, event.position))
    copies = Counter((_content(event), event.origin) for event in ordered)
    keeper: dict[object, tuple[int, str]] = {}
    for (content, origin), count in copies.items():
        keeper[content] = max(keeper.get(content, (0, "")), (count, origin))
    return [event for event in ordered if keeper[_content(event)][1] == event.origin]


def _content(event: LedgerEvent) -> tuple[object, ...]:
    return (event.at, event.queue, event.agent, event.kind, *event.fields)


class _Agent:
    """An agent on the way through the events; what is open is by queue, under "" what holds for all."""

    def __init__(self) -> None:
        self._queues: set[str] = set()
        """Queues the agent is in; "" for a log-in that names none."""
        self._sessions: dict[str, Session] = {}
        self._pauses: dict[str, Pause] = {}
        self._everywhere = False
        self._reason = ""
        self._heard_at: datetime | None = None
        self._restarted_at: datetime | None = None
        self._done: list[Session] = []
        self._paused: list[Pause] = []

    def presence(self) -> Presence:
        sessions = [*self._done, *self._sessions.values()]
        pauses = [*self._paused, *self._pauses.values()]
        return Presence(
            tuple(sorted(sessions, key=lambda s: (s.began_at, s.queue, s.began_by))),
            tuple(sorted(pauses, key=lambda p: (p.began_at, p.queue))),
        )

    def take(self, event: LedgerEvent) -> None:
        if event.kind == RESTART:
            self._restart(event.at)
            return
        if event.kind in LOG_INS:
            self._come(event)
        elif event.kind in PAUSES:
            self._pause(event.queue, event.at, _first_field(event)[:_REASON_LENGTH])
        elif event.kind in UNPAUSES:
            self._resume(event.queue, event.at)
        else:
            self._go(event)
        self._heard_at, self._restarted_at = event.at, None
        self._see_all(event.at)

    def _restart(self, at: datetime) -> None:
        self._restarted_at = self._restarted_at or at
        for queue, session in self._sessions.items():
            self._sessions[queue] = replace(session, restarts=session.restarts + 1)

    def _come(self, event: LedgerEvent) -> None:
        if event.queue in self._queues:
            self._lose(event.at)
        self._queues.add(event.queue)
        self._everywhere = False
        if event.queue:
            self._sessions[event.queue] = Session(event.queue, event.at)
            self._end_pause(event.queue, event.at)
        if event.kind == "ADDMEMBER" and _first_field(event) == _PAUSED:
            self._pause(event.queue, event.at, "")

    def _lose(self, at: datetime) -> None:
        """End what was open at the last time it is known to have been; `at` is when that became known."""
        ended_at = self._restarted_at or self._heard_at or at
        why = "restart" if self._restarted_at else "unknown"
        for queue in list(self._sessions):
            self._end_session(queue, ended_at, why, at)
        for queue in list(self._pauses):
            self._end_pause(queue, ended_at, at)
        self._queues.clear()
        self._everywhere = False

    def _go(self, event: LedgerEvent) -> None:
        if not event.queue or event.kind in LOG_OFFS:
            leaving = set(self._queues)
            if not leaving:
                self._done.append(self._never_came("", event, reaches_back_to(event)))
        else:
            leaving = self._queues & {event.queue}
            if not leaving:
                self._done.append(self._never_came(event.queue, event, event.at))
        for queue in leaving:
            self._queues.discard(queue)
            if queue:
                self._end_session(queue, event.at, "logout", event.at)
            self._end_pause(queue, event.at)
        if not self._queues:
            for queue in list(self._pauses):
                self._end_pause(queue, event.at)
            self._everywhere = False

    def _never_came(self, queue: str, event: LedgerEvent, began_at: datetime) -> Session:
        """A session whose beginning was not told; it does not reach into one that was."""
        ended = [s.ended_at for s in self._done if s.queue == queue and s.ended_at]
        began_at = min(event.at, max([began_at, *ended]))
        return Session(queue, began_at, "unknown", event.at, "logout", event.at)

    def _pause(self, queue: str, at: datetime, reason: str) -> None:
        self._everywhere = self._everywhere or not queue
        self._reason = reason or (self._reason if self._is_new(at) else "")
        for name in [queue] if queue else self._queues - {""}:
            self._begin_pause(name, at, reason)

    def _is_new(self, at: datetime) -> bool:
        """Whether a pause began at this very moment: Asterisk tells the reason of a pause queue by queue."""
        return any(pause.began_at == at for pause in self._pauses.values())

    def _begin_pause(self, queue: str, at: datetime, reason: str) -> None:
        known = self._pauses.get(queue)
        if known is not None and known.began_at == at:
            self._pauses[queue] = replace(known, reason=reason or known.reason)
        elif known is None or known.reason != reason:
            self._end_pause(queue, at)
            self._pauses[queue] = Pause(queue, at, reason)

    def _resume(self, queue: str, at: datetime) -> None:
        self._everywhere = False
        for name in [queue] if queue else [name for name in self._pauses if name]:
            self._end_pause(name, at)

    def _see_all(self, at: datetime) -> None:
        """Begin and end what holds for all queues together."""
        if self._queues and "" not in self._sessions:
            self._sessions[""] = Session("", at)
        elif not self._queues and "" in self._sessions:
            self._end_session("", at, "logout", at)
        queues = self._queues - {""}
        if self._everywhere or (queues and queues <= self._pauses.keys()):
            self._begin_pause("", at, self._reason)
        else:
            self._end_pause("", at)

    def _end_session(self, queue: str, ended_at: datetime, why: str, settled_at: datetime) -> None:
        session = self._sessions.pop(queue)
        self._done.append(replace(session, ended_at=ended_at, ended_by=why, settled_at=settled_at))

    def _end_pause(self, queue: str, ended_at: datetime, settled_at: datetime | None = None) -> None:
        """End a pause, where there is one; one of no length never was."""
        pause = self._pauses.pop(queue, None)
        if pause is not None and pause.began_at < ended_at:
            self._paused.append(replace(pause, ended_at=ended_at, settled_at=settled_at or ended_at))


def _first_field(event: LedgerEvent) -> str:
    fields: Sequence[str] = list(event.fields)
    return fields[0] if fields else ""
