"""A scripted caller walks a flow: what is heard, what is pressed, where the call goes, how it ends.

This is the driver without a telephone, for the simulator command, for documents and for tests of one's own
flows. Time moves by what is known (silence, waiting, messages, conversations); speaking takes no time here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from ivr.flow import instructions as told
from ivr.flow.document import Flow
from ivr.flow.events import (
    DialOutcome,
    DialResult,
    Digits,
    Event,
    LookupOutcome,
    LookupResult,
    NoInput,
    QueueOutcome,
    QueueResult,
    RecordResult,
    Start,
)
from ivr.flow.interpreter import Advance, Step, advance, begin
from ivr.flow.state import FlowState
from ivr.waiting.predictor import WaitRange
from ivr.waiting.wording import wait_prompt

LineKind = Literal["hear", "press", "silence", "queue", "record", "lookup", "dial", "note", "go", "end"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What a scripted caller and the world around do, in order; what runs out falls back.

    Attributes:
        keys: answers to questions, empty text is silence; then the caller stays silent.
        queue: results of queues; then agents answer.
        dial: results of transfers; then they are answered.
        messages: lengths of messages in seconds; then 15 s.
        lookups: results of look-ups, each with the values found; then nothing is found.
        expected: the wait that is announced where a queue announces one; None: it cannot be said.
        wait_s, talk_s: until somebody answers, and how long the conversation lasts.
    """

    keys: Sequence[str] = ()
    queue: Sequence[QueueOutcome] = ()
    dial: Sequence[DialOutcome] = ()
    messages: Sequence[float] = ()
    lookups: Sequence[tuple[LookupOutcome, Mapping[str, str]]] = ()
    expected: WaitRange | None = None
    wait_s: float = 12.0
    talk_s: float = 180.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkLine:
    """One thing that happened.

    Attributes:
        node: node the call was in.
        text: prompt text, keys pressed, or whom it was about (queue, number, look-up).
        prompt, language: of what is heard.
        outcome: result, exit taken, or how the call ended.
        seconds: how long it took, where that is known.
    """

    at: datetime
    kind: LineKind
    node: str
    text: str = ""
    prompt: str = ""
    language: str = ""
    outcome: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Walk:
    """A whole call."""

    lines: tuple[WalkLine, ...]
    steps: tuple[Step, ...]
    state: FlowState

    @property
    def outcome(self) -> str:
        """Return how the call ended."""
        return self.state.outcome


def walk(flow: Flow, start: Start, script: Script | None = None) -> Walk:
    """Return a call from its start to its end."""
    player = _Player(script or Script())
    player.take(begin(flow, start), start.at)
    while not player.state.ended:
        event = player.next_event()
        player.take(advance(flow, player.state, event), event.at)
    return Walk(tuple(player.lines), tuple(player.steps), player.state)


class _Player:
    """Carries out instructions on paper and answers them from the script."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.lines: list[WalkLine] = []
        self.steps: list[Step] = []
        self._keys = iter(script.keys)
        self._queue = iter(script.queue)
        self._dial = iter(script.dial)
        self._messages = iter(script.messages)
        self._lookups = iter(script.lookups)

    def take(self, answer: Advance, at: datetime) -> None:
        """Write down what an advance did, steps between the instructions they came after."""
        self.state = answer.state
        self.at = at
        steps = list(answer.steps)
        for number, instruction in enumerate(answer.instructions):
            while steps and steps[0].said <= number:
                self._note_step(steps.pop(0))
            self._play(instruction, steps[0].node if steps else self.state.node)
        for step in steps:
            self._note_step(step)
        self.steps += answer.steps
        if self.state.ended:
            self._line("end", self.state.node, outcome=self.state.outcome)
        if answer.instructions:
            self.waiting = answer.instructions[-1]

    def _note_step(self, step: Step) -> None:
        if step.kind != "hangup":
            self._line("go", step.node, step.note, outcome=step.outcome)

    def _line(
        self, kind: LineKind, node: str, text: str = "", *, outcome: str = "", seconds: float = 0
    ) -> None:
        line = WalkLine(at=self.at, kind=kind, node=node, text=text, outcome=outcome, seconds=seconds)
        self.lines.append(line)

    def _play(self, instruction: told.Instruction, node: str) -> None:
        if isinstance(instruction, told.Say | told.Ask):
            self._hear(instruction.speech, node)
        elif isinstance(instruction, told.StartRecording):
            self._line("note", node, "start_recording")
        elif isinstance(instruction, told.BookCallback):
            self._line("note", node, instruction.number, outcome="callback")
        elif isinstance(instruction, told.NoteScore):
            self._line("note", node, f"{instruction.score}/{instruction.best}", outcome="score")

    def _hear(self, speech: told.Speech, node: str) -> None:
        for part in speech:
            text, prompt = (
                (" ".join(part.digits), "") if isinstance(part, told.Spelled) else (part.text, part.id)
            )
            self.lines.append(
                WalkLine(at=self.at, kind="hear", node=node, text=text, prompt=prompt, language=part.language)
            )

    def next_event(self) -> Event:
        """Answer the instruction that waits."""
        match self.waiting:
            case told.Ask():
                return self._answer(self.waiting)
            case told.Enqueue():
                return self._leave_queue(self.waiting)
            case told.Dial():
                return self._leave_dial(self.waiting)
            case told.Record():
                return self._leave_message(self.waiting)
            case _:
                return self._found()

    def _answer(self, ask: told.Ask) -> Event:
        keys = next(self._keys, "")
        if ask.finish_key:
            keys = keys.partition(ask.finish_key)[0]
        keys = keys[: ask.max_digits]
        if keys:
            self._line("press", self.state.node, keys)
            return Digits(digits=keys, at=self.at)
        self._line("silence", self.state.node, seconds=ask.timeout_s)
        return NoInput(at=self._after(ask.timeout_s))

    def _leave_queue(self, queue: told.Enqueue) -> Event:
        result: QueueOutcome = next(self._queue, "bridged")
        known = {"timeout": queue.max_wait_s, "full": 0.0, "error": 0.0}
        wait_s = known.get(result, min(self.script.wait_s, queue.max_wait_s))
        talk_s = self.script.talk_s if result == "bridged" else 0.0
        if wait_s >= queue.announce_every_s:
            expected = (wait_prompt(self.script.expected, queue.language),) if queue.announce_wait else ()
            self._hear((*queue.announce, *expected), self.state.node)
        self._line("queue", self.state.node, queue.queue, outcome=result, seconds=wait_s)
        return QueueResult(result=result, wait_s=wait_s, talk_s=talk_s, at=self._after(wait_s + talk_s))

    def _leave_dial(self, dial: told.Dial) -> Event:
        result: DialOutcome = next(self._dial, "answered")
        known = {"noanswer": dial.timeout_s, "busy": 0.0, "failed": 0.0}
        ring_s = known.get(result, min(self.script.wait_s, dial.timeout_s))
        talk_s = self.script.talk_s if result == "answered" else 0.0
        self._line("dial", self.state.node, dial.target, outcome=result, seconds=ring_s)
        return DialResult(result=result, ring_s=ring_s, talk_s=talk_s, at=self._after(ring_s + talk_s))

    def _leave_message(self, record: told.Record) -> Event:
        seconds = min(next(self._messages, 15.0), record.max_s)
        self._line("record", self.state.node, record.queue, seconds=seconds)
        return RecordResult(seconds=seconds, at=self._after(seconds))

    def _found(self) -> Event:
        assert isinstance(self.waiting, told.Lookup)
        result, values = next(self._lookups, ("missing", {}))
        seconds = self.waiting.timeout_s if result == "error" else 0.0
        self._line("lookup", self.state.node, self.waiting.name, outcome=result)
        return LookupResult(result=result, values=values, at=self._after(seconds))

    def _after(self, seconds: float) -> datetime:
        return self.at + timedelta(seconds=seconds)
