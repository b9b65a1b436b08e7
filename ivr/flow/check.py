"""The static check of a flow document, and loading, which is reading plus that check.

All findings come in one go. Warnings tell what an author should know but does not have to change, such as a
year whose public holidays have not been announced.
"""

from __future__ import annotations

from datetime import date, timedelta
from importlib.resources import files
from pathlib import Path

from core.documents.findings import Finding
from core.documents.reading import Reading, nearest
from core.documents.yaml_tree import MAX_BYTES, Table, parse_tree
from core.errors import BadInput, NotFound
from core.i18n import gettext as _
from ivr.flow.document import Flow
from ivr.flow.graph import check_graph
from ivr.flow.reader import read_flow
from ivr.flow.state import BUILT_IN

SHIPPED = "hotline"

_LOOK_AHEAD = timedelta(days=30)
_MAX_NODES = 2000


def check_flow(text: str, name: str, *, today: date | None = None) -> list[Finding]:
    """Return everything that is wrong with a document, by line.

    Args:
        text: the document.
        name: what findings call it, usually its path.
        today: also warn when its calendars do not know the holidays of today or the next 30 days.
    """
    flow, reading = _read(text, name)
    if flow is not None and today is not None:
        _check_years(flow, reading, today)
    return sorted(reading.findings, key=lambda finding: finding.line)


def load_flow(source: Path | str, name: str = "flow.yaml") -> Flow:
    """Return the flow of a file (a `Path`) or a document (text).

    Raises:
        NotFound: there is no such file.
        BadInput: the document is not a sound flow; the message has all findings.
    """
    if isinstance(source, Path):
        source, name = read_document(source), str(source)
    flow, reading = _read(source, name)
    wrong = [finding for finding in reading.findings if not finding.warning]
    if flow is None or wrong:
        raise BadInput("\n".join(str(finding) for finding in sorted(wrong, key=lambda f: f.line)))
    return flow


def read_document(path: Path) -> str:
    """Return a file's text; never reads much more than a flow may be long."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            limit = MAX_BYTES // 1024
            raise BadInput(_("%(file)s:1: the file is larger than %(limit)s KiB", file=path, limit=limit))
        return content.decode("utf-8-sig")
    except FileNotFoundError as error:
        raise NotFound(_("%(file)s: there is no such file", file=path)) from error
    except OSError as error:
        raise BadInput(_("%(file)s: cannot be read: %(reason)s", file=path, reason=error.strerror)) from error
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise BadInput(_("%(file)s:%(line)s: not UTF-8 text", file=path, line=line)) from error


def shipped_document() -> str:
    """Return the text of the flow that comes with the program."""
    return (files("ivr.flow") / f"{SHIPPED}.yaml").read_text("utf-8")


def shipped_flow() -> Flow:
    """Return the flow that comes with the program."""
    return load_flow(shipped_document(), f"{SHIPPED}.yaml")


def _read(text: str, name: str) -> tuple[Flow | None, Reading]:
    tree, findings = parse_tree(text, name)
    reading = Reading(name, findings)
    if tree is None:
        return None, reading
    if not isinstance(tree, Table):
        reading.note(1, _("a flow is a mapping with flow, languages, prompts, start and nodes"))
        return None, reading
    flow = read_flow(reading, tree)
    if len(flow.nodes) > _MAX_NODES:
        reading.note(1, _("more than %(limit)s nodes", limit=_MAX_NODES))
    _check_references(flow, reading)
    if flow.nodes.keys() == reading.names_defined("nodes"):
        _check_unused(flow, reading)
    if _is_whole(flow, reading):
        check_graph(flow, reading)
    return flow, reading


def _is_whole(flow: Flow, reading: Reading) -> bool:
    """Return whether the graph is known: else every node behind the gap would be called unreachable."""
    targets = reading.names("node")
    return targets <= flow.nodes.keys() == reading.names_defined("nodes") and len(flow.nodes) <= _MAX_NODES


def _check_references(flow: Flow, reading: Reading) -> None:
    known = {
        "node": reading.names_defined("nodes"),
        "prompt": flow.prompts.keys(),
        "hours": flow.hours.keys(),
        "holidays": flow.holidays.keys(),
        "variable": BUILT_IN | reading.names("set"),
    }
    words = {
        "node": _("there is no node %(name)s"),
        "prompt": _("there is no prompt %(name)s"),
        "hours": _("there are no hours %(name)s"),
        "holidays": _("there is no holiday calendar %(name)s"),
        "variable": _("nothing ever sets %(name)s"),
    }
    for reference in reading.references:
        names = known.get(reference.kind)
        if names is not None and not reading.is_full and reference.name not in names:
            told = words[reference.kind] % {"name": reference.name[:64]}
            reading.note(reference.line, told + nearest(reference.name, names))


def _check_unused(flow: Flow, reading: Reading) -> None:
    for name in flow.prompts.keys() - reading.names("prompt"):
        reading.note(reading.line_of("prompts", name), _("the prompt %(name)s is never said", name=name))
    for name in flow.hours.keys() - reading.names("hours"):
        reading.note(reading.line_of("hours", name), _("the hours %(name)s are never asked", name=name))
    for name in flow.holidays.keys() - reading.names("holidays"):
        told = _("the holiday calendar %(name)s is never asked", name=name)
        reading.note(reading.line_of("holidays", name), told)


def _check_years(flow: Flow, reading: Reading, today: date) -> None:
    for year in sorted({today.year, (today + _LOOK_AHEAD).year}):
        for name, calendar in flow.holidays.items():
            if not calendar.knows(year):
                told = _(
                    "the holidays of %(year)s are not known to %(name)s: weekly hours apply then",
                    year=year,
                    name=name,
                )
                reading.note(reading.line_of("holidays", name), told, warning=True)
