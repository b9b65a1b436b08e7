"""Judges the announced waits by those that came: how many were held, how far off they were, for whom nothing was said.

A caller who hung up before the range's end proves nothing; one who was still waiting after it proves the range
too short, whatever came later.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from ivr.models import Call, Queue, QueueVisit
from ivr.waiting.models import WaitPrediction, said_range
from ivr.waiting.predictor import WaitRange

_CLOCKS_APART: Final = timedelta(seconds=3)
"""A queue_log has whole seconds, and what was said may be noted a moment before the log tells of the caller."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """How a queue's announcements of one version of the predictor turned out.

    Attributes:
        announced: ranges and refusals to say one.
        unsaid: nothing could be said.
        judged: ranges of which is known what came.
        held: of those, the wait lay within.
        too_short: of those, the caller waited longer.
        off_s: mean distance of the answered waits from the middle of their range; None: nobody was answered.
        width_min: mean width of the judged ranges.
    """

    queue: str
    version: str
    announced: int
    unsaid: int
    judged: int
    held: int
    too_short: int
    off_s: float | None
    width_min: float | None

    @property
    def held_share(self) -> float | None:
        """Share of the judged ranges that held the wait."""
        return self.held / self.judged if self.judged else None


@dataclass(frozen=True, slots=True)
class _Outcome:
    said: WaitRange | None
    waited_s: float | None
    answered: bool

    @property
    def too_short(self) -> bool:
        return self.said is not None and self.waited_s is not None and self.waited_s > self.said.high * 60

    @property
    def held(self) -> bool:
        return (
            self.said is not None
            and self.answered
            and self.waited_s is not None
            and self.said.holds(self.waited_s)
        )

    @property
    def judged(self) -> bool:
        return self.said is not None and (self.too_short or (self.answered and self.waited_s is not None))


def judge(session: Session, *, since: datetime, until: datetime, queue: str = "") -> list[Judgement]:
    """Return the judgement of every queue and version announced in a period, by name."""
    visits = (
        select(
            WaitPrediction.id,
            WaitPrediction.queue,
            WaitPrediction.version,
            WaitPrediction.low_min,
            WaitPrediction.high_min,
            WaitPrediction.said_at,
            QueueVisit.entered_at,
            QueueVisit.left_queue_at,
            QueueVisit.outcome,
        )
        .outerjoin(
            Call,
            and_(
                Call.provider == WaitPrediction.provider,
                Call.provider_call_id == WaitPrediction.provider_call_id,
            ),
        )
        .outerjoin(Queue, Queue.name == WaitPrediction.queue)
        .outerjoin(QueueVisit, and_(QueueVisit.call_id == Call.id, QueueVisit.queue_id == Queue.id))
        .where(WaitPrediction.said_at >= since, WaitPrediction.said_at < until)
        .where(*([WaitPrediction.queue == queue] if queue else []))
        .order_by(WaitPrediction.queue, WaitPrediction.version, WaitPrediction.id, QueueVisit.number)
    )
    found: dict[tuple[str, str], dict[int, _Outcome]] = {}
    for row in session.execute(visits):
        outcomes = found.setdefault((row.queue, row.version), {})
        said = said_range(row.low_min, row.high_min)
        outcome = _outcome(said, row.said_at, row.entered_at, row.left_queue_at, row.outcome)
        if row.id not in outcomes or outcome.waited_s is not None:
            outcomes[row.id] = outcome
    return [
        _judgement(name, version, outcomes.values()) for (name, version), outcomes in sorted(found.items())
    ]


def _outcome(
    said: WaitRange | None,
    said_at: datetime,
    entered_at: datetime | None,
    left_at: datetime | None,
    outcome: str | None,
) -> _Outcome:
    """Return what came of an announcement in a visit; without a wait when it was made in another one."""
    if (
        entered_at is None
        or left_at is None
        or not entered_at - _CLOCKS_APART <= said_at <= left_at + _CLOCKS_APART
    ):
        return _Outcome(said, None, answered=False)
    return _Outcome(said, max(0.0, (left_at - said_at).total_seconds()), answered=outcome == "answered")


def _judgement(queue: str, version: str, outcomes: Collection[_Outcome]) -> Judgement:
    judged = [(one, one.said, one.waited_s) for one in outcomes if one.judged]
    widths = [said.high - said.low for _one, said, _waited_s in judged if said]
    off = [
        abs(30.0 * (said.low + said.high) - waited_s)
        for one, said, waited_s in judged
        if said and waited_s is not None and one.answered
    ]
    return Judgement(
        queue=queue,
        version=version,
        announced=len(outcomes),
        unsaid=sum(one.said is None for one in outcomes),
        judged=len(judged),
        held=sum(one.held for one in outcomes),
        too_short=sum(one.too_short for one in outcomes),
        off_s=sum(off) / len(off) if off else None,
        width_min=sum(widths) / len(widths) if widths else None,
    )
