"""The interpreter: one event in, the call's next state and the driver's next instructions out.

Pure: no I/O, no clock (the time is in the event), no randomness; the same flow, state and event give the same
answer in any process. One advance runs through every node that needs nobody and stops at the first that waits.
What holds everywhere is handled once, here at the root: the hang-up, a driver's fault, an event that does not
fit, and the guard against a call that never ends.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from core.documents.section import NAME
from core.errors import Conflict
from core.i18n import gettext as _
from ivr.flow.document import Flow
from ivr.flow.events import Event, Fault, HungUp, QueueResult, Start
from ivr.flow.instructions import (
    Ask,
    BookCallback,
    Hangup,
    Instruction,
    Lookup,
    NoteScore,
    Reject,
    Say,
    Speech,
)
from ivr.flow.nodes.base import Node, Turn
from ivr.flow.nodes.queue import Queue
from ivr.flow.state import FlowState

_UNHEARD = (Lookup, BookCallback, NoteScore, Hangup, Reject)


@dataclass(frozen=True, slots=True)
class Step:
    """A node was left (or ended the call): one line of the call's path, free of personal content.

    Attributes:
        outcome: exit taken; for the root's own steps `error`, `hung_up`, ...
        note: reason behind the outcome: a holiday's name, a driver's fault code, or one of `declared_open`,
            `declared_closed`, `holidays_unknown` (that year is not in the calendar: weekly hours).
        said: instructions of the same advance that were given before this step.
    """

    node: str
    kind: str
    outcome: str
    at: datetime
    note: str = ""
    said: int = 0


@dataclass(frozen=True, slots=True)
class Advance:
    """Answer to one event; the last instruction waits or ends the call, unless the caller has hung up."""

    state: FlowState
    instructions: tuple[Instruction, ...]
    steps: tuple[Step, ...]


def begin(flow: Flow, event: Start) -> Advance:
    """Start a call in a flow."""
    state = FlowState(
        flow=flow.name,
        version=flow.version,
        caller=event.caller,
        called=event.called,
        started_at=event.at,
        at=event.at,
        language=flow.settings.languages[0],
        vip=event.vip,
        blocked=event.blocked,
        override=event.override,
    )
    run = _Run(flow, state)
    run.go_to(flow.start)
    return run.result()


def advance(flow: Flow, state: FlowState, event: Event) -> Advance:
    """Take one event; an ended call stays as it is and yields nothing.

    Raises:
        Conflict: the call began in another flow or version than the one given.
    """
    if (state.flow, state.version) != (flow.name, flow.version) or state.node not in flow.nodes:
        told = _(
            "the call began in flow %(name)s version %(version)s", name=state.flow, version=state.version
        )
        raise Conflict(told)
    if state.ended:
        return Advance(state, (), ())
    run = _Run(flow, replace(state, at=event.at))
    run.take(event)
    return run.result()


class _Run:
    """One macro step: collects instructions and steps until something waits or the call ends."""

    def __init__(self, flow: Flow, state: FlowState) -> None:
        self.flow = flow
        self.state = state
        self.instructions: list[Instruction] = []
        self.steps: list[Step] = []

    def result(self) -> Advance:
        instructions = tuple(self.instructions)
        if self.flow.settings.type_ahead == "keep":
            instructions = merge_announcements(instructions)
        return Advance(self.state, instructions, tuple(self.steps))

    def take(self, event: Event) -> None:
        node = self.flow.nodes[self.state.node]
        if isinstance(event, HungUp) or (isinstance(event, QueueResult) and event.result == "abandoned"):
            self.end(node, _hung_up(node, self.state))
        elif isinstance(event, Fault):
            self.fail(node, event.code)
        elif not self.count():
            self.end(node, "too_long", Hangup(outcome="too_long"))
        elif (turn := node.resume(self.flow, self.state, event)) is None:
            self.fail(node, "unexpected_event")
        else:
            self.go_to(self.apply(node, turn))

    def go_to(self, target: str) -> None:
        while target:
            node = self.flow.nodes[target]
            self.state = replace(self.state, node=target)
            if not self.count():
                self.end(node, "too_long", Hangup(outcome="too_long"))
                return
            target = self.apply(node, node.enter(self.flow, self.state))

    def apply(self, node: Node, turn: Turn) -> str:
        """Take over a node's turn; return where to go next, empty when the call waits or has ended."""
        heard = any(not isinstance(instruction, _UNHEARD) for instruction in turn.instructions)
        self.state = replace(turn.state, answered=turn.state.answered or heard)
        self.instructions += turn.instructions
        if turn.outcome or self.state.ended:
            self.note_step(node, turn.outcome or self.state.outcome, turn.note)
        return node.exits[turn.outcome] if turn.outcome else ""

    def fail(self, node: Node, code: str) -> None:
        self.note_step(node, "error", code if NAME.fullmatch(code) else "unnamed")
        if self.flow.error and not self.state.failed:
            self.state = replace(self.state, failed=True, no_inputs=0, no_matches=0, phase="")
            self.go_to(self.flow.error)
        else:
            self.end(node, "failed", Hangup(outcome="failed"))

    def end(self, node: Node, outcome: str, *instructions: Instruction) -> None:
        self.instructions += instructions
        self.state = replace(self.state, outcome=outcome)
        self.note_step(node, outcome)

    def note_step(self, node: Node, outcome: str, note: str = "") -> None:
        self.steps.append(Step(node.id, node.kind, outcome, self.state.at, note, len(self.instructions)))

    def count(self) -> bool:
        """Count a step; return whether the call may still go on."""
        self.state = replace(self.state, steps=self.state.steps + 1)
        return self.state.steps <= self.flow.settings.max_steps


def _hung_up(node: Node, state: FlowState) -> str:
    """Return how a call ended that the caller ended: served, abandoned in a queue, or just hung up."""
    if state.bridged:
        return "served"
    return "abandoned" if isinstance(node, Queue) else "hung_up"


def merge_announcements(instructions: tuple[Instruction, ...]) -> tuple[Instruction, ...]:
    """Make the interruptible announcements right before a question part of it, so that keys count."""
    if not instructions or not isinstance(last := instructions[-1], Ask) or not last.barge_in:
        return instructions
    first = len(instructions) - 1
    speech: Speech = last.speech
    while first and isinstance(before := instructions[first - 1], Say) and before.interruptible:
        speech = before.speech + speech
        first -= 1
    return (*instructions[:first], replace(last, speech=speech))
