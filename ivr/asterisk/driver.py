"""Carries out a flow on Asterisk: instructions become commands on the caller's channel, what happens becomes events.

A call visits us as long as there is something to say or to ask. For a queue or a transfer it goes back to the
dial plan with a verdict and comes again when that is over; meanwhile no thread of ours waits for it, and we may
be restarted. Recording starts where the flow allows it. What comes out of a node goes to the ledger at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from core.clock import Clock
from core.logging import get_logger
from core.phone import normalise_number
from ivr.asterisk import verdict as words
from ivr.asterisk.agi import CallerGone, Channel, NotDone, Refused
from ivr.asterisk.carried import VARIABLE, Carried
from ivr.asterisk.message import take_message
from ivr.asterisk.notebook import Told
from ivr.asterisk.recorder import mixmonitor_arguments
from ivr.asterisk.speaking import Speaker
from ivr.callers.lists import UNLISTED, Standing
from ivr.flow import instructions as told
from ivr.flow.document import Flow
from ivr.flow.events import (
    DialResult,
    Digits,
    Event,
    HungUp,
    LookupResult,
    NoInput,
    QueueResult,
    RecordResult,
    Start,
)
from ivr.flow.interpreter import Advance, advance, begin
from ivr.flow.nodes.queue import Queue
from ivr.flow.nodes.transfer import Transfer
from ivr.flow.state import FlowState
from ivr.ledger.path import END
from ivr.ledger.steps import FlowStep, first_step, steps_of

_log = get_logger(__name__)

LAST_STEP = 1_000_000
"""Number of the step that closes a call whose own way was lost: behind every step it can have had."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hotline:
    """What every call on the line shares.

    Attributes:
        flow: the flow that calls run in.
        spool: folder of recordings, as Asterisk and we both see it.
        tell: takes what a call has to tell.
        standing: says what a caller's number is to us at a time; must not fail.
        entrance: says in which language, and with which announced wait in it (`ivr.asterisk.wait_language`),
            a caller enters a queue at a time; must not fail.
    """

    flow: Flow
    spool: Path
    clock: Clock
    tell: Callable[[Told], None]
    standing: Callable[[str, datetime], Standing] = lambda _number, _at: UNLISTED
    entrance: Callable[[told.Enqueue, datetime], str] = lambda enqueue, _at: enqueue.language


def serve_call(channel: Channel, hotline: Hotline) -> None:
    """Serve one visit of a call, from the first word to the verdict."""
    visit = _Visit(channel, hotline)
    match channel.script:
        case words.BEGIN:
            visit.begin()
        case words.QUEUED | words.DIALLED:
            visit.come_back()
        case words.GONE:
            visit.hang_up()
        case _:
            _log.warning("agi_script_unknown", call=channel.call_id)


class _Visit:
    def __init__(self, channel: Channel, hotline: Hotline) -> None:
        self.channel = channel
        self.hotline = hotline
        self.speaker = Speaker(channel)
        self.steps = 0
        self.answered = False

    def begin(self) -> None:
        env = self.channel.env
        caller, now = _number(env.get("agi_callerid", "")), self.hotline.clock.now()
        standing = self.hotline.standing(caller, now)
        start = Start(
            caller=caller,
            called=env.get("agi_extension", "")[:40],
            at=now,
            vip=standing.vip,
            blocked=standing.blocked,
        )
        answer = begin(self.hotline.flow, start)
        self._note([first_step(answer.state)], answer)
        self._go_on(answer)

    def come_back(self) -> None:
        """Go on with a call whose queue or transfer is over."""
        carried = Carried.unpack(self.channel.get_variable(VARIABLE))
        self.channel.set_variable(VARIABLE, "")
        self.steps, self.answered = carried.steps, True
        self._go_on(self._advance(carried.state, self._let_go(carried.state)))

    def hang_up(self) -> None:
        """Close the way of a call whose caller hung up while the dial plan had it, or which we failed."""
        packed = self.channel.get_variable(VARIABLE)
        if packed:
            carried = Carried.unpack(packed)
            self.steps = carried.steps
            state = carried.state
            over = self._let_go(state)
            if over.result in {"bridged", "answered"}:  # the caller hung up after a conversation
                state = self._advance(state, over).state
            self._advance(state, HungUp(at=self.hotline.clock.now()))
        elif "failed" in self.channel.arguments:
            self._tell_failed()

    def _let_go(self, state: FlowState) -> QueueResult | DialResult:
        node, now = self.hotline.flow.nodes.get(state.node), self.hotline.clock.now()
        if isinstance(node, Transfer):
            return words.dial_result(self.channel.arguments, state.at, now)
        queue = node if isinstance(node, Queue) else None
        return words.FromQueue.read(self.channel.arguments).result(queue, state.at, now)

    def _go_on(self, answer: Advance) -> None:
        try:
            while (event := self._perform(answer)) is not None:
                answer = self._advance(answer.state, event)
        except CallerGone:
            self._advance(answer.state, HungUp(at=self.hotline.clock.now()))

    def _advance(self, state: FlowState, event: Event) -> Advance:
        answer = advance(self.hotline.flow, state, event)
        self._note([], answer)
        return answer

    def _note(self, before: Sequence[FlowStep], answer: Advance) -> None:
        """Tell the ledger what one advance has to tell."""
        first = self.steps + len(before)
        steps = [*before, *steps_of(self.hotline.flow, answer, number=first)]
        self.steps += len(steps)
        if steps:
            note = Told(
                call_id=self.channel.call_id,
                steps=steps,
                bookings=[i for i in answer.instructions if isinstance(i, told.BookCallback)],
                caller=answer.state.caller,
                dialled=answer.state.called,
            )
            self.hotline.tell(note)

    def _tell_failed(self) -> None:
        now = self.hotline.clock.now()
        step = FlowStep(number=LAST_STEP, at=now, kind=END, fields={"outcome": "failed"})
        self.hotline.tell(Told(call_id=self.channel.call_id, steps=[step]))

    def _perform(self, answer: Advance) -> Event | None:
        """Carry out the instructions of one advance; return what came of the last, None when we are done."""
        for instruction in answer.instructions:
            if isinstance(instruction, told.Say):
                self._answer()
                self.speaker.say(instruction.speech)
            elif isinstance(instruction, told.StartRecording):
                self._record()
            elif instruction.waits:
                return self._wait(instruction, answer.state)
        return None

    def _wait(self, instruction: told.Instruction, state: FlowState) -> Event | None:
        match instruction:
            case told.Ask():
                self._answer()
                keys = self.speaker.ask(instruction)
                now = self.hotline.clock.now()
                return Digits(digits=keys, at=now) if keys else NoInput(at=now)
            case told.Record():
                self._answer()
                seconds = take_message(self.channel, instruction, self.hotline.spool, self.hotline.clock)
                return RecordResult(seconds=seconds, at=self.hotline.clock.now())
            case told.Lookup():
                _log.error("lookup_unknown", lookup=instruction.name, call=self.channel.call_id)
                return LookupResult(result="error", at=self.hotline.clock.now())
            case told.Enqueue():
                self._enqueue(instruction, state)
            case told.Dial():
                self._dial(instruction, state)
            case told.Reject():
                self._decide(instruction.cause)
            case _:
                self._decide("hangup")
        return None

    def _enqueue(self, enqueue: told.Enqueue, state: FlowState) -> None:
        self._answer()
        self._stop_recording(state, wanted=enqueue.record)
        self.speaker.use(self.hotline.entrance(enqueue, self.hotline.clock.now()))
        self._set(
            {
                words.QUEUE: enqueue.queue,
                words.MAX_WAIT: str(max(1, round(enqueue.max_wait_s))),
                "QUEUE_PRIO": str(enqueue.priority),
                "CHANNEL(musicclass)": enqueue.music,
            }
        )
        self._carry(state)
        self._decide("queue")

    def _dial(self, dial: told.Dial, state: FlowState) -> None:
        self._answer()
        self._stop_recording(state, wanted=dial.record)
        trunk = (
            f"PJSIP/trunk/{dial.target}" if dial.target.startswith("sip:") else f"PJSIP/{dial.target}@trunk"
        )
        self._set({words.TARGET: trunk, words.TIMEOUT: str(max(1, round(dial.timeout_s)))})
        self._carry(state)
        self._decide("dial")

    def _carry(self, state: FlowState) -> None:
        self.channel.set_variable(VARIABLE, Carried(state, self.steps).pack())

    def _set(self, values: dict[str, str]) -> None:
        for name, value in values.items():
            self.channel.set_variable(name, value)

    def _decide(self, verdict: words.Verdict) -> None:
        """Set the verdict: the last thing of every visit that did not fail."""
        self.channel.set_variable(words.VERDICT, verdict)

    def _answer(self) -> None:
        if not self.answered:
            self.channel.answer()
            self.answered = True

    def _record(self) -> None:
        """Record both legs from here on; a recorder that does not start must not cost the caller the call."""
        self._answer()
        now = self.hotline.clock.now()
        arguments = mixmonitor_arguments(self.hotline.spool, self.channel.call_id, now)
        try:
            self.channel.appexec("MixMonitor", arguments)
        except (NotDone, Refused):
            _log.error("recording_not_started", call=self.channel.call_id)

    def _stop_recording(self, state: FlowState, *, wanted: bool) -> None:
        if state.consented and not wanted:
            self.channel.appexec("StopMixMonitor")


def _number(text: str) -> str:
    return normalise_number(text) if text != "unknown" else ""
