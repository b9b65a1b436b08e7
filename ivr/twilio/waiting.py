"""What a caller hears in a queue, a few seconds at a time, and when the wait is over.

Twilio asks for the next stretch whenever one has run out. Everything is told by the request (how long, which
place, which key) and by its address (how many announcements there were), so a repeated request gets the same
stretch. Twilio knows no longest wait: the caller is taken out (`<Leave>`) by the first stretch after it.
"""

from __future__ import annotations

import math
from datetime import datetime
from typing import Final
from xml.etree import ElementTree as ET

from sqlalchemy.orm import Session

from core.setting_sections import TwilioSettings
from ivr.flow.instructions import Enqueue
from ivr.flow.state import FlowState
from ivr.twilio.dispatch import dispatch
from ivr.twilio.hotline import Hotline
from ivr.twilio.leaving import enter_queue
from ivr.twilio.models import TwilioCall
from ivr.twilio.render import spoken
from ivr.twilio.twiml import document, say, verb
from ivr.twilio.webhook import Refused, Webhook

STRETCH_S: Final = 10
"""Length of a stretch without an announcement: the longest wait is kept to within it."""

_LEAVE: Final = document([verb("Leave")])

_PLACES: Final = {
    "zh": ("下一个就轮到您。", "您前面还有 {ahead} 位客户在等候。"),
    "en": ("You are the next caller.", "There are {ahead} callers before you."),
}
_WAITS: Final = {"zh": "预计还要等候约 {minutes} 分钟。", "en": "The wait will be about {minutes} minutes."}


def wait_document(
    session: Session,
    hotline: Hotline,
    settings: TwilioSettings,
    webhook: Webhook,
    *,
    sequence: int,
    announced: int,
    now: datetime,
) -> str:
    """Return the next stretch of waiting, and see to it that an agent is rung.

    Raises:
        Refused: the caller does not wait in this queue.
    """
    call = session.get(TwilioCall, webhook["CallSid"], with_for_update=True)
    if call is None or call.state is None or (call.waiting, call.sequence) != ("queue", sequence):
        raise Refused("stale")
    state = FlowState.from_json(call.state)
    enqueue = _enqueue(hotline, state)
    waited_s = webhook.seconds("QueueTime") or 0.0
    enter_queue(session, call, now, position=webhook.get("QueuePosition"), waited_s=waited_s)
    call.leaving = call.leaving or _leaving(enqueue, webhook.get("Digits"), waited_s)
    if call.leaving:
        return _LEAVE
    dispatch(session, settings, now)
    return _stretch(hotline, enqueue, webhook, sequence, announced, waited_s)


def _enqueue(hotline: Hotline, state: FlowState) -> Enqueue:
    """Return what the flow said about this queue: entering a node is pure, so it says it again."""
    told = hotline.flow.nodes[state.node].enter(hotline.flow, state).instructions[-1]
    if not isinstance(told, Enqueue):
        raise Refused("stale")
    return told


def _leaving(enqueue: Enqueue, key: str, waited_s: float) -> str:
    if key and key == enqueue.callback_key:
        return "callback"
    if key and key == enqueue.leave_key:
        return "left"
    return "timeout" if waited_s >= enqueue.max_wait_s else ""


def _stretch(
    hotline: Hotline, enqueue: Enqueue, webhook: Webhook, sequence: int, announced: int, waited_s: float
) -> str:
    due = waited_s >= (announced + 1) * enqueue.announce_every_s
    if due:
        announced = int(waited_s // enqueue.announce_every_s)
    speech = _announcement(hotline, enqueue, webhook) if due else []
    music = hotline.audio.music(enqueue.music)
    if music and not speech:
        speech = [verb("Play", music)]
    silence_s = 1 if speech else max(1, min(STRETCH_S, math.ceil(enqueue.max_wait_s - waited_s)))
    gather = verb(
        "Gather",
        input="dtmf",
        numDigits=1,
        finishOnKey="",
        timeout=silence_s,
        actionOnEmptyResult="true",
        action=hotline.addresses.wait(sequence, announced),
        method="POST",
    )
    gather.extend(speech)
    return document([gather])


def _announcement(hotline: Hotline, enqueue: Enqueue, webhook: Webhook) -> list[ET.Element]:
    speech = spoken(hotline, enqueue.announce)
    position = webhook.get("QueuePosition")
    if enqueue.announce_position and position:
        language = enqueue.language if enqueue.language in _PLACES else "en"
        ahead = int(position) - 1
        first, later = _PLACES[language]
        speech.append(say(language, later.format(ahead=ahead) if ahead > 0 else first))
        average_s = webhook.seconds("AvgQueueTime") or 0.0
        if ahead > 0 and average_s >= 60:
            speech.append(say(language, _WAITS[language].format(minutes=math.ceil(average_s / 60))))
    return speech
