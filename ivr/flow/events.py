"""What a driver reports to a flow: everything that can happen to a call, with the time it happened.

Drivers report only facts (these digits, no input, the queue let go); retries, wording and routing are the
interpreter's. What callers type and their numbers stay out of `repr`, so that no log shows them by accident.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

QueueOutcome = Literal["bridged", "timeout", "full", "abandoned", "left", "callback", "error"]
DialOutcome = Literal["answered", "busy", "noanswer", "failed"]
LookupOutcome = Literal["found", "missing", "error"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """A call has arrived.

    Attributes:
        caller: caller's number, empty when withheld.
        called: the number that was called.
        at: aware time of arrival.
        vip: the caller is on the VIP list.
        blocked: the caller is on the blacklist.
        override: a person has declared the hotline "open" or "closed" for now; hours and holidays obey it.
    """

    caller: str = field(repr=False)
    called: str
    at: datetime
    vip: bool = False
    blocked: bool = False
    override: Literal["", "open", "closed"] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Digits:
    """The caller pressed keys; the finish key is not among them. Empty digits count as no input."""

    digits: str = field(repr=False)
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NoInput:
    """The caller pressed nothing within the question's time."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueResult:
    """The queue let go of the caller; `bridged` is reported after the conversation ended.

    Attributes:
        result: one of the common results that drivers map their provider's names to.
        wait_s: seconds waited until answered, or until the queue was left.
        talk_s: seconds of conversation, 0 when not bridged.
    """

    result: QueueOutcome
    at: datetime
    wait_s: float = 0.0
    talk_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DialResult:
    """A transfer ended; `answered` is reported after the conversation ended."""

    result: DialOutcome
    at: datetime
    ring_s: float = 0.0
    talk_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordResult:
    """A message was recorded. A hang-up that ends it is this event, then `HungUp`.

    Attributes:
        seconds: length of the message, 0 when there is none.
    """

    seconds: float
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LookupResult:
    """An outside look-up ended or ran out of time (`error`)."""

    result: LookupOutcome
    at: datetime
    values: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class HungUp:
    """The caller has hung up."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """The driver could not do what it was told; `code` names why (no personal content)."""

    code: str
    at: datetime


Event = Start | Digits | NoInput | QueueResult | DialResult | RecordResult | LookupResult | HungUp | Fault
