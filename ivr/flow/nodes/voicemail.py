"""voicemail: record a message for the agents of a queue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from core.documents.section import Section
from ivr.flow.document import Flow, Settings
from ivr.flow.events import Event, RecordResult
from ivr.flow.instructions import Record, Say
from ivr.flow.nodes.base import Node, Turn, leave, read_exits, read_speech
from ivr.flow.state import FlowState


@dataclass(frozen=True, slots=True, kw_only=True)
class Voicemail(Node):
    """Take a message.

    Attributes:
        queue: whose agents must deal with it.
        min_s: a shorter message is `too_short`; none at all is `empty`.
    """

    kind: ClassVar[str] = "voicemail"
    silent: ClassVar[frozenset[str]] = frozenset({"empty"})

    say: tuple[str, ...]
    queue: str
    max_s: float
    min_s: float
    silence_s: float
    finish_key: str

    @classmethod
    def read(cls, node_id: str, section: Section, settings: Settings) -> Self:  # noqa: ARG003 - a protocol
        """Read `say`, `queue` and the limits."""
        return cls(
            id=node_id,
            line=section.line,
            exits=read_exits(section, ("done", "empty", "too_short")),
            say=read_speech(section, "say"),
            queue=section.name("queue"),
            max_s=section.number("max_s", 5, 600, 120),
            min_s=section.number("min_s", 0, 30, 2),
            silence_s=section.number("silence_s", 1, 30, 5),
            finish_key=section.key_press("finish_key", "#"),
        )

    def enter(self, flow: Flow, state: FlowState) -> Turn:
        """Say what to do and record."""
        record = Record(
            queue=self.queue, max_s=self.max_s, silence_s=self.silence_s, finish_key=self.finish_key
        )
        return Turn(state, (Say(speech=flow.speech(self.say, state)), record))

    def resume(self, flow: Flow, state: FlowState, event: Event) -> Turn | None:  # noqa: ARG002 - a protocol
        """Go on by the length of the message."""
        if not isinstance(event, RecordResult):
            return None
        if event.seconds <= 0:
            return leave(state, "empty")
        return leave(state, "too_short" if event.seconds < self.min_s else "done")
