"""queue: wait for an agent and talk with one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Self

from core.documents.section import Section
from ivr.flow.document import Flow, Settings
from ivr.flow.events import Event, QueueResult
from ivr.flow.instructions import Enqueue
from ivr.flow.nodes.base import Node, Turn, leave, note_same_keys, read_exits, read_speech
from ivr.flow.state import FlowState


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue(Node):
    """Queue the caller; the exits `callback` and `left` exist when their keys are set.

    A caller who hangs up while waiting has abandoned: the interpreter's root ends such a call.

    Attributes:
        priority: of this entrance; a VIP's priority is added.
        record: record the conversation, if the caller has been told or has agreed.
        announce: said again and again while waiting; says sorry and please wait.
        announce_wait: also say how long it will take, as a range.
    """

    kind: ClassVar[str] = "queue"
    instant: ClassVar[frozenset[str] | None] = frozenset({"full", "error"})

    queue: str
    max_wait_s: float
    priority: int
    record: bool
    music: str
    announce: tuple[str, ...]
    announce_every_s: float
    announce_position: bool
    announce_wait: bool
    callback_key: str
    leave_key: str

    @classmethod
    def read(cls, node_id: str, section: Section, settings: Settings) -> Self:  # noqa: ARG003 - a protocol
        """Read the queue's name and options."""
        callback_key, leave_key = section.key_press("callback_key"), section.key_press("leave_key")
        note_same_keys(section, (callback_key, leave_key))
        keyed = {"callback": callback_key, "left": leave_key}
        outcomes = ("bridged", "timeout", "full", "error", *(name for name, key in keyed.items() if key))
        return cls(
            id=node_id,
            line=section.line,
            exits=read_exits(section, outcomes),
            queue=section.name("queue"),
            max_wait_s=section.number("max_wait_s", 5, 7200, 120),
            priority=section.whole("priority", 0, 100, 0),
            record=section.flag("record", default=True),
            music=section.name("music", "default"),
            announce=read_speech(section, "announce", required=False),
            announce_every_s=section.number("announce_every_s", 10, 600, 30),
            announce_position=section.flag("announce_position", default=False),
            announce_wait=section.flag("announce_wait", default=False),
            callback_key=callback_key,
            leave_key=leave_key,
        )

    def enter(self, flow: Flow, state: FlowState) -> Turn:
        """Queue the caller."""
        instruction = Enqueue(
            queue=self.queue,
            language=state.language,
            max_wait_s=self.max_wait_s,
            priority=self.priority + state.priority,
            record=self.record and state.consented,
            music=self.music,
            announce=flow.speech(self.announce, state),
            announce_every_s=self.announce_every_s,
            announce_position=self.announce_position,
            announce_wait=self.announce_wait,
            callback_key=self.callback_key,
            leave_key=self.leave_key,
        )
        return Turn(state, (instruction,))

    def resume(self, flow: Flow, state: FlowState, event: Event) -> Turn | None:  # noqa: ARG002 - a protocol
        """Go on by how the queue let go; a key this flow has no exit for counts as a time-out."""
        if not isinstance(event, QueueResult):
            return None
        outcome = event.result if event.result in self.exits else "timeout"
        return leave(replace(state, bridged=state.bridged or outcome == "bridged"), outcome)
