"""screen: tell blacklisted callers and VIPs from the rest.

The lists are not read here: they come with the start of the call, or as `blocked` and `vip` from a look-up.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Self

from core.documents.section import Section
from ivr.flow.document import Flow, Settings
from ivr.flow.nodes.base import Node, Turn, leave, read_exits
from ivr.flow.state import FlowState

_TRUE = frozenset({"true", "yes", "1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen(Node):
    """Sort by caller.

    Attributes:
        vip_priority: added to the priority of every queue a VIP enters.
    """

    kind: ClassVar[str] = "screen"
    instant: ClassVar[frozenset[str] | None] = None

    vip_priority: int

    @classmethod
    def read(cls, node_id: str, section: Section, settings: Settings) -> Self:  # noqa: ARG003 - a protocol
        """Read `vip_priority`."""
        return cls(
            id=node_id,
            line=section.line,
            exits=read_exits(section, ("blocked", "vip", "normal")),
            vip_priority=section.whole("vip_priority", 0, 100, 10),
        )

    def enter(self, flow: Flow, state: FlowState) -> Turn:  # noqa: ARG002 - a protocol
        """Leave by what the caller is; blocked weighs more than VIP."""
        if state.blocked or state.variables.get("blocked") in _TRUE:
            return leave(state, "blocked")
        if state.vip or state.variables.get("vip") in _TRUE:
            return leave(replace(state, vip=True, priority=self.vip_priority), "vip")
        return leave(state, "normal")
