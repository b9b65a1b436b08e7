"""What the call list is filtered by, read from the query string and written back to it.

A phone number never stays in an address: it is exchanged for its keyed hash at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from core.crypto import lookup_hash
from core.phone import normalise_number

OUTCOMES: Final = (
    "answered",
    "abandoned",
    "voicemail",
    "callback",
    "hung_up",
    "closed",
    "blocked",
    "failed",
    "unreached",
    "open",
)
PERIODS: Final[dict[str, int | None]] = {"today": 1, "7": 7, "30": 30, "365": 365, "all": None, "dates": None}
"""Names of periods → days back from the end of today."""
DEFAULT_PERIOD: Final = "30"
_YEARS: Final = range(1900, 9999)
"""Of days that can be asked for: the day after them, and their midnight in any zone, must exist too."""
JUDGEMENTS: Final = ("needs_human", "critical", "ungraded")


@dataclass(frozen=True, slots=True)
class CallFilter:
    """The choices of the filter form; empty text and None filter nothing."""

    period: str = DEFAULT_PERIOD
    start: str = ""
    end: str = ""
    queue: int | None = None
    agent: int | None = None
    outcome: str = ""
    caller: str = ""
    recorded: bool = False
    score_from: int | None = None
    score_to: int | None = None
    judgement: str = ""

    @property
    def is_default(self) -> bool:
        """Whether nothing was chosen."""
        return self == CallFilter()

    @property
    def needs_score(self) -> bool:
        """Whether only calls with a machine score can match."""
        return self.score_from is not None or self.score_to is not None or bool(self.judgement)

    def query(self, **changes: str) -> str:
        """Return the query string of this filter, without what is at its default."""
        default = asdict(CallFilter())
        chosen = {k: v for k, v in asdict(self).items() if v != default[k]}
        values = {k: "1" if v is True else v for k, v in chosen.items()}
        return urlencode(values | changes)


def read_filter(values: Mapping[str, str]) -> CallFilter:
    """Read a query string; what cannot be understood filters nothing."""
    period = values.get("period", DEFAULT_PERIOD)
    outcome, judgement = values.get("outcome", ""), values.get("judgement", "")
    found = CallFilter(
        period=period if period in PERIODS else DEFAULT_PERIOD,
        queue=_number(values.get("queue")),
        agent=_number(values.get("agent")),
        outcome=outcome if outcome in OUTCOMES else "",
        caller=values.get("caller", "")[:64],
        recorded=bool(values.get("recorded")),
        score_from=_score(values.get("score_from")),
        score_to=_score(values.get("score_to")),
        judgement=judgement if judgement in JUDGEMENTS else "",
    )
    if found.period != "dates":
        return found
    return replace(found, start=_day_text(values.get("start")), end=_day_text(values.get("end")))


def caller_hash(number: str) -> str:
    """Return the keyed hash under which calls of a number are found; empty when it has no digits."""
    normal = normalise_number(number)
    return lookup_hash(normal) if normal else ""


def time_span(chosen: CallFilter, now: datetime, zone: ZoneInfo) -> tuple[datetime | None, datetime | None]:
    """Return the UTC times from (inclusive) and to (exclusive) that a filter covers; None is open."""
    if chosen.period == "dates":
        first = _midnight(date.fromisoformat(chosen.start), zone) if chosen.start else None
        last = _midnight(date.fromisoformat(chosen.end) + timedelta(days=1), zone) if chosen.end else None
        return first, last
    days = PERIODS[chosen.period]
    if days is None:
        return None, None
    today = now.astimezone(zone).date()
    return _midnight(today - timedelta(days=days - 1), zone), None


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 10 else None


def _score(text: str | None) -> int | None:
    number = _number(text)
    return None if number is None else min(number, 100)


def _day_text(text: str | None) -> str:
    try:
        day = date.fromisoformat(text or "")
    except ValueError:
        return ""
    return day.isoformat() if day.year in _YEARS else ""
