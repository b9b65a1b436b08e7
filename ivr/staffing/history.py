"""What the ledger teaches about a queue: its calls by interval, handling time, and its callers' patience."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from ivr.metrics.counts import Counted, Mask
from ivr.metrics.intervals import interval_edges
from ivr.metrics.report import Question, interval_index, visits_of
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
    visits = visits_of(session, question)
    handling_s = _mean_s(visits.handling, visits.mask("handled"))
    if handling_s is None:
        handling_s = _mean_s(visits.column("talk"), visits.mask("talked"))
    return History(_days(visits, question), handling_s, _patience(visits))


def _mean_s(milliseconds: NDArray[np.int32], which: Mask) -> float | None:
    return float(milliseconds[which].mean()) / 1000 if which.any() else None


def _days(visits: Counted, question: Question) -> Days:
    edges = interval_edges(question.since, question.until, "30m", question.zone)
    offered = np.bincount(interval_index(visits.rows, edges), minlength=len(edges) - 1)
    days: dict[date, NDArray[np.float64]] = {}
    for edge, calls in zip(edges, offered.tolist(), strict=False):
        local = edge.astimezone(question.zone)
        place = (local.hour * 60 + local.minute) * 60 // INTERVAL_S
        days.setdefault(local.date(), np.zeros(_PER_DAY))[place] += calls
    begun = min((day for day, calls in days.items() if calls.any()), default=None)
    return {day: calls for day, calls in days.items() if begun is not None and day >= begun}


def _patience(visits: Counted) -> Patience:
    wait = visits.column("wait")
    gave_up = visits.outcome("abandoned")
    return patience_of(wait[gave_up & (wait > 0)] / 1000, wait[~gave_up & (wait > 0)] / 1000)
