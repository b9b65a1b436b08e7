"""The legs of a virtual Twilio: how a document is executed, verb by verb, for a scripted caller or agent.

A course is a generator that yields the seconds until it goes on; what wakes it earlier is sent into it.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from tests.integration.twilio.twiml_rules import BEFORE_BRIDGE, WAIT
from tests.integration.twilio.virtual_dialling import Dialling, PartyPlan

BASE = "https://hotline.example.com"
HANG_UP = "hang up"

Course = Generator[float, object, None]


@dataclass(frozen=True)
class Knobs:
    """What the documentation leaves open, and what networks do."""

    queue_time_is_total: bool = False
    recording_on_caller: bool = False
    duplicate: bool = False
    reorder_status: bool = False
    status_before_result: bool = False
    not_ready: int = 0
    failures: float = 0.0
    recording_absent: bool = False
    recording_callbacks_lost: bool = False


@dataclass(frozen=True)
class QueuePlan:
    """What becomes of a caller in a queue: `bridged`, `abandoned`, `callback`, `timeout`.

    `sound` is what a conversation sounds like: 16 bit, 8 kHz, the agent's samples and the caller's in turn.
    """

    outcome: str
    after_s: float = 7.0
    talk_s: float = 30.0
    ended_by: str = "agent"
    sound: bytes = b""


@dataclass
class ScriptedCaller:
    """What a caller does, in order; then nothing."""

    keys: Sequence[str] = ()
    queues: Sequence[QueuePlan] = ()
    messages: Sequence[float] = ()
    parties: Sequence[PartyPlan] = ()
    number: str = "+8613800138000"
    _keys: object = None

    def __post_init__(self):
        self._keys, self._queues, self._messages = iter(self.keys), iter(self.queues), iter(self.messages)
        self._parties = iter(self.parties)

    def next_keys(self):
        return next(self._keys, "")

    def next_queue(self):
        return next(self._queues, QueuePlan("timeout"))

    def next_party(self):
        return next(self._parties, PartyPlan())

    def next_message(self):
        return next(self._messages, 0.0)


@dataclass
class Leg:
    sid: str
    direction: str
    party: str
    caller: ScriptedCaller | None = None
    course: Course | None = None
    token: int = 0
    over: bool = False
    status: str = "ringing"
    sequence: int = 0
    status_url: str = ""
    plan: QueuePlan | None = None
    joined: float = 0.0
    bridged_at: float = -1.0
    recorded: bool = False
    started: float = 0.0


class Courses(Dialling):
    """What legs do; requests, time and the account are `VirtualTwilio`'s."""

    def _inbound(self, leg) -> Course:
        text = self._post(f"{BASE}/twilio/voice", self._params(leg, "ringing"))
        leg.status = "in-progress"
        yield from self._execute(leg, text)

    def _outbound(self, leg, url, ring_s) -> Course:
        leg.status = "queued"
        self._tell_status(leg, "initiated")
        yield 0.5
        leg.status = "ringing"
        self._tell_status(leg, "ringing")
        answer_s, keys = self.agents_answer()
        if answer_s > ring_s:
            yield ring_s
            self._end(leg, "no-answer")
            return
        yield answer_s
        leg.status = "in-progress"
        self._tell_status(leg, "in-progress")
        leg.caller = ScriptedCaller(keys=[keys], parties=[self.customer_answers()])
        yield from self._execute(leg, self._post(url, self._params(leg)))

    def _execute(self, leg, text) -> Course:
        while text:
            text = yield from self._document(leg, text)

    def _document(self, leg, text):
        """Run one document; return the next one."""
        for element in ET.fromstring(text.encode()):
            if element.tag in {"Say", "Play", "Pause"}:
                yield 1.0
            elif element.tag in {"Hangup", "Reject"}:
                self._end(leg)
                return ""
            elif (following := (yield from self._waiting_verb(leg, element))) is not None:
                return following
        return ""

    def _waiting_verb(self, leg, element):
        verbs = {
            "Gather": self._gather,
            "Record": self._record,
            "Enqueue": self._enqueue,
            "Dial": self._dial,
        }
        return (yield from verbs[element.tag](leg, element))

    def _dial(self, leg, element):
        dial = self._dial_queue if element.find("Queue") is not None else self._dial_party
        return (yield from dial(leg, element))

    def _gather(self, leg, element):
        keys = leg.caller.next_keys()
        yield 1.0
        if keys == HANG_UP:
            self._end(leg)
            return ""
        finish, most = element.get("finishOnKey", "#"), int(element.get("numDigits", "99"))
        if finish and finish in keys:
            keys = keys.partition(finish)[0]
        keys = keys[:most]
        if not keys:
            yield float(element.get("timeout", "5"))
            if element.get("actionOnEmptyResult") != "true":
                return None
        extra = {"Digits": keys, "msg": "Gather End", "FinishedOnKey": ""}
        return self._post(element.get("action"), {**self._params(leg), **extra})

    def _record(self, leg, element):
        seconds = leg.caller.next_message()
        begun = self.now
        yield (seconds or float(element.get("timeout", "5")))
        extra = {"RecordingDuration": str(int(seconds)), "Digits": "hangup" if seconds else ""}
        extra["RecordingUrl"] = "https://api.twilio.com/anywhere"
        if seconds:
            self._store(leg, element, seconds, begun, channels=1, source="RecordVerb")
        status = "completed" if seconds else "in-progress"
        if seconds and self.knobs.status_before_result:
            self._end(leg)
            yield_at = self.now + 1.0
            params = {**self._params(leg, status), **extra}
            self._at(yield_at, lambda: self._post(element.get("action"), params))
            return ""
        text = self._post(element.get("action"), {**self._params(leg, status), **extra})
        if seconds:
            self._end(leg)
            return ""
        return text

    def _enqueue(self, leg, element):
        name = element.text
        members = self.queues.setdefault(name, [])
        members.append(leg)
        leg.plan, leg.joined = leg.caller.next_queue(), self.now
        result = yield from self._in_queue(leg, element)
        if leg in members:
            members.remove(leg)
        waited = self.now - leg.joined
        if result == "bridged" and not self.knobs.queue_time_is_total:
            waited = leg.bridged_at - leg.joined
        extra = {"QueueResult": result, "QueueSid": "QU" + "1" * 32, "QueueTime": str(int(waited))}
        gone = result == "hangup" or (result == "bridged" and leg.plan.ended_by == "caller")
        if gone and self.knobs.status_before_result:
            self._end(leg)
            params = {**self._params(leg, "completed"), **extra}
            self._at(self.now + 1.0, lambda: self._post(element.get("action"), params))
            return ""
        text = self._post(element.get("action"), {**self._params(leg, "completed" if gone else ""), **extra})
        if gone:
            self._end(leg)
            return ""
        return text

    def _in_queue(self, leg, element):
        url = element.get("waitUrl")
        pressed = False
        while True:
            waited = int(self.now - leg.joined)
            extra = {
                "QueueSid": "QU" + "1" * 32,
                "QueueTime": str(waited),
                "QueuePosition": str(self.queues[element.text].index(leg) + 1),
                "AvgQueueTime": "0",
                "CurrentQueueSize": str(len(self.queues[element.text])),
                "MaxQueueSize": "1000",
            }
            if pressed:
                extra["Digits"] = "1"
            text = self._post(url, {**self._params(leg), **extra}, context=WAIT)
            gather = None
            for verb in ET.fromstring(text.encode()):
                if verb.tag == "Leave":
                    return "leave"
                gather = verb
            url = gather.get("action")
            lasting = float(gather.get("timeout")) + len(gather)
            acts = leg.joined + leg.plan.after_s
            due = leg.plan.outcome in {"abandoned", "callback"} and not pressed and acts <= self.now + lasting
            woken = yield (max(0.0, acts - self.now) if due else lasting)
            if woken == "dequeue":
                yield from self._talk(leg)
                return "bridged"
            pressed = due and leg.plan.outcome == "callback"
            if due and leg.plan.outcome == "abandoned":
                return "hangup"

    def _talk(self, leg):
        woken = None
        while woken != "bridge over":
            woken = yield 1e6

    def _dial_queue(self, leg, element):
        queue = element.find("Queue")
        members = self.queues.get(queue.text)
        if not members:
            yield float(element.get("timeout")) + 5.0
            text = self._post(element.get("action"), {**self._params(leg), "DialCallStatus": "no-answer"})
            return text
        member = members.pop(0)
        extra = {
            "QueueSid": "QU" + "1" * 32,
            "QueueTime": str(int(self.now - member.joined)),
            "DequeingCallSid": leg.sid,
        }
        self._interrupt(member, "dequeue")
        yield 0.0
        self._post(queue.get("url"), {**self._params(member), **extra}, context=BEFORE_BRIDGE)
        member.bridged_at = begun = self.now
        on = member if self.knobs.recording_on_caller else leg
        on.recorded = bool(element.get("record"))
        yield member.plan.talk_s
        if on.recorded:
            on.recorded = False
            talk_s, sound = member.plan.talk_s, member.plan.sound
            self._store(on, element, talk_s, begun, channels=2, source="DialVerb", sound=sound)
        extra = {
            "DialCallStatus": "completed",
            "DialBridged": "true",
            "DialCallSid": member.sid,
            "DialCallDuration": str(int(member.plan.talk_s)),
        }
        text = self._post(element.get("action"), {**self._params(leg, "completed"), **extra})
        self._interrupt(member, "bridge over")
        return text
