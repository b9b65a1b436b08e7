"""A call's way through menu and queues, step by step, in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from core.i18n import gettext as _
from ivr.models import Call, QueueVisit
from web.formats import by_language, duration
from web.recordings.queries import visits_of


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happened to the call."""

    at: datetime
    text: str


def steps_of(session: Session, call: Call) -> list[Step]:
    """Return what happened to a call, in order."""
    steps = [step for visit in visits_of(session, call) for step in _visit_steps(visit)]
    return sorted(steps, key=lambda step: step.at)


def _visit_steps(visit: QueueVisit) -> Iterator[Step]:
    queue = by_language(visit.queue.title_zh, visit.queue.title_en)
    yield Step(visit.entered_at, _("entered the queue %(queue)s", queue=queue))
    for ring in visit.rings:
        if ring.outcome != "answered":
            yield Step(ring.ended_at, _("rang %(time)s without an answer", time=duration(ring.ring_s)))
    if visit.left_queue_at:
        yield Step(visit.left_queue_at, _left(visit))
    if visit.ended_at and visit.talk_s is not None:
        yield Step(visit.ended_at, _ended(visit))


def _left(visit: QueueVisit) -> str:
    name = visit.agent.name if visit.agent else ""
    wait = duration(visit.wait_s)
    texts = {
        "answered": _("%(agent)s answered after %(wait)s", agent=name, wait=wait),
        "abandoned": _("hung up after waiting %(wait)s", wait=wait),
        "timeout": _("waited %(wait)s and was led on", wait=wait),
        "key": _("pressed a key to leave after %(wait)s", wait=wait),
        "empty": _("left: nobody was on duty in the queue"),
        "full": _("left: the queue was full"),
    }
    return texts.get(visit.outcome, _("left the queue; how is not known"))


def _ended(visit: QueueVisit) -> str:
    texts = {
        "agent": _("the agent hung up"),
        "caller": _("the caller hung up"),
        "transfer": _("the call was transferred"),
    }
    return texts.get(visit.ended_by, _("the talk ended"))
