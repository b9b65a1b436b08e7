"""transfer: connect the caller with a fixed number or SIP address outside the queues."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import ClassVar, Self

from core.documents.section import Section
from core.i18n import gettext as _
from ivr.flow.document import Flow, Settings
from ivr.flow.events import DialResult, Event
from ivr.flow.instructions import Dial
from ivr.flow.nodes.base import Node, Turn, leave, read_exits
from ivr.flow.state import FlowState

_TARGET = re.compile(r"\+?[0-9]{3,20}|sip:[A-Za-z0-9_.+-]{1,64}@[A-Za-z0-9.-]{1,128}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer(Node):
    """Dial somebody for the caller.

    Attributes:
        target: a number (+ and digits) or `sip:user@host`; only the document decides it, never a caller.
    """

    kind: ClassVar[str] = "transfer"
    instant: ClassVar[frozenset[str] | None] = frozenset({"busy", "failed"})

    target: str
    timeout_s: float
    record: bool

    @classmethod
    def read(cls, node_id: str, section: Section, settings: Settings) -> Self:  # noqa: ARG003 - a protocol
        """Read `target`, `timeout_s`, `record`."""
        target = section.text("target")
        if target and not _TARGET.fullmatch(target):
            section.note(_("target must be a number or sip:user@host"), "target")
        return cls(
            id=node_id,
            line=section.line,
            exits=read_exits(section, ("answered", "busy", "noanswer", "failed")),
            target=target,
            timeout_s=section.number("timeout_s", 5, 600, 30),
            record=section.flag("record", default=True),
        )

    def enter(self, flow: Flow, state: FlowState) -> Turn:  # noqa: ARG002 - a protocol
        """Dial."""
        dial = Dial(target=self.target, timeout_s=self.timeout_s, record=self.record and state.consented)
        return Turn(state, (dial,))

    def resume(self, flow: Flow, state: FlowState, event: Event) -> Turn | None:  # noqa: ARG002 - a protocol
        """Go on by how the dialling ended."""
        if not isinstance(event, DialResult) or event.result not in self.exits:
            return None
        return leave(replace(state, bridged=state.bridged or event.result == "answered"), event.result)
