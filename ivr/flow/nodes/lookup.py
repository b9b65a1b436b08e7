"""lookup: ask an outside system about the call (CRM, ticket system), for a bounded time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from core.documents.section import MAX_TEXT, Section
from ivr.flow.document import Flow, Settings
from ivr.flow.events import Event, LookupResult
from ivr.flow.instructions import Lookup as LookupInstruction
from ivr.flow.nodes.base import Node, Turn, leave, read_exits
from ivr.flow.state import FlowState

_LONGEST_S = 3.0  # the caller hears silence meanwhile, and a webhook has 15 s in all


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup(Node):
    """Look something up.

    Attributes:
        lookup: name the driver knows the outside system by.
        send: variables it is given.
        receive: variables it may set; anything else it returns is dropped.
    """

    kind: ClassVar[str] = "lookup"
    instant: ClassVar[frozenset[str] | None] = None

    lookup: str
    send: tuple[str, ...]
    receive: tuple[str, ...]
    timeout_s: float

    @classmethod
    def read(cls, node_id: str, section: Section, settings: Settings) -> Self:  # noqa: ARG003 - a protocol
        """Read `lookup`, `send`, `receive`, `timeout_s`."""
        return cls(
            id=node_id,
            line=section.line,
            exits=read_exits(section, ("found", "missing", "error")),
            lookup=section.name("lookup"),
            send=section.references("send", "variable"),
            receive=section.references("receive", "set", required=False),
            timeout_s=section.number("timeout_s", 0.1, _LONGEST_S, 2.0),
        )

    def enter(self, flow: Flow, state: FlowState) -> Turn:  # noqa: ARG002 - a protocol
        """Ask the driver to look up."""
        values = {name: state.value(name) for name in self.send}
        return Turn(state, (LookupInstruction(name=self.lookup, values=values, timeout_s=self.timeout_s),))

    def resume(self, flow: Flow, state: FlowState, event: Event) -> Turn | None:  # noqa: ARG002 - a protocol
        """Take what was found."""
        if not isinstance(event, LookupResult) or event.result not in self.exits:
            return None
        kept = {name: event.values[name][:MAX_TEXT] for name in self.receive if name in event.values}
        return leave(state.with_values(kept), event.result)
