"""A flow with a mistake is told its line and its cure before any caller hears it."""

import json
from datetime import date

import pytest

from core.errors import BadInput, NotFound
from ivr.flow.check import check_flow, load_flow, shipped_document, shipped_flow
from ivr.flow.instructions import Prompt
from ivr.flow.nodes import KINDS
from tests.unit.ivr.flow.flows import END, document, text_of

SOUND = """\
flow: small
languages: [zh, en]
settings: {noinput: silent, nomatch: wrong}
prompts:
  hello: {zh: 您好, en: Hello}
  silent: {zh: 没有按键, en: Nothing pressed}
  wrong: {zh: 没有此项, en: No such choice}
start: main
nodes:
  main:
    kind: menu
    say: hello
    choices: {"1": sales}
    then: {exhausted: end}
  sales:
    kind: queue
    queue: sales
    then: end
  end:
    kind: hangup
"""


def told(text):
    return [str(finding) for finding in check_flow(text, "f.yaml")]


def changed(old, new):
    assert SOUND.count(old) == 1
    return told(SOUND.replace(old, new))


def test_a_sound_flow_has_no_findings():
    assert told(SOUND) == []


def test_the_shipped_flow_is_sound_and_uses_what_hotlines_need():
    assert told(shipped_document()) == []
    kinds = {node.kind for node in shipped_flow().nodes.values()}
    needed = {"consent", "language", "screen", "holiday", "hours", "menu", "queue", "callback_offer"}
    assert needed | {"voicemail", "survey", "hangup", "announce"} == kinds


@pytest.mark.parametrize(
    ("old", "new", "findings"),
    [
        ("then: end\n", "then: nowhere\n", ["f.yaml:18: there is no node nowhere"]),
        ("say: hello", "say: helo", [
            "f.yaml:5: the prompt hello is never said",
            "f.yaml:12: there is no prompt helo; did you mean hello?"]),
        ('{"1": sales}', "{1: sales}", ['f.yaml:13: the key 1 must be text: write "1"']),
        ("kind: hangup", "kind: hang_up", ["f.yaml:20: nodes.end: there is no kind hang_up; did you mean hangup?"]),
        ("    queue: sales", "    queue: sales\n    max_wait: 60", [
            "f.yaml:18: nodes.sales: unknown key max_wait; did you mean max_wait_s?"]),
        ("    queue: sales", "    queue: sales\n    max_wait_s: 18:00", [
            'f.yaml:18: quote it: "18:00" (many YAML readers turn the bare 18:00 into another value)',
            "f.yaml:18: nodes.sales: max_wait_s must be a number from 5 to 7200"]),
        ("{exhausted: end}", "{}", ["f.yaml:14: nodes.main.then: exhausted is missing"]),
        ("settings: {noinput: silent, nomatch: wrong}", "settings: {}", [
            "f.yaml:6: the prompt silent is never said",
            "f.yaml:7: the prompt wrong is never said",
            "f.yaml:10: nodes.main: a question needs noinput prompts, here or in settings",
            "f.yaml:10: nodes.main: a question needs nomatch prompts, here or in settings"]),
        (", en: Nothing pressed", "", ["f.yaml:6: prompts.silent: en is missing"]),
        ("  hello:", "  unused: {zh: 无, en: None}\n  hello:", ["f.yaml:5: the prompt unused is never said"]),
        ("  end:\n", "  lost: {kind: hangup}\n  end:\n", [
            "f.yaml:19: nodes.lost: no call ever comes here: remove it or lead a call to it"]),
        ("start: main", "start: mian", ["f.yaml:8: there is no node mian; did you mean main?"]),
        ("languages: [zh, en]", "languages: [zh, en, de]", [
            f"f.yaml:{line}: prompts.{name}: de is missing" for line, name in ((5, "hello"), (6, "silent"), (7, "wrong"))]),
        ("  end:\n", "  main:\n", [
            "f.yaml:14: there is no node end", "f.yaml:18: there is no node end",
            "f.yaml:19: main is already given on line 10"]),
        ("flow: small", "on: small", [
            "f.yaml:1: the key on: means true or false to many YAML readers: rename it",
            "f.yaml:1: flow is missing"]),
    ],
)  # fmt: skip
def test_a_mistake_is_found_where_it_is(old, new, findings):
    assert changed(old, new) == findings


@pytest.mark.parametrize(
    ("nodes", "fragment"),
    [
        (
            {"a": {"kind": "announce", "say": "p", "then": "b"},
             "b": {"kind": "screen", "then": {"blocked": "end", "vip": "a", "normal": "a"}}, "end": END},
            "nodes.a: a circle that never waits for the caller: a -> b -> a",
        ),
        (
            {"q": {"kind": "queue", "queue": "q",
                   "then": {"bridged": "end", "timeout": "end", "full": "q", "error": "end"}}, "end": END},
            "nodes.q: a circle that never waits for the caller: q -> q",
        ),
        (
            {"m": {"kind": "menu", "say": "p", "choices": {"1": "end"}, "then": {"exhausted": "m"}}, "end": END},
            "nodes.m: a caller who says nothing never gets out: m -> m",
        ),
        (
            {"m": {"kind": "menu", "say": "p", "choices": {"1": "end", "2": "x"}, "then": {"exhausted": "end"}},
             "x": {"kind": "queue", "queue": "q", "then": "y"},
             "y": {"kind": "transfer", "target": "110", "then": "y"}, "end": END},
            "nodes.x: no way from here ends in a hangup node",
        ),
    ],
)  # fmt: skip
def test_circles_and_dead_ends_are_found(nodes, fragment):
    assert any(fragment in line for line in told(text_of(document(nodes))))


@pytest.mark.parametrize(
    ("node", "fragment"),
    [
        ({"kind": "menu", "say": "p", "choices": {"12": "end"}, "then": "end"}, '"12" is not one key'),
        ({"kind": "hours", "hours": "shop", "then": "end"}, "there are no hours shop"),
        ({"kind": "holiday", "calendar": "cn", "then": "end"}, "there is no holiday calendar cn"),
        ({"kind": "announce", "say": "{unset}", "then": "end"}, "nothing ever sets unset"),
        ({"kind": "confirm", "say": "p", "then": "end"}, "say must read a variable back"),
        ({"kind": "collect", "say": "p", "into": "x", "validate": "regex", "then": "end"}, "is not one of"),
        (
            {"kind": "collect", "say": "p", "into": "x", "min_digits": 9, "max_digits": 2, "then": "end"},
            "min_digits is more than max_digits",
        ),
        ({"kind": "language", "say": "p", "choices": {"1": "fr"}, "then": "end"}, "there is no fr"),
        (
            {
                "kind": "branch",
                "cases": [{"of": "caller", "is": "1", "one_of": ["2"], "then": "end"}],
                "else": "end",
            },
            "a case has exactly one of",
        ),
        (
            {"kind": "branch", "cases": [{"of": "caller", "at_least": "x", "then": "end"}], "else": "end"},
            "compares with a number",
        ),
        ({"kind": "transfer", "target": "{caller}", "then": "end"}, "target must be a number"),
        (
            {"kind": "lookup", "lookup": "crm", "send": ["caller"], "timeout_s": 9, "then": "end"},
            "from 0.1 to 3",
        ),
        ({"kind": "hangup", "say": "p", "reject": "busy"}, "a rejected call hears nothing"),
        ({"kind": "hangup", "outcome": "served"}, "is reserved"),
        ({"kind": "set", "values": {"language": "en"}, "then": "end"}, "language cannot be set"),
        (
            {"kind": "queue", "queue": "q", "callback_key": "1", "leave_key": "1", "then": "end"},
            "two meanings",
        ),
        ({"kind": "voicemail", "say": "p", "queue": "Q!", "then": "end"}, "is not a name"),
    ],
)
def test_options_that_cannot_work_are_refused(node, fragment):
    found = told(text_of(document({"a": node, "end": END})))
    assert any(fragment in line for line in found), found


def test_wrong_hours_and_holidays_are_told():
    flow = document(
        {"h": {"kind": "hours", "hours": "office", "then": "end"}, "end": END},
        hours={"office": {"zone": "Mars/Base", "calendar": "c", "week": {"mon": ["9-18"], "noday": []},
                          "dates": {"2026-02-30": ["09:00-10:00"]}}},
        holidays={"c": {"calendar": "xx", "holidays": [{"name": "n", "from": "2026-05-02", "to": "2026-05-01"}]}},
    )  # fmt: skip
    found = "\n".join(told(text_of(flow)))
    for fragment in ("Mars/Base is not a time zone", '"9-18" is not a span', "unknown key noday",
                     '"2026-02-30" is not a day', "there is no calendar xx", "ends on or after"):  # fmt: skip
        assert fragment in found


def test_all_findings_come_in_one_go_in_the_order_of_the_file():
    broken = SOUND.replace("say: hello", "say: helo").replace("queue: sales\n", "queue: sales\n    huh: 1\n")
    broken = broken.replace("languages: [zh, en]", "languages: [zh, en]\nextra: 1")
    found = told(broken)
    assert len(found) == 4
    assert found == sorted(found, key=lambda line: int(line.split(":")[1]))
    with pytest.raises(BadInput) as raised:
        load_flow(broken, "f.yaml")
    assert str(raised.value).splitlines() == found


def test_a_year_without_known_holidays_is_a_warning_and_the_flow_still_loads():
    text = shipped_document()
    assert check_flow(text, "f", today=date(2026, 6, 1)) == []
    (warning,) = check_flow(text, "f", today=date(2026, 12, 20))
    assert warning.warning
    assert "the holidays of 2027 are not known to public" in warning.text


@pytest.mark.parametrize(
    "text", ["", "just text", "- a\n- b", "a: [", "\x00", "{}", "nodes: 3", "nodes: {a: b}"]
)
def test_what_is_no_flow_at_all_is_refused(text):
    assert told(text)
    with pytest.raises(BadInput):
        load_flow(text)


def test_files_are_read_with_care(tmp_path):
    huge, binary, sound = tmp_path / "huge.yaml", tmp_path / "binary.yaml", tmp_path / "sound.yaml"
    huge.write_bytes(b"a: 1\n" * 1_000_000)
    binary.write_bytes(b"a: 1\nb: \xff\xfe")
    sound.write_bytes(b"\xef\xbb\xbf" + SOUND.encode())
    with pytest.raises(BadInput, match=r"huge\.yaml:1: the file is larger than 256 KiB"):
        load_flow(huge)
    with pytest.raises(BadInput, match=r"binary\.yaml:2: not UTF-8 text"):
        load_flow(binary)
    with pytest.raises(NotFound, match="no such file"):
        load_flow(tmp_path / "none.yaml")
    with pytest.raises(BadInput, match="cannot be read"):
        load_flow(tmp_path)
    assert load_flow(sound).name == "small"


def test_every_prompt_of_the_shipped_flow_is_in_its_own_language():
    for name, texts in shipped_flow().prompts.items():
        assert any("\u4e00" <= char <= "\u9fff" for char in texts["zh"]), name
        assert texts["en"].isascii(), name
        assert "  " not in texts["zh"] + texts["en"]
        assert Prompt(name, "zh", texts["zh"])


def test_every_node_kind_is_described():
    assert len(KINDS) == 18
    assert all(kind.__doc__ for kind in KINDS.values())


def test_a_hostile_document_of_the_largest_size_gets_a_short_answer():
    prompts = {f"p{n}": {"zh": "x"} for n in range(4000)}
    nodes = {f"n{n}": {"kind": "announce", "say": f"q{n}", "then": f"m{n}"} for n in range(1800)}
    found = told(
        json.dumps({"flow": "f", "languages": ["zh"], "prompts": prompts, "start": "n0", "nodes": nodes})
    )
    assert len(found) <= 201
    assert "and more" in found[-1]
