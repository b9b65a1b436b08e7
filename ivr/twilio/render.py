"""The interpreter's instructions as TwiML verbs.

One advance becomes one document: everything up to the instruction that waits, whose verb carries the address the
answer comes to. Twilio's defaults loop or fall through, so every verb that waits names its action, and an empty
answer is asked for too (actionOnEmptyResult): the interpreter then sees silence as an event.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from typing import Final
from xml.etree import ElementTree as ET

from ivr.flow import instructions as told
from ivr.twilio.hotline import Hotline, Waiting
from ivr.twilio.twiml import document, say, verb

_LONGEST_QUEUE_NAME: Final = 64
UNRECORDED: Final = ".unrecorded"
_DIAL_BUFFER_S: Final = 5
"""Twilio adds so much to every Dial timeout."""

_KEYS_IN_WORDS: Final = {"zh": {"*": "星号", "#": "井号"}, "en": {"*": "star", "#": "hash"}}

_WAITS: Final[dict[type, Waiting]] = {
    told.Ask: "digits",
    told.Enqueue: "queue",
    told.Dial: "dial",
    told.Record: "record",
}


def waits_for(instruction: told.Instruction) -> Waiting | None:
    """Return the event an instruction waits for; None when it ends the call."""
    return _WAITS.get(type(instruction))


def render(hotline: Hotline, instructions: Sequence[told.Instruction], sequence: int) -> str:
    """Return the document that carries out instructions; `sequence` names the answer it waits for."""
    verbs: list[ET.Element] = []
    for instruction in instructions:
        verbs += _verbs(hotline, instruction, sequence)
    return document(verbs)


def spoken(hotline: Hotline, speech: told.Speech) -> list[ET.Element]:
    """Return speech as the prompts' own audio, or spoken by Twilio where there is none."""
    verbs = []
    for part in speech:
        if isinstance(part, told.Spelled):
            words = _KEYS_IN_WORDS.get(part.language, _KEYS_IN_WORDS["en"])
            # digits that are not apart are read as one number
            verbs.append(say(part.language, " ".join(words.get(key, key) for key in part.digits)))
        elif address := hotline.audio.address_of(part):
            verbs.append(verb("Play", address))
        else:
            verbs.append(say(part.language, part.text))
    return verbs


def line_name(queue: str, priority: int, *, record: bool) -> str:
    """Return the name Twilio knows a queue by.

    Twilio's queues know no priority and are emptied from the front; whether a conversation is recorded is
    decided on the agent's leg, before it is known who the caller is. So both are part of the name.
    """
    suffix = (f".{priority}" if priority else "") + ("" if record else UNRECORDED)
    room = _LONGEST_QUEUE_NAME - len(suffix)
    if len(queue) <= room:
        return queue + suffix
    return f"{queue[: room - 9]}-{hashlib.sha256(queue.encode()).hexdigest()[:8]}{suffix}"


def recorded_line(line: str) -> bool:
    """Whether conversations of a line are recorded."""
    return not line.endswith(UNRECORDED)


def recording_attributes(hotline: Hotline) -> dict[str, str]:
    """Return the attributes that have a recording's progress told."""
    return {
        "recordingStatusCallback": hotline.addresses.recording(),
        "recordingStatusCallbackMethod": "POST",
        "recordingStatusCallbackEvent": "in-progress completed absent",
    }


def _verbs(hotline: Hotline, instruction: told.Instruction, sequence: int) -> list[ET.Element]:
    elements: list[ET.Element] = []  # other instructions are not heard: the driver notes them
    match instruction:
        case told.Say():
            elements = spoken(hotline, instruction.speech)
        case told.Ask():
            elements = _ask(hotline, instruction, sequence)
        case told.Enqueue():
            elements = [_enqueue(hotline, instruction, sequence)]
        case told.Dial():
            elements = [_dial(hotline, instruction, sequence)]
        case told.Record():
            elements = [_record(hotline, instruction, sequence)]
        case told.Hangup():
            elements = [verb("Hangup")]
        case told.Reject():
            elements = [verb("Reject", reason=instruction.cause)]
    return elements


def _ask(hotline: Hotline, ask: told.Ask, sequence: int) -> list[ET.Element]:
    speech = spoken(hotline, ask.speech)
    gather = verb(
        "Gather",
        input="dtmf",
        numDigits=ask.max_digits,
        finishOnKey=ask.finish_key,
        timeout=_whole(ask.timeout_s if ask.max_digits == 1 else max(ask.timeout_s, ask.interdigit_s)),
        actionOnEmptyResult="true",
        action=hotline.addresses.event("digits", sequence),
        method="POST",
    )
    if not ask.barge_in:  # nested prompts can always be interrupted
        return [*speech, gather]
    gather.extend(speech)
    return [gather]


def _enqueue(hotline: Hotline, enqueue: told.Enqueue, sequence: int) -> ET.Element:
    return verb(
        "Enqueue",
        line_name(enqueue.queue, enqueue.priority, record=enqueue.record),
        action=hotline.addresses.event("queue", sequence),
        method="POST",
        waitUrl=hotline.addresses.wait(sequence, 0),
        waitUrlMethod="POST",
    )


def _dial(hotline: Hotline, dial: told.Dial, sequence: int) -> ET.Element:
    element = verb(
        "Dial",
        action=hotline.addresses.event("dial", sequence),
        method="POST",
        timeout=max(5, _whole(dial.timeout_s) - _DIAL_BUFFER_S),
    )
    if dial.record:
        element.attrib.update({"record": "record-from-answer-dual", **recording_attributes(hotline)})
    target, noun = (dial.target, "Sip") if dial.target.startswith("sip:") else (dial.target, "Number")
    element.append(verb(noun, target, url=hotline.addresses.whisper("ask"), method="POST"))
    return element


def _record(hotline: Hotline, record: told.Record, sequence: int) -> ET.Element:
    element = verb(
        "Record",
        action=hotline.addresses.event("record", sequence),
        method="POST",
        maxLength=_whole(record.max_s),
        timeout=_whole(record.silence_s),
        finishOnKey=record.finish_key,
        playBeep="true",
        trim="do-not-trim",
    )
    element.attrib.update(recording_attributes(hotline))
    return element


def _whole(seconds: float) -> int:
    return max(1, math.ceil(seconds))
