"""What one pass over a document collects: findings, and names that are used here and defined there."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from difflib import get_close_matches

from core.documents.findings import MAX_FINDINGS, Finding
from core.i18n import gettext as _


@dataclass(frozen=True, slots=True)
class Reference:
    """A name used in one place that something elsewhere must define; `kind` says what it is the name of."""

    kind: str
    name: str
    line: int


@dataclass(slots=True)
class Reading:
    """What one pass over a document has collected."""

    file: str
    findings: list[Finding] = field(default_factory=list)
    references: list[Reference] = field(default_factory=list)
    defined: dict[tuple[str, str], int] = field(default_factory=dict)
    is_full: bool = False

    def define(self, kind: str, name: str, line: int) -> None:
        """Remember where a named part stands."""
        self.defined[kind, name] = line

    def line_of(self, kind: str, name: str) -> int:
        """Return where a named part stands."""
        return self.defined.get((kind, name), 1)

    def note(self, line: int, text: str, *, warning: bool = False) -> None:
        """Collect a finding; beyond a number nobody corrects in one go, only that there are more."""
        if len(self.findings) < MAX_FINDINGS:
            self.findings.append(Finding(self.file, line, text, warning))
        elif not self.is_full:
            self.is_full = True
            self.findings.append(Finding(self.file, line, _("and more: these first")))

    def refer(self, kind: str, name: str, line: int) -> None:
        """Collect a reference."""
        self.references.append(Reference(kind, name, line))

    def names_defined(self, kind: str) -> set[str]:
        """Return the names of the parts of a kind."""
        return {name for known, name in self.defined if known == kind}

    def names(self, kind: str) -> set[str]:
        """Return the names referred to."""
        return {r.name for r in self.references if r.kind == kind}


def nearest(name: str, known: Collection[str]) -> str:
    """Return a remark on what may have been meant: `; did you mean X?`, or nothing."""
    match = get_close_matches(name, sorted(known), n=1)
    return _("; did you mean %(name)s?", name=match[0]) if match else ""
