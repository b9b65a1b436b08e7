"""hours: is the line served at this time?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from core.documents.section import Section
from ivr.flow.document import Flow, Settings
from ivr.flow.nodes.base import Node, Turn, leave, read_exits
from ivr.flow.state import FlowState


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours(Node):
    """Leave by `open` or `closed`; a person's declaration (fire drill, extra shift) weighs more."""

    kind: ClassVar[str] = "hours"
    instant: ClassVar[frozenset[str] | None] = None

    hours: str

    @classmethod
    def read(cls, node_id: str, section: Section, settings: Settings) -> Self:  # noqa: ARG003 - a protocol
        """Read `hours`, the name of a timetable."""
        return cls(
            id=node_id,
            line=section.line,
            exits=read_exits(section, ("open", "closed")),
            hours=section.reference("hours", "hours"),
        )

    def enter(self, flow: Flow, state: FlowState) -> Turn:
        """Look at the timetable."""
        if state.override in self.exits:
            return leave(state, state.override, note=f"declared_{state.override}")
        timetable = flow.hours[self.hours]
        note = "holidays_unknown" if timetable.day_kind(state.at) == "unknown" else ""
        return leave(state, "open" if timetable.is_open(state.at) else "closed", note=note)
