"""A call's way through menu and queues, step by step, in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from core.i18n import N_, gettext
from core.i18n import gettext as _
from ivr.models import Call, QueueVisit
from ivr.services import PathStep, call_path
from web.formats import by_language, duration
from web.recordings.queries import visits_of

_KINDS: Final = {
    "announce": N_("announcement"),
    "branch": N_("branch"),
    "callback": N_("callback"),
    "callback_offer": N_("callback offer"),
    "collect": N_("question"),
    "confirm": N_("confirmation"),
    "consent": N_("recording announcement"),
    "hangup": N_("hang-up"),
    "holiday": N_("holiday check"),
    "hours": N_("opening hours"),
    "language": N_("choice of language"),
    "lookup": N_("look-up"),
    "menu": N_("menu"),
    "queue": N_("queue"),
    "screen": N_("caller check"),
    "set": N_("setting"),
    "survey": N_("rating"),
    "transfer": N_("transfer"),
    "voicemail": N_("voicemail"),
}
_OUTCOMES: Final = {
    "abandoned": N_("the caller hung up"),
    "hung_up": N_("the caller hung up"),
    "served": N_("the caller hung up after the talk"),
    "too_long": N_("too long"),
    "accepted": N_("accepted"),
    "answered": N_("answered"),
    "blocked": N_("blocked"),
    "bridged": N_("answered"),
    "busy": N_("busy"),
    "closed": N_("closed"),
    "correct": N_("correct"),
    "declined": N_("declined"),
    "done": N_("done"),
    "empty": N_("nothing said"),
    "en": N_("English"),
    "error": N_("error"),
    "exhausted": N_("no usable answer"),
    "failed": N_("failed"),
    "found": N_("found"),
    "full": N_("queue full"),
    "holiday": N_("holiday"),
    "missing": N_("not found"),
    "next": "",
    "no_agent": N_("no agent answered"),
    "noanswer": N_("no answer"),
    "normal": N_("nothing special"),
    "ok": "",
    "open": N_("open"),
    "reached": N_("the caller was reached"),
    "timeout": N_("waited too long"),
    "unknown": N_("how it ended is not known"),
    "too_short": N_("too short"),
    "vip": N_("VIP"),
    "withdrawn": N_("not wanted any more"),
    "workday": N_("workday"),
    "wrong": N_("wrong"),
    "zh": N_("Chinese"),
}
"""Kinds of the flow's nodes, and outcomes they are left by, in words."""


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happened to the call."""

    at: datetime
    text: str


def steps_of(session: Session, call: Call) -> list[Step]:
    """Return what happened to a call, in order: steps of its flow, and what the queues know."""
    visits = visits_of(session, call)
    steps = [step for visit in visits for step in _visit_steps(visit)]
    steps += [_flow_step(step) for step in call_path(session, call) if not (visits and step.kind == "queue")]
    return sorted(steps, key=lambda step: step.at)


def _flow_step(step: PathStep) -> Step:
    kind = gettext(_KINDS[step.kind]) if step.kind in _KINDS else step.kind
    if step.score is not None:
        outcome = str(step.score)
    elif step.kind == "menu" and step.outcome not in _OUTCOMES:
        outcome = gettext("pressed %(key)s", key=step.outcome)
    elif step.kind == "hangup":
        outcome = ""  # the flow's own word for how the call is filed; the call's outcome says it
    else:
        outcome = _OUTCOMES.get(step.outcome, step.outcome)
        outcome = gettext(outcome) if outcome else ""
    return Step(step.at, gettext("%(step)s: %(outcome)s", step=kind, outcome=outcome) if outcome else kind)


def _visit_steps(visit: QueueVisit) -> Iterator[Step]:
    queue = by_language(visit.queue.title_zh, visit.queue.title_en)
    yield Step(visit.entered_at, _("entered the queue %(queue)s", queue=queue))
    for ring in visit.rings:
        if ring.outcome != "answered":
            yield Step(ring.ended_at, _("rang %(time)s without an answer", time=duration(ring.ring_s)))
    if visit.left_queue_at:
        yield Step(visit.left_queue_at, _left(visit))
    if visit.ended_at and visit.talk_s is not None:
        ended = _ended(visit)
        if visit.hold_s is not None:
            ended = _("%(ended)s; on hold for %(time)s", ended=ended, time=duration(visit.hold_s))
        yield Step(visit.ended_at, ended)


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
        "crash": _("the telephony went down"),
    }
    return texts.get(visit.ended_by, _("the talk ended"))
