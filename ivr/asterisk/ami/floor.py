"""The floor as AMI tells it: events in, who waits, rings and talks out. No sockets, no database.

It begins empty with every resync (`QueueStatus` and `CoreShowChannels`), whose lists are events like the
others. A live event that is delivered after the list that knew it already changes nothing: everything has
its key, a channel its unique id, a caller the channel's, an agent's place the queue and the interface.
What an agent does is read off the agent's channels: a device state says only `busy` while it rings.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from core.phone import mask_number
from ivr.asterisk.ami.protocol import Message
from ivr.ledger.holds import Hold
from ivr.live import LiveAgent, LiveFloor, LiveQueue, WaitingCaller

_UP: Final = "6"
_LINE: Final = {"0": "ringing", "1": "ringing", "5": "ringing", _UP: "talking"}
"""State of an agent's channel. In the others he is dialling out."""
_CLOCK: Final = re.compile(r"([0-9]{1,4}):([0-9]{2}):([0-9]{2})")
_AGENTS: Final = "from-agents"
"""Context of the agents' telephones in our dial plan: a call between them, or a listener, is no caller."""
_NOT_IN_USE, _IN_USE, _BUSY, _INVALID, _UNAVAILABLE, _RINGING, _RING_IN_USE, _ON_HOLD = "12345678"
_DEVICE: Final = {
    _IN_USE: "busy",
    _BUSY: "busy",
    _INVALID: "unreachable",
    _UNAVAILABLE: "unreachable",
    _RINGING: "ringing",
    _RING_IN_USE: "busy",
    _ON_HOLD: "on_hold",
}


@dataclass(slots=True)
class _Channel:
    name: str
    linked: str
    state: str
    context: str
    since: datetime
    on_hold: bool = False

    @property
    def interface(self) -> str:
        """`PJSIP/agent1` of `PJSIP/agent1-00000003`."""
        return self.name.rpartition("-")[0]


@dataclass(slots=True)
class _Place:
    """An agent's place in one queue."""

    status: str
    paused: bool
    reason: str
    since: datetime | None


@dataclass(slots=True)
class Floor:
    """What AMI has told since the last resync; `now` gives the time where an event carries none."""

    now: Callable[[], datetime]
    queues: dict[str, list[WaitingCaller]] = field(default_factory=dict)
    places: dict[tuple[str, str], _Place] = field(default_factory=dict)
    channels: dict[str, _Channel] = field(default_factory=dict)
    holds: list[Hold] = field(default_factory=list)
    """What was told of holds and nobody has kept yet."""
    _shown: dict[str, LiveAgent] = field(default_factory=dict)

    def clear(self) -> None:
        """Forget how things are: a resync begins. Since when an agent does what he does, and holds told, are kept."""
        self.queues.clear()
        self.places.clear()
        self.channels.clear()

    def take(self, message: Message) -> None:
        """Take an event; those that tell nothing about the floor change nothing."""
        match message.event:
            case "Newchannel" | "Newstate" | "CoreShowChannel":
                self._put_channel(message)
            case "Rename":
                self._rename_channel(message)
            case "Hangup":
                self.channels.pop(message.get("Uniqueid"), None)
            case "Hold" | "Unhold":
                self._hold(message)
            case "QueueParams":
                self.queues.setdefault(message.get("Queue"), [])
            case "QueueEntry" | "QueueCallerJoin":
                self._enter(message)
            case "QueueCallerLeave":
                self._forget_caller(message.get("Uniqueid"))
            case "QueueMember" | "QueueMemberAdded" | "QueueMemberStatus" | "QueueMemberPause":
                self._put_place(message)
            case "QueueMemberRemoved":
                self.places.pop((message.get("Queue"), message.get("Interface")), None)

    def snapshot(self) -> LiveFloor:
        """Return the floor as it is."""
        agents = {agent.agent: agent for agent in self._agents()}
        self._shown = agents
        ringing: dict[str, list[str]] = {}
        for agent in agents.values():
            if agent.state == "ringing":
                ringing.setdefault(agent.call, []).append(agent.agent)
        calls = {channel.linked for channel in self.channels.values() if channel.context != _AGENTS}
        waiting = {caller.call for queue in self.queues.values() for caller in queue}
        talking = {agent.call for agent in agents.values() if agent.state in {"talking", "on_hold"}}
        return LiveFloor(
            queues=tuple(self._queue(name, ringing) for name in sorted(self.queues)),
            agents=tuple(agents[name] for name in sorted(agents)),
            calls=len(calls | waiting),
            in_menu=len(calls - waiting - talking),
            lines=tuple(sorted({*self.channels, *(channel.linked for channel in self.channels.values())})),
        )

    def _queue(self, name: str, ringing: Mapping[str, list[str]]) -> LiveQueue:
        waiting = tuple(
            replace(caller, position=position, ringing=tuple(ringing.get(caller.call, ())))
            for position, caller in enumerate(self.queues[name], start=1)
        )
        agents = sorted(agent for queue, agent in self.places if queue == name)
        return LiveQueue(name=name, waiting=waiting, agents=tuple(agents))

    def _agents(self) -> Iterator[LiveAgent]:
        channels: dict[str, list[_Channel]] = {}
        for channel in self.channels.values():
            channels.setdefault(channel.interface, []).append(channel)
        places: dict[str, list[_Place]] = {}
        for (_queue, agent), place in self.places.items():
            places.setdefault(agent, []).append(place)
        for agent, held in places.items():
            yield self._kept(_agent(agent, held, channels.get(agent, []), self.now()))

    def _kept(self, agent: LiveAgent) -> LiveAgent:
        """Return the agent with the time from which he was seen doing the same thing."""
        before = self._shown.get(agent.agent)
        same = before and (before.state, before.call) == (agent.state, agent.call)
        return replace(agent, since=min(agent.since, before.since)) if before and same else agent

    def _put_channel(self, message: Message) -> None:
        since = self._time(message)
        elapsed = _clock_s(message.get("Duration"))
        unique_id = message.get("Uniqueid")
        known = self.channels.get(unique_id)
        state = message.get("ChannelState")
        if unique_id:
            self.channels[unique_id] = _Channel(
                name=message.get("Channel"),
                linked=message.get("Linkedid") or unique_id,
                state=state,
                context=known.context if known else message.get("Context"),
                since=known.since if known and known.state == state else since - timedelta(seconds=elapsed),
                on_hold=bool(known and known.on_hold),
            )

    def _rename_channel(self, message: Message) -> None:
        channel = self.channels.get(message.get("Uniqueid"))
        if channel is not None:
            channel.name = message.get("Newname")

    def _hold(self, message: Message) -> None:
        channel = self.channels.get(message.get("Uniqueid"))
        if channel is None:
            return
        channel.on_hold, channel.since = message.event == "Hold", self._time(message)
        caller = self.channels.get(channel.linked)
        if caller is None or caller.context == _AGENTS:  # a colleague on hold, who is asked before a transfer
            return
        if channel.interface in {agent for _queue, agent in self.places}:
            self.holds.append(Hold(channel.linked, channel.interface, channel.since, channel.on_hold))

    def _enter(self, message: Message) -> None:
        call = message.get("Uniqueid")
        self._forget_caller(call)
        waited_s = message.number("Wait") or 0.0
        caller = WaitingCaller(
            call=call,
            caller=mask_number(message.get("CallerIDNum")),
            position=0,
            since=self._time(message) - timedelta(seconds=waited_s),
        )
        queue = self.queues.setdefault(message.get("Queue"), [])
        position = int(message.number("Position") or len(queue) + 1)
        queue.insert(max(0, position - 1), caller)

    def _forget_caller(self, call: str) -> None:
        for queue in self.queues.values():
            queue[:] = [caller for caller in queue if caller.call != call]

    def _put_place(self, message: Message) -> None:
        interface = message.get("Interface") or message.get("Location")
        self.queues.setdefault(message.get("Queue"), [])
        paused = message.get("Paused") == "1"
        told = (
            [message.number("LastPause")]
            if paused
            else [message.number(n) for n in ("LoginTime", "LastCall")]
        )
        last = max((seconds for seconds in told if seconds), default=None)
        self.places[message.get("Queue"), interface] = _Place(
            status=message.get("Status"),
            paused=paused,
            reason=message.get("PausedReason") if paused else "",
            since=datetime.fromtimestamp(last, UTC) if last else None,
        )

    def _time(self, message: Message) -> datetime:
        seconds = message.number("Timestamp")
        return datetime.fromtimestamp(seconds, UTC) if seconds else self.now()


def _agent(agent: str, places: list[_Place], channels: list[_Channel], now: datetime) -> LiveAgent:
    """Say what an agent does: what he has on the line counts first, then whether he takes calls."""
    if channels:
        channel = min(channels, key=lambda channel: channel.state != _UP)
        state = "on_hold" if channel.on_hold else _LINE.get(channel.state, "busy")
        return LiveAgent(agent=agent, state=state, since=channel.since, call=channel.linked)
    paused = [place for place in places if place.paused]
    since = max((place.since for place in places if place.since), default=now)
    if len(paused) == len(places):
        return LiveAgent(agent=agent, state="paused", since=since, reason=paused[0].reason)
    return LiveAgent(agent=agent, state=_DEVICE.get(places[0].status, "ready"), since=since)


def _clock_s(text: str) -> float:
    """Return the seconds of `00:01:05`; 0 for anything else."""
    told = _CLOCK.fullmatch(text)
    return int(told[1]) * 3600.0 + int(told[2]) * 60 + int(told[3]) if told else 0.0
