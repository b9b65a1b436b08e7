"""Checks on the shape of a flow: where a call can go, whether it can end, where it would run in circles."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from core.documents.reading import Reading
from core.i18n import gettext as _
from ivr.flow.document import Flow
from ivr.flow.nodes.base import Node
from ivr.flow.nodes.hangup import Hangup

Edges = Mapping[str, tuple[str, ...]]


def check_graph(flow: Flow, reading: Reading) -> None:
    """Note unreachable nodes, nodes no way out of which ends the call, and circles that wait for nobody."""
    edges = _edges(flow, lambda _node, _outcome: True)
    reached = _reach(edges, [node for node in (flow.start, flow.error) if node])
    for node in flow.nodes.values():
        if node.id not in reached:
            _note(reading, node, _("no call ever comes here: remove it or lead a call to it"))
    _check_ends(flow, edges, reached, reading)
    _check_circles(flow, reached, reading)


def _check_ends(flow: Flow, edges: Edges, reached: set[str], reading: Reading) -> None:
    backwards: dict[str, list[str]] = {}
    for source, targets in edges.items():
        for target in targets:
            backwards.setdefault(target, []).append(source)
    ends = [node.id for node in flow.nodes.values() if isinstance(node, Hangup)]
    ending = _reach({name: tuple(sources) for name, sources in backwards.items()}, ends)
    for name in sorted(reached - ending):
        _note(reading, flow.nodes[name], _("no way from here ends in a hangup node"))


def _check_circles(flow: Flow, reached: set[str], reading: Reading) -> None:
    instant = _edges(flow, lambda node, outcome: node.is_instant(outcome))
    spinning = _circles(instant, reached)
    for circle in spinning:
        told = _("a circle that never waits for the caller: %(path)s", path=" -> ".join(circle))
        _note(reading, flow.nodes[circle[0]], told)
    silent = _edges(flow, lambda node, outcome: node.is_instant(outcome) or outcome in node.silent)
    known = {frozenset(circle) for circle in spinning}
    for circle in _circles(silent, reached):
        if frozenset(circle) not in known:
            told = _("a caller who says nothing never gets out: %(path)s", path=" -> ".join(circle))
            _note(reading, flow.nodes[circle[0]], told)


def _note(reading: Reading, node: Node, text: str) -> None:
    reading.note(node.line, f"nodes.{node.id}: {text}")


def _edges(flow: Flow, wanted: Callable[[Node, str], bool]) -> dict[str, tuple[str, ...]]:
    return {
        node.id: tuple(
            dict.fromkeys(
                target
                for outcome, target in node.exits.items()
                if target in flow.nodes and wanted(node, outcome)
            )
        )
        for node in flow.nodes.values()
    }


def _reach(edges: Edges, starts: Iterable[str]) -> set[str]:
    seen: set[str] = set()
    waiting = list(starts)
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += edges.get(name, ())
    return seen


def _circles(edges: Edges, within: set[str]) -> list[tuple[str, ...]]:
    """Return circles as paths that begin and end with the same node, each node in one circle at most.

    Depth first with an explicit stack: a document may chain a thousand nodes.
    """
    found: list[tuple[str, ...]] = []
    done: set[str] = set()
    for start in edges:
        if start in done or start not in within:
            continue
        path, stack = [start], [iter(edges[start])]
        while stack:
            target = next(stack[-1], None)
            if target is None:
                done.add(path.pop())
                stack.pop()
            elif target in path:
                found.append((*path[path.index(target) :], target))
            elif target not in done:
                path.append(target)
                stack.append(iter(edges[target]))
    return found
