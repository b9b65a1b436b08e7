"""What every node kind is: options read from the document, and two pure steps, enter and resume."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Self

from core.documents.reading import nearest
from core.documents.section import Section
from core.i18n import gettext as _
from ivr.flow.document import Flow, Settings
from ivr.flow.events import Event
from ivr.flow.instructions import Instruction
from ivr.flow.state import FlowState

_SPELLED = re.compile(r"\{([a-z][a-z0-9_]{0,63})\}")


@dataclass(frozen=True, slots=True)
class Turn:
    """What a node did: instructions, then either an outcome to leave by, or a wait (no outcome)."""

    state: FlowState
    instructions: tuple[Instruction, ...] = ()
    outcome: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node(ABC):
    """A place in a flow.

    Attributes:
        kind: the word in the document.
        instant: outcomes reached without waiting for anybody; None: all of them.
        silent: outcomes a caller who does nothing reaches.
        line: where it stands in the document.
        exits: outcome to the next node.
    """

    kind: ClassVar[str]
    instant: ClassVar[frozenset[str] | None] = frozenset()
    silent: ClassVar[frozenset[str]] = frozenset()

    id: str
    line: int
    exits: Mapping[str, str]

    @classmethod
    @abstractmethod
    def read(cls, node_id: str, section: Section, settings: Settings) -> Self:
        """Return the node a section describes; what is wrong with it becomes findings."""

    @abstractmethod
    def enter(self, flow: Flow, state: FlowState) -> Turn:
        """Begin: the call has just arrived here."""

    def resume(self, flow: Flow, state: FlowState, event: Event) -> Turn | None:  # noqa: ARG002 - a protocol
        """Go on with the event this node waited for; None when it is not one it waits for."""
        return None

    def is_instant(self, outcome: str) -> bool:
        """Return whether an outcome can be reached without waiting."""
        return self.instant is None or outcome in self.instant


def leave(state: FlowState, outcome: str, *instructions: Instruction, note: str = "") -> Turn:
    """Return the turn that leaves a node; counters and phase begin anew in the next one."""
    return Turn(replace(state, no_inputs=0, no_matches=0, phase=""), instructions, outcome, note)


def read_exits(section: Section, outcomes: Collection[str], optional: Collection[str] = ()) -> dict[str, str]:
    """Return `then`: one target for every outcome, or a mapping of outcome to target."""
    if "then" in section.keys and section.is_text("then"):
        target = section.reference("then", "node")
        return dict.fromkeys((*outcomes, *optional), target)
    inner = section.section("then")
    if inner is None:
        return {}
    exits = {name: inner.reference(name, "node") for name in outcomes}
    exits |= {name: inner.reference(name, "node") for name in optional if inner.has(name)}
    inner.close()
    return exits


def read_choices(section: Section) -> dict[str, str]:
    """Return `choices`: telephone key to text; the meaning is the node's."""
    choices = section.texts("choices")
    for key in choices:
        if len(key) != 1 or key not in "0123456789*#":
            section.note(_('choices: "%(key)s" is not one key: 0-9, * or #', key=key[:40]), "choices")
    if section.has("choices") and not choices:
        section.note(_("choices is empty"), "choices")
    return dict(choices)


def read_speech(section: Section, key: str, *, required: bool = True) -> tuple[str, ...]:
    """Return prompt ids and `{variable}` parts, noted as references."""
    parts = section.listed(key, required=required)
    for part, line in parts:
        spelled = _SPELLED.fullmatch(part)
        if spelled:
            section.reading.refer("variable", spelled[1], line)
        else:
            section.reading.refer("prompt", part, line)
    return tuple(part for part, _line in parts)


def note_unknown(section: Section, key: str, name: str, known: Collection[str]) -> None:
    """Collect the finding that a name is not among the known ones."""
    section.note(_("%(key)s: there is no %(name)s", key=key, name=name) + nearest(name, known), key)


def note_same_keys(section: Section, keys: Collection[str]) -> None:
    """Collect a finding when one telephone key means two things."""
    given = [key for key in keys if key]
    if len(set(given)) < len(given):
        section.note(_("one key has two meanings: %(keys)s", keys=", ".join(given)))
