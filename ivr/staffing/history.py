"""What the ledger teaches about a queue: its calls by interval, handling time, and its callers' patience."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from ivr.metrics.columns import OUTCOMES
from ivr.metrics.report import Question, Report, queue_report
from ivr.staffing.forecast import Days
from ivr.staffing.patience import Patience, patience_of

HISTORY: Final = timedelta(weeks=12)
INTERVAL_S: Final = 1800
_PER_DAY: Final = 86400 // INTERVAL_S


@dataclass(frozen=True, slots=True)
class History:
    """What was, in half hours of the local day.

    Attributes:
        days: calls offered in each half hour of each day since the first call.
        aht_s: mean handling time, of the talk alone where the work after calls is not known; None when nobody
            was answered.
        patience: of all callers who had to wait.
    """

    days: Days
    aht_s: float | None
    patience: Patience


def history_of(session: Session, asked: Question, first: date) -> History:
    """Return the weeks before a day, for the queue of the question."""
    midnight = datetime.combine(first, time(), asked.zone)
    question = replace(asked, since=midnight - HISTORY, until=midnight)
    report = queue_report(session, question)
    total = report.total().of(0)
    known = total["aht_s"] is not None
    return History(_days(report), total["aht_s" if known else "mean_talk_s"], _patience(report))


def _days(report: Report) -> Days:
    edges, figures = report.by_interval("30m")
    days: dict[date, NDArray[np.float64]] = {}
    for edge, calls in zip(edges, figures.counts["offered"].tolist(), strict=False):
        local = edge.astimezone(report.question.zone)
        place = (local.hour * 60 + local.minute) * 60 // INTERVAL_S
        days.setdefault(local.date(), np.zeros(_PER_DAY))[place] += calls
    begun = min((day for day, calls in days.items() if calls.any()), default=None)
    return {day: calls for day, calls in days.items() if begun is not None and day >= begun}


def _patience(report: Report) -> Patience:
    rows = report.counted.rows
    waited = rows[rows["wait"] > 0]
    gave_up = waited["outcome"] == OUTCOMES.index("abandoned")
    return patience_of(waited["wait"][gave_up] / 1000, waited["wait"][~gave_up] / 1000)
