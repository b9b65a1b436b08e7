"""A callback's way through Asterisk: put into the line, taken out of it, and what the dial plan tells us of it.

A Local channel stands in the queue at the caller's place, unanswered. When an agent has answered, its other half
calls the caller: the agent is there first, and who goes before whom is decided by app_queue alone. The dial plan's
part is `sansheng-callback` in `config/templates/extensions.conf`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from core.logging import get_logger
from ivr.asterisk.agi import Channel, NotDone, Refused
from ivr.asterisk.ami.connection import AmiConnection
from ivr.asterisk.ami.errors import AmiRefused
from ivr.asterisk.ami.protocol import Message
from ivr.asterisk.driver import Hotline
from ivr.asterisk.notebook import LegEnd, Told
from ivr.asterisk.recorder import mixmonitor_arguments
from ivr.callbacks.keeping import Leg, Promise, Result, answered_step

_log = get_logger(__name__)

_STAYS_S: Final = 7200
"""A callback stands in the line so long; then it is put there again. Less than a call may be silent for."""

_LEG: Final = re.compile(r"callback-\d{9,10}\.\d{1,10}", re.ASCII)
_NUMBER: Final = re.compile(r"[0-9]{3,15}", re.ASCII)
_DIALLED: Final = re.compile(r"\+?[0-9]{1,20}", re.ASCII)
_RECORD: Final = "record"
_RESULTS: Final[Mapping[str, Result]] = {
    # the dial plan's DIALSTATUS; everything else that comes back is a queue that found no agent
    "ANSWER": "reached",
    "BUSY": "busy",
    "NOANSWER": "noanswer",
    "CANCEL": "noanswer",  # the agent hung up while the caller's telephone rang
    "CHANUNAVAIL": "failed",
    "CONGESTION": "failed",
    "INVALIDARGS": "failed",
}
_UNREACHABLE: Final = frozenset({"4", "5"})
"""Device states of a member whose telephone is not there."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Somebody in the line: a caller, or a callback's half of a Local channel."""

    call: str
    channel: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Line:
    """A queue as Asterisk lists it: who waits, and how many agents take calls, those on one included."""

    waiting: Sequence[Waiting]
    on_duty: int

    @classmethod
    def read(cls, ami: AmiConnection, queue: str, now: datetime) -> Line:
        """Ask Asterisk; a queue it does not know is empty."""
        status = ami.listing("QueueStatus", until="QueueStatusComplete", Queue=queue)
        entries = [message for message in status if message.event == "QueueEntry"]
        members = [message for message in status if message.event == "QueueMember"]
        return cls([_waiting(entry, now) for entry in entries], sum(map(_takes_calls, members)))

    def place_of(self, promise: Promise, places: Mapping[str, datetime]) -> int:
        """Return the place in the line, from 1, of somebody who has been waiting since `promise.since`.

        Args:
            promise: whose place.
            places: the callbacks in the line, with the times their callers came.
        """
        return 1 + sum(places.get(other.call, other.since) <= promise.since for other in self.waiting)


def put_in_line(ami: AmiConnection, leg: Leg, queue: str, place: int, *, ring_s: int) -> bool:
    """Put a callback into a queue; False: its number is none that may be dialled, or Asterisk will not.

    Raises:
        AmiLost: the line is gone; whether it was done is not known.
    """
    if not _NUMBER.fullmatch(leg.number):
        return False
    dialled = leg.dialled if _DIALLED.fullmatch(leg.dialled) else ""
    variables = {
        "__SANSHENG_LEG": leg.id,
        "__SANSHENG_RECORD": _RECORD if leg.record else "",
        "SANSHENG_QUEUE": queue,
        "SANSHENG_PLACE": place,
        "SANSHENG_STAYS": _STAYS_S,
        "SANSHENG_NUMBER": leg.number,
        "SANSHENG_DIALLED": dialled,
        "SANSHENG_TARGET": f"PJSIP/{leg.number}@trunk",
        "SANSHENG_TIMEOUT": ring_s,
    }
    try:
        ami.action(
            "Originate",
            Channel="Local/wait@sansheng-callback/n",
            Context="sansheng-callback",
            Exten="call",
            Priority=1,
            Timeout=(_STAYS_S + 60) * 1000,
            ChannelId=leg.id.replace("callback-", "dialling-"),
            OtherChannelId=leg.id,
            Variable=",".join(f"{name}={value}" for name, value in variables.items()),
            Async="true",
        )
    except AmiRefused as error:
        _log.warning("callback_not_placed", leg=leg.id, reason=error.reason)
        return False
    return True


def take_out_of_line(ami: AmiConnection, waiting: Waiting) -> None:
    """Take a callback out of the line; one that has just left it is not there any more."""
    try:
        ami.action("Hangup", Channel=waiting.channel)
    except AmiRefused:
        return


def serve_reached(channel: Channel, hotline: Hotline) -> None:
    """Note that the caller has answered, and record from here on; runs on the caller's channel."""
    leg, wanted = (*channel.arguments, "", "")[:2]
    if not _LEG.fullmatch(leg):
        return
    now = hotline.clock.now()
    hotline.tell(Told(call_id=leg, steps=[answered_step(now)]))
    if wanted == _RECORD:
        try:
            channel.appexec("MixMonitor", mixmonitor_arguments(hotline.spool, leg, now))
        except (NotDone, Refused):
            _log.error("recording_not_started", call=leg)


def serve_tried(channel: Channel, hotline: Hotline) -> None:
    """Note what came of a callback."""
    leg, status = (*channel.arguments, "", "")[:2]
    if _LEG.fullmatch(leg):
        hotline.tell(Told(call_id=leg, steps=[], leg_end=LegEnd(_RESULTS.get(status, "no_agent"))))


def _waiting(entry: Message, now: datetime) -> Waiting:
    since = now - timedelta(seconds=entry.number("Wait") or 0.0)
    return Waiting(entry.get("Uniqueid"), entry.get("Channel"), since)


def _takes_calls(member: Message) -> bool:
    return member.get("Paused") != "1" and member.get("Status") not in _UNREACHABLE
