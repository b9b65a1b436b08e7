"""branch: go on by what is known, with a fixed set of comparisons; nothing is ever evaluated as code."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

from core.documents.section import Section
from core.i18n import gettext as _
from ivr.flow.document import Flow, Settings
from ivr.flow.nodes.base import Node, Turn, leave
from ivr.flow.state import FlowState

_NUMBER = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,6})?")


def _number(text: str) -> float | None:
    return float(text) if _NUMBER.fullmatch(text) else None


def _at_least(value: str, wanted: tuple[str, ...]) -> bool:
    left, right = _number(value), _number(wanted[0])
    return left is not None and right is not None and left >= right


def _at_most(value: str, wanted: tuple[str, ...]) -> bool:
    left, right = _number(value), _number(wanted[0])
    return left is not None and right is not None and left <= right


OPERATORS: Mapping[str, Callable[[str, tuple[str, ...]], bool]] = {
    "is": lambda value, wanted: value == wanted[0],
    "is_not": lambda value, wanted: value != wanted[0],
    "one_of": lambda value, wanted: value in wanted,
    "starts_with": lambda value, wanted: value.startswith(wanted),
    "at_least": _at_least,
    "at_most": _at_most,
}


@dataclass(frozen=True, slots=True)
class Case:
    """A comparison of one value; `then` is the outcome's node."""

    of: str
    operator: str
    wanted: tuple[str, ...]

    def holds(self, state: FlowState) -> bool:
        """Return whether the comparison is true of the call."""
        return OPERATORS[self.operator](state.value(self.of), self.wanted)


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch(Node):
    """Take the first case that holds, in the order of the document; outcomes `case_1`, ..., `else`."""

    kind: ClassVar[str] = "branch"
    instant: ClassVar[frozenset[str] | None] = None

    cases: tuple[Case, ...]

    @classmethod
    def read(cls, node_id: str, section: Section, settings: Settings) -> Self:  # noqa: ARG003 - a protocol
        """Read `cases` (of, one operator, then) and `else`."""
        cases: list[Case] = []
        exits: dict[str, str] = {}
        for row in section.rows("cases", required=True):
            case, target = _read_case(row)
            if case is not None:
                cases.append(case)
                exits[f"case_{len(cases)}"] = target
        exits["else"] = section.reference("else", "node")
        return cls(id=node_id, line=section.line, exits=exits, cases=tuple(cases))

    def enter(self, flow: Flow, state: FlowState) -> Turn:  # noqa: ARG002 - a protocol
        """Compare and leave."""
        for number, case in enumerate(self.cases, start=1):
            if case.holds(state):
                return leave(state, f"case_{number}")
        return leave(state, "else")


def _read_case(row: Section) -> tuple[Case | None, str]:
    of = row.reference("of", "variable")
    target = row.reference("then", "node")
    given = {name: tuple(text for text, _line in row.listed(name)) for name in OPERATORS if row.has(name)}
    row.allow(OPERATORS)
    row.close()
    if len(given) != 1:
        row.note(_("a case has exactly one of %(known)s", known=", ".join(OPERATORS)))
        return None, target
    operator, wanted = next(iter(given.items()))
    if not wanted or (len(wanted) > 1 and operator not in {"one_of", "starts_with"}):
        row.note(_("%(key)s compares with one text", key=operator), operator)
        return None, target
    if operator.startswith("at_") and _number(wanted[0]) is None:
        row.note(_('%(key)s compares with a number in quotes, such as "3"', key=operator), operator)
        return None, target
    return Case(of, operator, wanted), target
