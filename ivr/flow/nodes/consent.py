"""consent: tell the caller that the call is recorded, or ask; only then may anything be recorded."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Self

from core.documents.section import Section
from ivr.flow.document import Flow, Settings
from ivr.flow.events import Digits, Event, NoInput
from ivr.flow.instructions import Say, StartRecording
from ivr.flow.nodes.base import Node, Turn, leave, note_same_keys, read_exits, read_speech
from ivr.flow.nodes.question import Question, read_question
from ivr.flow.state import FlowState


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent(Node):
    """Announce the recording (no question: everybody accepts by staying), or ask for agreement.

    Silence is no agreement: an asked caller who does not answer has declined.
    """

    kind: ClassVar[str] = "consent"
    instant: ClassVar[frozenset[str] | None] = None
    silent: ClassVar[frozenset[str]] = frozenset({"declined"})

    say: tuple[str, ...]
    question: Question | None
    accept_key: str
    decline_key: str

    @classmethod
    def read(cls, node_id: str, section: Section, settings: Settings) -> Self:
        """Read `say`, `mode` (announce or ask), and for ask the keys and a question's options."""
        asks = section.choice("mode", ("announce", "ask"), "announce") == "ask"
        question = read_question(section, settings) if asks else None
        accept_key = section.key_press("accept_key", "1") if asks else ""
        decline_key = section.key_press("decline_key", "2") if asks else ""
        note_same_keys(section, (accept_key, decline_key))
        return cls(
            id=node_id,
            line=section.line,
            exits=read_exits(section, ("accepted", "declined") if asks else ("accepted",)),
            say=question.say if question else read_speech(section, "say"),
            question=question,
            accept_key=accept_key,
            decline_key=decline_key,
        )

    def is_instant(self, outcome: str) -> bool:  # noqa: ARG002 - a protocol
        """Return whether nobody is waited for: true when it only announces."""
        return self.question is None

    def enter(self, flow: Flow, state: FlowState) -> Turn:
        """Announce and start recording, or ask."""
        if self.question is not None:
            return self.question.ask(flow, state)
        notice = Say(speech=flow.speech(self.say, state), interruptible=False)
        return leave(replace(state, consented=True), "accepted", notice, StartRecording())

    def resume(self, flow: Flow, state: FlowState, event: Event) -> Turn | None:
        """Take the answer."""
        if self.question is None or not isinstance(event, Digits | NoInput):
            return None
        digits = event.digits if isinstance(event, Digits) else ""
        if digits == self.accept_key:
            return leave(replace(state, consented=True), "accepted", StartRecording())
        if digits == self.decline_key:
            return leave(state, "declined")
        return self.question.ask_again(flow, state, event, "declined")
