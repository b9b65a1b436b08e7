"""hangup: end the call, with a farewell, or refuse it before it is answered."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Literal, Self, cast

from core.documents.section import Section
from core.i18n import gettext as _
from ivr.flow.document import Flow, Settings
from ivr.flow.instructions import Hangup as HangupInstruction
from ivr.flow.instructions import Instruction, Reject, Say
from ivr.flow.nodes.base import Node, Turn, read_speech
from ivr.flow.state import FlowState


@dataclass(frozen=True, slots=True, kw_only=True)
class Hangup(Node):
    """End the call.

    Attributes:
        outcome: word the call is filed under, such as `completed` or `voicemail`.
        reject: refuse with this cause if nothing has been said yet: the caller is not charged.
    """

    kind: ClassVar[str] = "hangup"

    say: tuple[str, ...]
    outcome: str
    reject: Literal["", "busy", "rejected"]

    @classmethod
    def read(cls, node_id: str, section: Section, settings: Settings) -> Self:  # noqa: ARG003 - a protocol
        """Read `say`, `outcome`, `reject`."""
        say = read_speech(section, "say", required=False)
        reject = section.choice("reject", ("busy", "rejected"), "")
        if say and reject:
            section.note(_("a rejected call hears nothing: remove say or reject"), "say")
        outcome = section.name("outcome", "completed")
        if outcome in ROOT_OUTCOMES:
            section.note(_("outcome: %(name)s is reserved", name=outcome), "outcome")
        return cls(
            id=node_id,
            line=section.line,
            exits={},
            say=say,
            outcome=outcome,
            reject=cast("Literal['', 'busy', 'rejected']", reject),
        )

    def enter(self, flow: Flow, state: FlowState) -> Turn:
        """Say farewell and end."""
        ended = replace(state, outcome=self.outcome)
        if self.reject and not state.answered:
            return Turn(ended, (Reject(cause=self.reject, outcome=self.outcome),))
        end = HangupInstruction(outcome=self.outcome)
        farewell: tuple[Instruction, ...] = (
            (Say(speech=flow.speech(self.say, state), interruptible=False),) if self.say else ()
        )
        return Turn(ended, (*farewell, end))


# How calls end that no hangup node ended; the interpreter's root gives these.
ROOT_OUTCOMES = frozenset({"hung_up", "abandoned", "served", "failed", "too_long"})
