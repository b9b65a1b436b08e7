"""What a caller hears in a queue, a few seconds at a time, and when the wait is over.

Twilio asks for the next stretch whenever one has run out. Everything is told by the request (how long, which
key) and by its address (how many announcements there were); the place in the line and the wait to be expected are
our own dispatcher's, because Twilio counts each of a queue's lines alone. A repeated request gets the same stretch,
with the wait as it was said first. Twilio knows no longest wait: the caller is taken out (`<Leave>`) by the first
stretch after it.
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
from ivr.twilio.dispatch import agents_on_duty, dispatch, waiting_callers
from ivr.twilio.facts import PROVIDER
from ivr.twilio.hotline import Hotline
from ivr.twilio.leaving import enter_queue
from ivr.twilio.models import TwilioCall
from ivr.twilio.render import spoken
from ivr.twilio.twiml import document, say, verb
from ivr.twilio.webhook import Refused, Webhook
from ivr.waiting.history import expected_wait, note_said
from ivr.waiting.models import WaitPrediction
from ivr.waiting.wording import wait_prompt

STRETCH_S: Final = 10
"""Length of a stretch without an announcement: the longest wait is kept to within it."""

_LEAVE: Final = document([verb("Leave")])

_PLACES: Final = {
    "zh": ("下一个就轮到您。", "您前面还有 {ahead} 位客户在等候。"),
    "en": ("You are the next caller.", "There are {ahead} callers before you."),
}
_ANNOUNCEMENTS_OF_A_WAIT: Final = 1000
"""More than one wait can have: numbers a call's announcements in the order of its waits."""


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
    due = waited_s >= (announced + 1) * enqueue.announce_every_s
    if due:
        announced = int(waited_s // enqueue.announce_every_s)
    speech = _announcement(session, hotline, enqueue, call, webhook, announced, now) if due else []
    return _stretch(hotline, enqueue, speech, sequence, announced, waited_s)


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
    hotline: Hotline,
    enqueue: Enqueue,
    speech: list[ET.Element],
    sequence: int,
    announced: int,
    waited_s: float,
) -> str:
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


def _announcement(
    session: Session,
    hotline: Hotline,
    enqueue: Enqueue,
    call: TwilioCall,
    webhook: Webhook,
    announced: int,
    now: datetime,
) -> list[ET.Element]:
    """Return what is said now. A repeated request is told the same, whoever has come or gone meanwhile."""
    speech = spoken(hotline, enqueue.announce)
    told = _told(session, call, announced, now) if enqueue.announce_wait else None
    if enqueue.announce_position:
        language = enqueue.language if enqueue.language in _PLACES else "en"
        ahead = told.place - 1 if told else int(webhook.get("QueuePosition") or 1) - 1
        first, later = _PLACES[language]
        speech.append(say(language, later.format(ahead=ahead) if ahead > 0 else first))
    if told is not None:
        speech += spoken(hotline, (wait_prompt(told.said, enqueue.language),))
    return speech


def _told(session: Session, call: TwilioCall, announced: int, now: datetime) -> WaitPrediction:
    """Return the place and the wait that this announcement says, and keep them; repeated, they are the same."""
    line = [waiting for waiting in waiting_callers(session) if waiting.queue == call.queue]
    place = line.index(call) + 1 if call in line else 1
    expected = expected_wait(
        session,
        call.queue,
        now=now,
        place=place,
        head_since=(line[0].entered_at if line else call.entered_at) or now,
        agents=agents_on_duty(session, call.queue),
    )
    return note_said(
        session,
        expected,
        provider=PROVIDER,
        call=call.call_sid,
        queue=call.queue,
        number=call.sequence * _ANNOUNCEMENTS_OF_A_WAIT + announced,
        at=now,
        place=place,
    )
