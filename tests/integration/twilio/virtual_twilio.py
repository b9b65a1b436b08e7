"""VirtualTwilio: executes our TwiML as Twilio's documentation says, on a virtual clock, every request signed.

Pages of the documentation behind each behaviour (docs.twilio.com / www.twilio.com/docs):
- requests and their parameters, answers, retries, idempotency token: voice/twiml, usage/webhooks/webhooks-connection-overrides
- Gather (finishOnKey, actionOnEmptyResult): voice/twiml/gather
- Record (Digits=hangup, recordingStatusCallback): voice/twiml/record
- Enqueue, its results and waitUrl: voice/twiml/enqueue; Leave: voice/twiml/leave
- Dial, the five seconds it adds, DialBridged: voice/twiml/dial; Dial Queue and its url: voice/twiml/queue
- status callbacks: voice/api/call-resource#statuscallback; recordings: voice/api/recording
Where the documentation leaves two readings, there is a knob.
"""

from __future__ import annotations

import heapq
import itertools
import wave
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime
from random import Random
from urllib.parse import urlsplit

from twilio.request_validator import RequestValidator

from core.clock import FixedClock
from ivr.twilio.webhook import Webhook
from tests.integration.twilio.twiml_rules import check_document
from tests.integration.twilio.virtual_dialling import PartyPlan
from tests.integration.twilio.virtual_legs import BASE, Courses, Knobs, Leg, ScriptedCaller

ACCOUNT = "AC" + "0" * 32
TOKEN = "a token for tests only"
NUMBER = "+864008000000"


@dataclass
class VirtualTwilio(Courses):
    """One Twilio account with one number."""

    http: object
    clock: FixedClock
    knobs: Knobs = field(default_factory=Knobs)
    seed: int = 0
    token: str = TOKEN
    after_each: Callable[[], None] = lambda: None
    out_of_order: Callable[[], AbstractContextManager[None]] = nullcontext
    """What our side fails in, at the knob's rate."""

    def __post_init__(self):
        self.random = Random(self.seed)
        self.start = self.clock.at
        self.now = 0.0
        self.agenda: list = []
        self.counter = itertools.count(1)
        self.queues: dict[str, list[Leg]] = {}
        self.legs: dict[str, Leg] = {}
        self.recordings: dict[str, dict] = {}
        self.log: list[tuple] = []
        self.fetched: list[str] = []
        self.deleted: list[str] = []
        self.silenced: list[tuple[str, bool]] = []
        self.agents_answer: Callable[[], tuple[float, str]] = self._agents_as_planned
        self.customer_answers: Callable[[], PartyPlan] = PartyPlan

    # --- what the test does

    def call(self, caller: ScriptedCaller) -> str:
        """Place a call at once; returns its SID."""
        leg = self._leg("inbound", caller.number, "CA")
        leg.caller = caller
        leg.status_url = f"{BASE}/twilio/status"
        self._begin(leg, self._inbound(leg))
        return leg.sid

    def later(self, seconds: float, do: Callable[[], None]) -> None:
        """Have something done while calls go on."""
        self._at(self.now + seconds, do)

    def run(self, until: float = float("inf")) -> None:
        """Let everything happen that is under way, up to a second."""
        while self.agenda and self.agenda[0][0] <= until:
            at, _number, do, is_due = heapq.heappop(self.agenda)
            if not is_due():
                continue
            self._move(at)
            do()
            self.after_each()

    def _agents_as_planned(self) -> tuple[float, str]:
        """Let an agent answer when the script of somebody who waits says that one does."""
        waiting = [leg for members in self.queues.values() for leg in members]
        return (4.0, "1") if any(leg.plan.outcome == "bridged" for leg in waiting) else (99.0, "")

    def pass_time(self, seconds: float) -> None:
        """Let time go by after everything has happened."""
        self.run()
        self._move(self.now + seconds)
        self.after_each()
        self.run()

    # --- the REST API's side (ivr.twilio.api.TwilioApi)

    def place_call(self, *, to, caller, url, status_url, ring_s):
        leg = self._leg("outbound-api", to, "CA")
        leg.status_url = status_url
        self._begin(leg, self._outbound(leg, url, ring_s))
        return leg.sid

    def end_call(self, call_sid):
        leg = self.legs[call_sid]
        if not leg.over:
            self._end(leg, "canceled" if leg.status in {"queued", "ringing"} else "completed")

    def fetch_media(self, recording_sid, *, channels, target):
        recording = self.recordings[recording_sid]
        if recording["not_ready"] > 0:
            recording["not_ready"] -= 1
            target.write_bytes(b"<TwilioResponse><RestException/></TwilioResponse>")
            return 404, "application/xml"
        with wave.open(str(target), "wb") as sound:
            sound.setnchannels(recording["channels"])
            sound.setsampwidth(2)
            sound.setframerate(8000)
            sound.writeframes(recording["sound"] or self._noise(recording))
        self.fetched.append(recording_sid)
        return 200, "audio/x-wav"

    def _noise(self, recording):
        tone = bytes(self.random.randrange(256) for _ in range(64))
        frames = int(recording["seconds"] * 8000) * 2 * recording["channels"]
        return (tone * (frames // 64 + 1))[:frames]

    def recordings_of(self, call_sid):
        told = [recording["told"] for recording in self.recordings.values()]
        return [Webhook(params) for params in told if params["CallSid"] == call_sid]

    def silence_recording(self, call_sid, *, silent):
        leg = self.legs[call_sid]
        if leg.over or not leg.recorded:
            return False
        self.silenced.append((call_sid, silent))
        return True

    def delete_recording(self, recording_sid):
        self.deleted.append(recording_sid)

    # --- legs

    def _leg(self, direction, party, prefix):
        sid = f"{prefix}{self.random.getrandbits(128):032x}"
        leg = Leg(sid, direction, party, started=self.now)
        self.legs[sid] = leg
        return leg

    def _begin(self, leg, course):
        leg.course = course
        self._at(self.now, lambda: self._resume(leg, leg.token, None))

    def _resume(self, leg, token, value):
        if leg.over or token != leg.token:
            return
        leg.token += 1
        token = leg.token
        try:
            pause_s = leg.course.send(value)
        except StopIteration:
            if not leg.over:
                self._end(leg)
            return
        is_due = lambda: not leg.over and token == leg.token  # noqa: E731 - it may have been woken earlier
        self._at(self.now + pause_s, lambda: self._resume(leg, token, None), is_due)

    def _interrupt(self, leg, value):
        leg.token += 1
        token = leg.token
        self._at(self.now, lambda: self._resume(leg, token, value))

    def _end(self, leg, status="completed"):
        leg.over, leg.status = True, status
        for members in self.queues.values():
            if leg in members:
                members.remove(leg)
        extra = {"CallDuration": str(int(self.now - leg.started)), "Duration": "1", "SipResponseCode": "200"}
        if leg.status_url:
            self._tell_status(leg, status, extra)

    def _tell_status(self, leg, status, extra=None):
        params = {
            **self._params(leg, status),
            "Timestamp": format_datetime(self._time().replace(microsecond=0)),
            "CallbackSource": "call-progress-events",
            "SequenceNumber": str(leg.sequence),
            **(extra or {}),
        }
        leg.sequence += 1
        delay_s = self.random.choice([0.0, 0.4, 2.5]) if self.knobs.reorder_status else 0.0
        self._at(self.now + delay_s, lambda: self._post(leg.status_url, params, silent=True))

    def _store(self, leg, element, seconds, begun, *, channels, source, sound=b""):
        sid = f"RE{self.random.getrandbits(128):032x}"
        self.recordings[sid] = {
            "seconds": seconds,
            "channels": channels,
            "not_ready": self.knobs.not_ready,
            "sound": sound,
        }
        params = {
            "AccountSid": ACCOUNT,
            "CallSid": leg.sid,
            "RecordingSid": sid,
            "RecordingUrl": f"https://evil.example.com/{sid}",
            "RecordingStatus": "absent" if self.knobs.recording_absent else "completed",
            "RecordingChannels": str(channels),
            "RecordingStartTime": format_datetime(self._time(begun).replace(microsecond=0)),
            "RecordingSource": source,
            "RecordingTrack": "both",
            "RecordingDuration": str(int(seconds)),
            "ErrorCode": "0",
        }
        started = {**params, "RecordingStatus": "in-progress"}
        del started["RecordingDuration"]
        self.recordings[sid]["told"] = params
        if self.knobs.recording_callbacks_lost:
            return
        url = element.get("recordingStatusCallback")
        for at, told in ((self.now + 0.1, started), (self.now + 3.0, params)):
            self._at(at, lambda told=told: self._post(url, told, silent=True))

    # --- requests

    def _params(self, leg, status=""):
        ours, theirs = NUMBER, leg.party
        caller, called = (theirs, ours) if leg.direction == "inbound" else (ours, theirs)
        return {
            "AccountSid": ACCOUNT,
            "ApiVersion": "2010-04-01",
            "CallSid": leg.sid,
            "CallStatus": status or leg.status,
            "Called": called,
            "Caller": caller,
            "Direction": leg.direction,
            "From": caller,
            "To": called,
            "FromCity": "",
            "FromCountry": "CN",
            "StirVerstat": "TN-Validation-Passed-A",
        }

    def _post(self, url, params, *, silent=False, context=""):
        """Send a request as often as the address's fragment says; return the document to execute."""
        address, _hash, fragment = url.partition("#")
        retries = 2 if "5xx" in fragment else 0
        for attempt in range(retries + 1):
            answer = self._send(address, params, may_fail=attempt < retries or self.knobs.failures == 1.0)
            if answer.status_code < 500:
                break
        else:
            answer = self._send(
                f"{BASE}/twilio/fallback", {**params, "ErrorCode": "11200", "ErrorUrl": address}
            )
        if self.knobs.duplicate:
            again = self._send(address, params)
            assert (again.status_code, again.data) == (answer.status_code, answer.data), address
        self.log.append((round(self.now, 2), urlsplit(address).path, dict(params), answer.status_code))
        assert answer.status_code in {200, 204}, (address, answer.status_code, params)
        assert "Content-Length" in answer.headers or answer.status_code == 204
        if silent:
            return ""
        text = answer.get_data(as_text=True)
        check_document(text, context)
        return text

    def _send(self, address, params, *, may_fail=False):
        signature = RequestValidator(self.token).compute_signature(address, params)
        headers = {"X-Twilio-Signature": signature}
        if may_fail and self.random.random() < self.knobs.failures:
            with self.out_of_order():
                return self.http.post(address.removeprefix(BASE), data=params, headers=headers)
        return self.http.post(address.removeprefix(BASE), data=params, headers=headers)

    # --- time

    def _at(self, at, do, is_due=lambda: True):
        heapq.heappush(self.agenda, (at, next(self.counter), do, is_due))

    def _move(self, at):
        self.now = max(self.now, at)
        self.clock.at = self._time()

    def _time(self, seconds=None) -> datetime:
        return self.start + timedelta(seconds=self.now if seconds is None else seconds)
