"""What-if: calls, handling time and target in; agents, waits and occupancy out; and a day from the forecast."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from core.errors import BadInput
from core.i18n import gettext as _
from ivr.flow.holidays import DayKind
from ivr.metrics.columns import keep_days
from ivr.metrics.definitions import find_definition
from ivr.metrics.report import Question
from ivr.staffing.calendar import hotline_calendar
from ivr.staffing.command import around_of
from ivr.staffing.erlang import Load, Service, agents_needed
from ivr.staffing.forecast import Forecast, forecast
from ivr.staffing.history import HISTORY, INTERVAL_S, History, history_of
from web.calls.queries import queues
from web.context import db, installation, now
from web.staffing.chart import Interval, day_chart

_MINUTES: Final = (15, 30, 60)
_BEFORE: Final = timedelta(days=9)
"""A report also reads the days before its period, for the callers who call again."""

blueprint = Blueprint("staffing", __name__, url_prefix="/staffing")


@dataclass(frozen=True, slots=True)
class WhatIf:
    """The values of the form; target in percent, patience None for callers who never give up."""

    calls: float = 100.0
    minutes: float = 30.0
    aht: float = 180.0
    target: float = 80.0
    within: float = 20.0
    patience: float | None = None

    @property
    def load(self) -> Load:
        """What comes in."""
        return Load(calls=self.calls, interval_s=self.minutes * 60, aht_s=self.aht, patience_s=self.patience)


@dataclass(frozen=True, slots=True)
class Need:
    """An interval of the forecast and what it needs."""

    start: str
    calls: float
    service: Service


@dataclass(frozen=True, slots=True)
class Plan:
    """A day of the forecast: what each interval needs, and what the forecast rests on."""

    day: date
    kind: DayKind
    needs: list[Need]
    forecast: Forecast
    history: History

    def chart(self) -> Markup:
        """Draw the day."""
        return day_chart([Interval(need.start, need.calls, need.service.agents) for need in self.needs])


@blueprint.get("")
def show() -> ResponseReturnValue:
    """Show the what-if and the forecast of a day."""
    problem, chosen = "", WhatIf()
    try:
        chosen = read_what_if(request.args)
        needed = agents_needed(chosen.load, target=chosen.target / 100, within_s=chosen.within)
    except BadInput as error:
        problem, chosen = str(error), WhatIf()
        needed = agents_needed(chosen.load, target=chosen.target / 100, within_s=chosen.within)
    zone = ZoneInfo(installation().settings.web.time_zone)
    tomorrow = now().astimezone(zone).date() + timedelta(days=1)
    queue_id = request.args.get("queue", type=int)
    keep_days(installation(), now() - HISTORY - _BEFORE, now())
    plan, why_not = None, ""
    try:
        plan = _plan(tomorrow, queue_id, chosen, zone)
    except BadInput as error:
        why_not = str(error)
    return render_template(
        "staffing/show.html",
        chosen=chosen,
        needed=needed,
        around=around_of(chosen.load, needed.agents, chosen.within),
        problem_text=problem,
        minutes=_MINUTES,
        plan=plan,
        why_not=why_not,
        queues=queues(db()),
        queue_id=queue_id,
        infinite=math.inf,
    ), 400 if problem else 200


def read_what_if(values: Mapping[str, str]) -> WhatIf:
    """Read the form.

    Raises:
        BadInput: a value is not a number.
    """
    usual = WhatIf()
    patience = _number(values, "patience", math.nan)
    return WhatIf(
        calls=_number(values, "calls", usual.calls),
        minutes=_number(values, "minutes", usual.minutes),
        aht=_number(values, "aht", usual.aht),
        target=_number(values, "target", usual.target),
        within=_number(values, "within", usual.within),
        patience=None if math.isnan(patience) else patience,
    )


def _number(values: Mapping[str, str], name: str, usual: float) -> float:
    text = values.get(name, "").strip()
    if not text:
        return usual
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise BadInput(_("“%(text)s” is not a number", text=text[:40]))
    return number


def _plan(day: date, queue_id: int | None, chosen: WhatIf, zone: ZoneInfo) -> Plan:
    """Forecast a day and its agents, with the target of the form and the ledger's own handling time."""
    asked = Question(since=now(), until=now(), definition=find_definition(db()), zone=zone, queue_id=queue_id)
    with installation().unit_of_work(read_only=True) as session:  # sees the copies that were just made
        history = history_of(session, asked, day - timedelta(days=1))
    calendar = hotline_calendar(installation().settings)
    expected = forecast(history.days, day, length=1, calendar=calendar)
    needs = []
    for place, calls in enumerate(expected.days[day].tolist()):
        if calls >= 0.5 and history.aht_s:
            load = Load(
                calls=calls, interval_s=INTERVAL_S, aht_s=history.aht_s, patience_s=history.patience.mean_s
            )
            service = agents_needed(load, target=chosen.target / 100, within_s=chosen.within)
            start = timedelta(seconds=place * INTERVAL_S)
            needs.append(Need(f"{start.seconds // 3600:02d}:{start.seconds // 60 % 60:02d}", calls, service))
    kind = calendar.day_kind(day) if calendar else "ordinary"
    return Plan(day, kind, needs, expected, history)
