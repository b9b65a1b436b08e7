"""holiday: is this day a public holiday, seen from the hotline's time zone?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self
from zoneinfo import ZoneInfo

from core.documents.section import Section
from ivr.flow.document import Flow, Settings
from ivr.flow.nodes.base import Node, Turn, leave, read_exits
from ivr.flow.state import FlowState


@dataclass(frozen=True, slots=True, kw_only=True)
class Holiday(Node):
    """Leave by `holiday` or `workday` (every other day, weekends too: those are the hours' business)."""

    kind: ClassVar[str] = "holiday"
    instant: ClassVar[frozenset[str] | None] = None

    calendar: str
    zone: ZoneInfo

    @classmethod
    def read(cls, node_id: str, section: Section, settings: Settings) -> Self:
        """Read `calendar` and `zone`."""
        return cls(
            id=node_id,
            line=section.line,
            exits=read_exits(section, ("holiday", "workday")),
            calendar=section.reference("calendar", "holidays"),
            zone=section.zone("zone", settings.zone),
        )

    def enter(self, flow: Flow, state: FlowState) -> Turn:
        """Look at the day; a hotline declared open is open on a holiday too."""
        calendar = flow.holidays[self.calendar]
        day = state.at.astimezone(self.zone).date()
        if state.override == "open":
            return leave(state, "workday", note="declared_open")
        kind = calendar.day_kind(day)
        if kind == "holiday":
            return leave(state, "holiday", note=calendar.holidays[day])
        return leave(state, "workday", note="holidays_unknown" if kind == "unknown" else "")
