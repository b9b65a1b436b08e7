"""What a simulated day is made of: its date, its agents, how many call when, and calls that are given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

HOUR: Final = 3600.0

PROFILE: Final[Mapping[float, float]] = {
    # half-hours of a service hotline's day by the hour they begin, and their share of the calls
    7.5: 2,
    8.0: 3,
    8.5: 8,
    9.0: 24,
    9.5: 33,
    10.0: 36,
    10.5: 34,
    11.0: 27,
    11.5: 19,
    12.0: 13,
    12.5: 12,
    13.0: 15,
    13.5: 22,
    14.0: 30,
    14.5: 34,
    15.0: 33,
    15.5: 29,
    16.0: 25,
    16.5: 20,
    17.0: 15,
    17.5: 9,
    18.0: 4,
    18.5: 3,
    19.0: 2,
}
"""Peaks in the middle of the morning and of the afternoon, a trickle before opening and after closing."""

BREAKS: Final[tuple[tuple[str, float, float], ...]] = (
    # reason, hour for the first agent, minutes; every further agent goes a little later
    ("short_break", 10.2, 10),
    ("lunch", 11.4, 40),
    ("short_break", 15.2, 10),
)
BREAK_STEP_H: Final = 0.32


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedAgent:
    """Somebody who works that day.

    Attributes:
        code: work number.
        interface: name in the queue_log.
        queues: queue to penalty; the lowest penalty is rung first.
    """

    code: str
    interface: str
    queues: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedCall:
    """A call whose course is given, because its audio exists; the day is built around it.

    Attributes:
        key: the giver's name for it; it comes back on the simulated call.
        queue: queue it goes to.
        agent: code of the agent who answers; None for a message left on the machine after hours.
        caller: the caller's number.
        ivr_s: seconds in the flow, until the queue is entered or the message begins.
        wait_s: seconds in the queue before the agent's telephone rings.
        ring_s: seconds it rings.
        talk_s: length of the conversation, holds included, or of the message.
        hung_up_by: which side ends the conversation.
        start_s: seconds after midnight at which the call arrives; None lets the day find a place.
        survey: what the caller answers to a survey, None for nothing.
    """

    key: str
    queue: str
    agent: str | None
    caller: str
    ivr_s: float
    ring_s: float
    talk_s: float
    wait_s: float = 0.0
    hung_up_by: Literal["agent", "caller"] = "caller"
    start_s: float | None = None
    survey: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DayPlan:
    """A day of a hotline.

    Attributes:
        calls: all calls of the day, the planned ones among them.
        wanted: share of the callers for each queue.
        opens_h, closes_h: hours at which agents sign in and out.
    """

    day: date
    agents: tuple[SimulatedAgent, ...]
    calls: int = 400
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Asia/Shanghai"))
    dialled: str = "4008001234"
    wanted: Mapping[str, float] = field(
        default_factory=lambda: {"consulting": 0.45, "after_sales": 0.38, "complaints": 0.17}
    )
    planned: tuple[PlannedCall, ...] = ()
    opens_h: float = 8.9
    closes_h: float = 18.0

    def at(self, second: float) -> datetime:
        """Return the time so many seconds after midnight."""
        midnight = datetime.combine(self.day, datetime.min.time(), self.zone)
        return midnight + timedelta(seconds=second)
