"""From a number to the calls it counts: the same mask that was added up, listed visit by visit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from ivr.metrics.counts import count_mask
from ivr.metrics.report import Question, queue_report
from ivr.models import Call, QueueVisit


@dataclass(frozen=True, slots=True)
class CountedVisits:
    """The visits behind a number, the latest first.

    Attributes:
        count: how many there are; the number itself.
        visits: those of the page asked for.
    """

    count: int
    visits: Sequence[QueueVisit]


def visits_behind(
    session: Session, question: Question, name: str, *, offset: int = 0, limit: int | None = None
) -> CountedVisits:
    """Return the visits that a count of a report on the question adds up.

    Args:
        session: a unit of work.
        question: the report's question, narrowed to the interval, queue or agent of the number.
        name: the count's name, see `ivr.metrics.counts.COUNTS`.
        offset: how many to leave out.
        limit: how many to list; None: all.

    Raises:
        NotFound: no count has this name.
    """
    counted = queue_report(session, question).counted
    rows = counted.rows[count_mask(counted, name)]
    order = np.lexsort((-rows["visit"].astype(np.int64), -rows["entered"]))
    ids = rows["visit"][order][offset : None if limit is None else offset + limit].tolist()
    found = {
        visit.id: visit
        for start in range(0, len(ids), 500)
        for visit in session.scalars(
            select(QueueVisit)
            .where(QueueVisit.id.in_(ids[start : start + 500]))
            .options(
                joinedload(QueueVisit.call).joinedload(Call.agent),
                joinedload(QueueVisit.queue),
                joinedload(QueueVisit.agent),
            )
        )
    }
    return CountedVisits(len(rows), [found[visit_id] for visit_id in ids])
