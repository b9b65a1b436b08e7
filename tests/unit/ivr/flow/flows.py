"""Flow documents for tests: a small sound one to break, and a generator of random sound ones.

JSON is YAML, so documents are built as plain dictionaries.
"""

import json
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from ivr.flow.events import (
    DialResult,
    Digits,
    Fault,
    HungUp,
    LookupResult,
    NoInput,
    QueueResult,
    RecordResult,
    Start,
)
from ivr.flow.instructions import Ask, Dial, Enqueue, Lookup, Record

MONDAY = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)  # ten in the morning in Shanghai


def start(**given):
    return Start(**{"caller": "13800138000", "called": "4000000000", "at": MONDAY, **given})


def document(nodes, **given):
    """A document with these nodes and a prompt `p`; `given` replaces top-level sections."""
    return {
        "flow": "test",
        "languages": ["zh", "en"],
        "settings": {"noinput": "p", "nomatch": "p"},
        "prompts": {"p": {"zh": "你好", "en": "Hello"}},
        "start": next(iter(nodes)),
        "nodes": nodes,
        **given,
    }


def text_of(flow):
    return json.dumps(flow, ensure_ascii=False, indent=1)


END = {"kind": "hangup"}

_QUESTION = {"say": "p"}
# kind: its options, outcomes that wait for somebody, outcomes that do not or that silence leads to
_SHAPES = {
    "announce": ({"say": "p"}, (), ("next",)),
    "consent": ({"say": "p", "mode": "ask"}, ("accepted",), ("declined",)),
    "language": ({"say": "p", "choices": {"1": "zh", "2": "en"}}, ("zh", "en"), ("exhausted",)),
    "screen": ({}, (), ("blocked", "vip", "normal")),
    "holiday": ({"calendar": "cal"}, (), ("holiday", "workday")),
    "hours": ({"hours": "office"}, (), ("open", "closed")),
    "collect": ({"say": "p", "into": "x", "max_digits": 4}, ("ok",), ("exhausted",)),
    "confirm": ({"say": ["p", "{x}"]}, ("correct", "wrong"), ("exhausted",)),
    "set": ({"values": {"x": "7"}}, (), ("next",)),
    "lookup": (
        {"lookup": "crm", "send": ["caller"], "receive": ["x", "vip"]},
        (),
        ("found", "missing", "error"),
    ),
    "queue": ({"queue": "q", "callback_key": "1"}, ("bridged", "timeout", "callback"), ("full", "error")),
    "callback_offer": (
        {"say": "p", "ask_number": "p", "readback": ["p", "{callback_number}"], "queue": "q"},
        ("accepted",),
        ("declined",),
    ),
    "voicemail": ({"say": "p", "queue": "q"}, ("done", "too_short"), ("empty",)),
    "transfer": ({"target": "95000"}, ("answered", "noanswer"), ("busy", "failed")),
    "survey": ({"say": "p"}, ("score",), ("exhausted",)),
}


@st.composite
def documents(draw):
    """Sound documents: without waiting only onwards, after waiting anywhere, and no node without a way to it."""
    kinds = draw(st.lists(st.sampled_from([*_SHAPES, "menu", "branch"]), min_size=1, max_size=9))
    names = [f"n{number}" for number in range(len(kinds))]
    nodes = {"setter": {"kind": "set", "values": {"x": "1", "callback_number": "1"}, "then": "n0"}}
    for number, kind in enumerate(kinds):
        onwards = st.sampled_from([*names[number + 1 :], "end"])
        anywhere = st.sampled_from([*names, "end"])
        nodes[names[number]] = _node(draw, kind, onwards, anywhere)
    nodes["end"] = END
    return _whole(nodes, draw(st.sampled_from(["drop", "keep"])))


def _node(draw, kind, onwards, anywhere):
    if kind == "menu":
        keys = draw(st.lists(st.sampled_from("0123456789*#"), min_size=1, max_size=5, unique=True))
        choices = {key: draw(anywhere) for key in keys}
        return {"kind": "menu", "say": "p", "choices": choices, "then": {"exhausted": draw(onwards)}}
    if kind == "branch":
        case = {"of": "x", "at_least": "5", "then": draw(onwards)}
        return {
            "kind": "branch",
            "cases": [case, {"of": "language", "is": "en", "then": draw(onwards)}],
            "else": draw(onwards),
        }
    options, waited, instant = _SHAPES[kind]
    then = {outcome: draw(anywhere) for outcome in waited} | {outcome: draw(onwards) for outcome in instant}
    return {"kind": kind, **options, "then": then}


def _targets(node):
    then = node.get("then", {})
    return [
        *([then] if isinstance(then, str) else then.values()),
        *(node.get("choices", {}).values() if node["kind"] == "menu" else ()),
        *(case["then"] for case in node.get("cases", ())),
        *([node["else"]] if "else" in node else ()),
    ]


def _whole(nodes, type_ahead):
    reached, waiting = set(), ["setter"]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += _targets(nodes[name])
    kept = {name: node for name, node in nodes.items() if name in reached}
    kinds = {node["kind"] for node in kept.values()}
    whole = document(
        kept, settings={"noinput": "p", "nomatch": "p", "type_ahead": type_ahead, "max_steps": 60}
    )
    if kinds & {"holiday", "hours"}:
        whole["holidays"] = {"cal": {"calendar": "cn"}}
    if "hours" in kinds:
        week = {"mon": ["09:00-18:00"], "sun": ["22:00-06:00"]}
        whole["hours"] = {"office": {"calendar": "cal", "week": week}}
    return whole


def answers(draw, instruction, at):
    """Any event that can follow an instruction, or befall a call at any time."""
    at += timedelta(seconds=draw(st.integers(0, 90)))
    digits = st.text("0123456789*#", max_size=13)
    fitting = {
        Ask: st.one_of(
            st.builds(NoInput, at=st.just(at)),
            st.builds(Digits, digits=st.sampled_from("0123456789*#"), at=st.just(at)),
            st.builds(Digits, digits=digits, at=st.just(at)),
        ),
        Enqueue: st.builds(
            QueueResult,
            result=st.sampled_from(["bridged", "timeout", "full", "abandoned", "left", "callback", "error"]),
            at=st.just(at),
        ),
        Dial: st.builds(
            DialResult, result=st.sampled_from(["answered", "busy", "noanswer", "failed"]), at=st.just(at)
        ),
        Record: st.builds(RecordResult, seconds=st.floats(0, 100), at=st.just(at)),
        Lookup: st.builds(
            LookupResult,
            result=st.sampled_from(["found", "missing", "error"]),
            values=st.dictionaries(
                st.sampled_from(["x", "vip", "language"]), st.text(max_size=5), max_size=2
            ),
            at=st.just(at),
        ),
    }[type(instruction)]
    rare = draw(st.integers(0, 19))
    if rare == 0:
        return HungUp(at=at)
    if rare == 1:
        return Fault(code="driver_fault", at=at)
    if rare == 2:
        return draw(
            st.sampled_from([Digits(digits="1", at=at), RecordResult(seconds=3, at=at), start(at=at)])
        )
    return draw(fitting)
