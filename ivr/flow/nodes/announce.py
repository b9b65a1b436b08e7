"""announce: say something, then go on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from core.documents.section import Section
from ivr.flow.document import Flow, Settings
from ivr.flow.instructions import Say
from ivr.flow.nodes.base import Node, Turn, leave, read_exits, read_speech
from ivr.flow.state import FlowState


@dataclass(frozen=True, slots=True, kw_only=True)
class Announce(Node):
    """Say prompts.

    Attributes:
        interruptible: with type-ahead kept, it may become part of a question that follows.
    """

    kind: ClassVar[str] = "announce"
    instant: ClassVar[frozenset[str] | None] = None

    say: tuple[str, ...]
    interruptible: bool

    @classmethod
    def read(cls, node_id: str, section: Section, settings: Settings) -> Self:  # noqa: ARG003 - a protocol
        """Read `say` and `interruptible`."""
        return cls(
            id=node_id,
            line=section.line,
            exits=read_exits(section, ("next",)),
            say=read_speech(section, "say"),
            interruptible=section.flag("interruptible", default=True),
        )

    def enter(self, flow: Flow, state: FlowState) -> Turn:
        """Speak and leave."""
        speech = flow.speech(self.say, state)
        return leave(state, "next", Say(speech=speech, interruptible=self.interruptible))
