"""A YAML 1.2 document as a plain tree with line numbers; hostile documents are refused, never expanded.

The tree is built from the parser's events, so that nothing of YAML's object machinery runs: aliases and
tags are refused (no "billion laughs", no constructors), depth and size are bounded, and duplicate keys are
seen. Plain scalars that YAML 1.1 readers take for something else (`on`, `18:00`, `010`) are refused too,
because such documents are also read by editors and scripts that use such readers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from core.documents.findings import MAX_FINDINGS, Finding
from core.i18n import gettext as _

MAX_BYTES = 256 * 1024
MAX_DEPTH = 12

_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]{1,18}(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]{1,3})?")
_CONSTANTS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_OLD_BOOLEANS = frozenset({"on", "off", "yes", "no", "y", "n"})
_OLD_NUMBERS = re.compile(r"[-+]?[0-9]+(?::[0-5]?[0-9])+|[-+]?0[0-9]+")


@dataclass(frozen=True, slots=True)
class Leaf:
    """A scalar: text, number, true/false or nothing."""

    value: str | int | float | bool | None
    line: int


@dataclass(frozen=True, slots=True)
class Items:
    """A sequence."""

    items: tuple[Value, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Table:
    """A mapping with text keys; `key_lines` tells where each key stands."""

    entries: dict[str, Value]
    line: int
    key_lines: dict[str, int]


Value = Leaf | Items | Table


class _Refused(Exception):
    """The document cannot be read further; the finding is already noted."""


@dataclass(slots=True)
class _Builder:
    """Builds the tree from the event stream and notes what it refuses."""

    file: str
    events: Iterator[Event]
    findings: list[Finding] = field(default_factory=list)

    def note(self, line: int, text: str) -> None:
        self.findings.append(Finding(self.file, line, text))
        if len(self.findings) > MAX_FINDINGS:
            raise _Refused

    def value(self, event: Event, depth: int) -> Value:
        line = event.start_mark.line + 1
        if depth > MAX_DEPTH:
            self.note(line, _("nested deeper than %(depth)s levels", depth=MAX_DEPTH))
            raise _Refused
        if isinstance(event, AliasEvent):
            self.note(line, _("aliases (*name) are not allowed: write the value out"))
            return Leaf(None, line)
        if isinstance(event, NodeEvent) and getattr(event, "tag", None) is not None:
            self.note(line, _("tags (!name) are not allowed"))
        if isinstance(event, MappingStartEvent):
            return self._table(line, depth)
        if isinstance(event, SequenceStartEvent):
            return self._items(line, depth)
        assert isinstance(event, ScalarEvent)
        return Leaf(self._scalar(event, line), line)

    def _items(self, line: int, depth: int) -> Items:
        found: list[Value] = []
        while not isinstance(event := next(self.events), SequenceEndEvent):
            found.append(self.value(event, depth + 1))
        return Items(tuple(found), line)

    def _table(self, line: int, depth: int) -> Table:
        entries: dict[str, Value] = {}
        key_lines: dict[str, int] = {}
        while not isinstance(event := next(self.events), MappingEndEvent):
            key_line = event.start_mark.line + 1
            key = self._key(event, depth)
            value = self.value(next(self.events), depth + 1)
            if key is None:
                continue
            if key in entries:
                first = key_lines[key]
                self.note(key_line, _("%(key)s is already given on line %(first)s", key=key, first=first))
                continue
            entries[key], key_lines[key] = value, key_line
        return Table(entries, line, key_lines)

    def _key(self, event: Event, depth: int) -> str | None:
        line = event.start_mark.line + 1
        if isinstance(event, ScalarEvent) and event.implicit[0] and event.value.lower() in _OLD_BOOLEANS:
            told = _("the key %(key)s: means true or false to many YAML readers: rename it", key=event.value)
            self.note(line, told)
            return None
        key = self.value(event, depth + 1)
        if isinstance(key, Leaf) and isinstance(key.value, str):
            return key.value
        if isinstance(event, ScalarEvent):
            self.note(line, _('the key %(key)s must be text: write "%(key)s"', key=event.value[:40]))
            return str(event.value)
        self.note(line, _("a key must be text"))
        return None

    def _scalar(self, event: ScalarEvent, line: int) -> str | int | float | bool | None:
        text: str = event.value
        if not event.implicit[0]:
            return text
        if text.lower() in _OLD_BOOLEANS or _OLD_NUMBERS.fullmatch(text):
            self.note(
                line,
                _(
                    'quote it: "%(value)s" (many YAML readers turn the bare %(value)s into another value)',
                    value=text[:40],
                ),
            )
            return text
        return _plain(text)


def _plain(text: str) -> str | int | float | bool | None:
    """Return what a plain scalar means in YAML 1.2's core schema."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text


def parse_tree(text: str, file: str) -> tuple[Value | None, list[Finding]]:
    """Return the document as a tree (None when it cannot be read at all) and what is wrong with it."""
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        told = _("the file is larger than %(limit)s KiB", limit=MAX_BYTES // 1024)
        return None, [Finding(file, 1, told)]
    builder = _Builder(file, YAML(typ="safe", pure=True).parse(text))
    tree: Value | None = None
    try:
        tree = _document(builder)
    except _Refused:
        pass
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        told = _("not YAML: %(problem)s", problem=error.problem or error.context)
        builder.note(mark.line + 1 if mark else 1, told)
    except YAMLError as error:
        builder.note(_line_of(text, error), _("not YAML: %(problem)s", problem=_first_line(error)))
    if tree is None and not builder.findings:
        builder.note(1, _("the file is empty"))
    return tree, builder.findings


def _document(builder: _Builder) -> Value | None:
    tree: Value | None = None
    documents = 0
    for event in builder.events:
        if isinstance(event, DocumentStartEvent):
            documents += 1
            if documents > 1:
                builder.note(event.start_mark.line + 1, _("a file holds one document: remove the second ---"))
                break
            tree = builder.value(next(builder.events), 1)
    return tree


def _line_of(text: str, error: YAMLError) -> int:
    position = getattr(error, "position", None)
    return text.count("\n", 0, position) + 1 if isinstance(position, int) else 1


def _first_line(error: YAMLError) -> str:
    return str(error).strip().splitlines()[0]
