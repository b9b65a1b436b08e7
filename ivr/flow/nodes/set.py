"""set: give variables fixed values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

from core.documents.section import NAME, Section
from core.i18n import gettext as _
from ivr.flow.document import Flow, Settings
from ivr.flow.nodes.base import Node, Turn, leave, read_exits
from ivr.flow.state import BUILT_IN, FlowState


@dataclass(frozen=True, slots=True, kw_only=True)
class Set(Node):
    """Set variables."""

    kind: ClassVar[str] = "set"
    instant: ClassVar[frozenset[str] | None] = None

    values: Mapping[str, str]

    @classmethod
    def read(cls, node_id: str, section: Section, settings: Settings) -> Self:  # noqa: ARG003 - a protocol
        """Read `values`."""
        values = section.texts("values")
        for name in values:
            section.reading.refer("set", name, section.line_of("values"))
            if not NAME.fullmatch(name) or name in BUILT_IN:
                section.note(_("values: %(name)s cannot be set", name=name[:64]), "values")
        return cls(
            id=node_id,
            line=section.line,
            exits=read_exits(section, ("next",)),
            values=values,
        )

    def enter(self, flow: Flow, state: FlowState) -> Turn:  # noqa: ARG002 - a protocol
        """Set and leave."""
        return leave(state.with_values(self.values), "next")
