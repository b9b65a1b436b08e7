"""Keeps what waiting callers are told of their wait true: before they enter the queue, and while they stand in it.

app_queue speaks (the place, then the wait); we only choose what. It speaks when a caller enters, when the place
has changed, and again after a time; what it will have said by the same rules is kept for the judgement. A caller
never leaves the line for an announcement.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from core.installation import Installation
from core.rounds import Work, go_round
from ivr.asterisk.ami.connection import AmiConnection
from ivr.asterisk.ami.errors import AmiRefused
from ivr.asterisk.ami.protocol import Message
from ivr.asterisk.notebook import PROVIDER
from ivr.asterisk.wait_language import WaitLanguage
from ivr.flow.document import Flow
from ivr.flow.instructions import Enqueue
from ivr.flow.nodes.queue import Queue
from ivr.live import read_live
from ivr.waiting.history import expected_wait, note_said
from ivr.waiting.predictor import WaitRange

AT_LEAST_S: Final = 15.0
"""Between two announcements of the place: `min-announce-frequency`."""

_LOOK_EVERY_S: Final = 1.0
_AHEAD_S: Final = 3.0
"""The wait is worked out anew so long before it is spoken again."""
_AWAY: Final = frozenset({"paused", "unreachable"})
_UNREACHABLE: Final = frozenset({"4", "5"})
"""Device states of a member whose telephone is not there."""
_LANGUAGE: Final = "CHANNEL(language)"


def entrance_language(session: Session, enqueue: Enqueue, now: datetime) -> str:
    """Return the language in which a caller enters a queue that announces waits.

    Where an agent is free nothing is announced, which would only keep the agent's telephone from ringing. The
    place of a caller with priority is known once Asterisk has given it.
    """
    live = read_live(session)
    floor = live.floor
    queue = next((queue for queue in floor.queues if queue.name == enqueue.queue), None)
    if queue is None or live.is_stale(now):
        return str(WaitLanguage(enqueue.language))
    states = [agent.state for agent in floor.agents if agent.agent in queue.agents]
    if not queue.waiting and "ready" in states:
        return str(WaitLanguage(enqueue.language, quiet=True))
    if enqueue.priority:
        return str(WaitLanguage(enqueue.language))
    said = expected_wait(
        session,
        enqueue.queue,
        now=now,
        place=len(queue.waiting) + 1,
        head_since=queue.waiting[0].since if queue.waiting else now,
        agents=sum(state not in _AWAY for state in states),
    )
    return str(WaitLanguage(enqueue.language, said))


def announcing_works(installation: Installation, flow: Flow) -> list[Work]:
    """Return the work that keeps announced waits true; none without an Asterisk, or a flow that announces them."""
    every_s = announced_queues(flow)
    if not every_s or not installation.settings.ami.secret.get_secret_value():
        return []

    def work(stop: threading.Event) -> None:
        announcer = WaitAnnouncer(installation, every_s)
        try:
            go_round("announced_waits", announcer.look, every_s=_LOOK_EVERY_S)(stop)
        finally:
            announcer.close()

    return [work]


def announced_queues(flow: Flow) -> dict[str, float]:
    """Return the queues whose waits are announced, and how often in seconds."""
    nodes = [node for node in flow.nodes.values() if isinstance(node, Queue) and node.announce_wait]
    return {node.queue: max(AT_LEAST_S, node.announce_every_s) for node in reversed(nodes)}


@dataclass(frozen=True, slots=True)
class _Entry:
    """A caller in the line as Asterisk lists it."""

    call: str
    channel: str
    place: int
    since: datetime


@dataclass(frozen=True, slots=True)
class _Told:
    """The last announcement of a caller: when, at which place, in which language the channel is since."""

    at: datetime
    place: int
    language: WaitLanguage


class WaitAnnouncer:
    """Looks at the lines again and again, and sets the language of those who will be spoken to."""

    def __init__(self, installation: Installation, every_s: Mapping[str, float]) -> None:
        """Prepare; nothing is connected yet.

        Args:
            installation: whose Asterisk and ledger.
            every_s: the queues whose waits are announced, and how often.
        """
        self._installation = installation
        self._every_s = every_s
        self._line: AmiConnection | None = None
        self._told: dict[str, _Told | None] = {}

    def look(self) -> None:
        """Look once; raises AmiLost, AmiDenied and RetryLater, after which it can be called again."""
        if self._line is None or self._line.lost.is_set():
            self.close()
            self._line = AmiConnection(self._installation.settings.ami)
        status = self._line.listing("QueueStatus", until="QueueStatusComplete")
        now = self._installation.clock.now()
        waiting: set[str] = set()
        for queue in self._every_s:
            entries = list(_entries(status, queue, now))
            waiting |= {entry.call for entry in entries}
            for entry in entries:
                self._tend(self._line, queue, entry, entries[0].since, _on_duty(status, queue), now)
        self._told = {call: told for call, told in self._told.items() if call in waiting}

    def close(self) -> None:
        """Give the line back."""
        if self._line is not None:
            self._line.close()
            self._line = None

    def _tend(
        self, line: AmiConnection, queue: str, entry: _Entry, head_since: datetime, agents: int, now: datetime
    ) -> None:
        try:
            if entry.call not in self._told:
                self._told[entry.call] = self._enter(line, queue, entry)
            told = self._told[entry.call]
            if told is None:
                return
            after_s = (now - told.at).total_seconds()
            spoken = after_s >= self._every_s[queue] or (entry.place != told.place and after_s >= AT_LEAST_S)
            if not spoken and after_s < self._every_s[queue] - _AHEAD_S and entry.place == told.place:
                return
            with self._installation.unit_of_work(read_only=not spoken) as session:
                said = expected_wait(
                    session, queue, now=now, place=entry.place, head_since=head_since, agents=agents
                )
                language = WaitLanguage(told.language.language, said)
                if language != told.language:
                    line.action("Setvar", Channel=entry.channel, Variable=_LANGUAGE, Value=str(language))
                if spoken:
                    _note(session, said, queue, entry, now)
        except AmiRefused:  # the caller has left the line, and the channel with it
            return
        at, place = (now, entry.place) if spoken else (told.at, told.place)
        self._told[entry.call] = _Told(at, place, language)

    def _enter(self, line: AmiConnection, queue: str, entry: _Entry) -> _Told | None:
        """Return what a caller was told at the entrance, and keep it; None where nothing is announced."""
        answer = line.action("Getvar", Channel=entry.channel, Variable=_LANGUAGE)
        language = WaitLanguage.read(answer.get("Value"))
        if language is None:
            return None
        if not language.quiet:
            with self._installation.unit_of_work() as session:
                _note(session, language.said, queue, entry, entry.since)
        return _Told(entry.since, entry.place, language)


def _note(session: Session, said: WaitRange | None, queue: str, entry: _Entry, at: datetime) -> None:
    """Keep an announcement; who looks at the same Asterisk beside us finds it under the same number."""
    note_said(
        session,
        said,
        provider=PROVIDER,
        call=entry.call,
        queue=queue,
        number=int(at.timestamp() // AT_LEAST_S),
        at=at,
        place=entry.place,
    )


def _entries(status: Sequence[Message], queue: str, now: datetime) -> Iterator[_Entry]:
    """Return who waits in a queue, the first of the line first."""
    found = [m for m in status if m.event == "QueueEntry" and m.get("Queue") == queue]
    for message in sorted(found, key=lambda message: message.number("Position") or 0):
        yield _Entry(
            call=message.get("Uniqueid"),
            channel=message.get("Channel"),
            place=int(message.number("Position") or 1),
            since=now - timedelta(seconds=message.number("Wait") or 0.0),
        )


def _on_duty(status: Sequence[Message], queue: str) -> int:
    """Return how many agents of a queue take calls, those on one included."""
    members = [m for m in status if m.event == "QueueMember" and m.get("Queue") == queue]
    return sum(m.get("Paused") != "1" and m.get("Status") not in _UNREACHABLE for m in members)
