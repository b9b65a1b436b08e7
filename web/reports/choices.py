"""What a report page is asked, read from the query string, and the addresses of the calls behind its numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from urllib.parse import quote_plus, urlencode
from zoneinfo import ZoneInfo

from core.errors import BadInput
from core.i18n import gettext as _
from ivr.metrics.definitions import Definition
from ivr.metrics.intervals import INTERVALS
from ivr.metrics.report import Question

PERIODS: Final = ("day", "week", "month", "month-22", "month-27")
"""`month-22` and `month-27` end before that day of the calendar month: the trade hands its service-quality report
in by the 22nd and counts complaints on the 27th."""


@dataclass(frozen=True, slots=True)
class ReportChoice:
    """The choices of the form; `day` is any day of the period."""

    period: str
    day: date
    interval: str
    queue: int | None = None
    definition: str = "standard"

    @property
    def days(self) -> tuple[date, date]:
        """First day of the period, and the first day after it."""
        if self.period == "week":
            first = self.day - timedelta(days=self.day.weekday())
            return first, first + timedelta(days=7)
        if self.period.startswith("month"):
            return _month(self.day, int(self.period.partition("-")[2] or 1))
        return self.day, self.day + timedelta(days=1)

    def question(self, definition: Definition, zone: ZoneInfo) -> Question:
        """Return what the metrics are asked."""
        first, after = (datetime.combine(day, time(), zone).astimezone(UTC) for day in self.days)
        return Question(since=first, until=after, definition=definition, zone=zone, queue_id=self.queue)

    def query(self, **changes: object) -> str:
        """Return the query string of this choice with changes."""
        values = {**asdict(self), **changes}
        return urlencode({name: value for name, value in values.items() if value is not None})

    def of_day(self, day: date) -> ReportChoice:
        """Return the same choice for the period of another day."""
        return replace(self, day=day)

    def before(self) -> date:
        """Return the last day of the period before."""
        return self.days[0] - timedelta(days=1)

    def after(self) -> date:
        """Return the first day of the period after."""
        return self.days[1]


def _month(day: date, closes_on: int) -> tuple[date, date]:
    """Return the month a day is in, when months begin on the day `closes_on` (28 at most)."""
    first = day.replace(day=closes_on)
    if day < first:
        first = (first.replace(day=1) - timedelta(days=1)).replace(day=closes_on)
    return first, (first.replace(day=1) + timedelta(days=32)).replace(day=closes_on)


def read_choice(values: Mapping[str, str], today: date) -> ReportChoice:
    """Read a query string; what cannot be understood is as if it were not there."""
    period = values.get("period", "day")
    period = period if period in PERIODS else "day"
    interval = values.get("interval", "")
    usual = "30m" if period == "day" else "1d"
    return ReportChoice(
        period=period,
        day=_day(values.get("day")) or today,
        interval=interval if interval in INTERVALS else usual,
        queue=_number(values.get("queue")),
        definition=values.get("definition", "standard")[:60] or "standard",
    )


def calls_behind(asked: Question, name: str, **narrower: object) -> str:
    """Return the address of the calls that a number of a report counts.

    Args:
        asked: the report's question.
        name: the count's name.
        narrower: `since`, `until`, `queue`, `agent`, `hour` or `part` of the number, where it is about less.
    """
    written = _written(asked) | {"name": name} | {k: _parameter(v) for k, v in narrower.items()}
    return "/reports/calls?" + "&".join(f"{k}={text}" for k, text in written.items() if text)


@lru_cache(maxsize=4)  # a page has hundreds of these addresses, all on one question
def _written(asked: Question) -> dict[str, str]:
    values = {
        "since": asked.since,
        "until": asked.until,
        "queue": asked.queue_id,
        "agent": asked.agent_id,
        "hour": asked.hour_of_week,
        "part": asked.day_part,
        "definition": asked.definition.label,
    }
    return {name: _parameter(value) for name, value in values.items()}


def _parameter(value: object) -> str:
    if value is None:
        return ""
    return quote_plus(value.astimezone(UTC).isoformat() if isinstance(value, datetime) else str(value))


def read_question(values: Mapping[str, str], definition: Definition, zone: ZoneInfo) -> Question:
    """Read the address that `calls_behind` wrote.

    Raises:
        BadInput: the address was not written so.
    """
    try:
        since, until = (datetime.fromisoformat(values[name]).astimezone(UTC) for name in ("since", "until"))
    except (KeyError, ValueError, OverflowError):
        raise BadInput(_("This address names no period; start from a report.")) from None
    if since >= until:
        raise BadInput(_("This address names no period; start from a report."))
    return Question(
        since=since,
        until=until,
        definition=definition,
        zone=zone,
        queue_id=_number(values.get("queue")),
        agent_id=_number(values.get("agent")),
        hour_of_week=_number(values.get("hour")),
        day_part=_number(values.get("part")),
    )


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 10 else None


def _day(text: str | None) -> date | None:
    try:
        found = date.fromisoformat(text or "")
    except ValueError:
        return None
    return found if 1971 <= found.year <= 2200 else None
