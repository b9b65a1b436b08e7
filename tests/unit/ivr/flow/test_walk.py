"""A walk shows what a caller would hear, press and reach."""

import json
from datetime import timedelta

import pytest
from click.testing import CliRunner

from core.errors import BadInput, NotFound
from ivr.cli import ivr
from ivr.flow.check import load_flow, shipped_flow
from ivr.flow.walk import Script, walk
from tests.unit.ivr.flow.flows import END, MONDAY, document, start, text_of

HOTLINE = shipped_flow()


def path(call):
    return [(step.node, step.outcome) for step in call.steps]


def test_an_english_caller_is_served_in_english_and_rates():
    call = walk(HOTLINE, start(), Script(keys=["2", "1", "1"]))
    assert path(call) == [
        ("screen", "normal"),
        ("language", "en"),
        ("consent", "accepted"),
        ("holiday", "workday"),
        ("hours", "open"),
        ("main", "1"),
        ("consulting", "next"),
        ("consulting_queue", "bridged"),
        ("survey", "score"),
        ("rated", "completed"),
    ]
    heard = [line for line in call.lines if line.kind == "hear" and line.node != "language"]
    assert {line.language for line in heard} == {"en"}
    assert call.outcome == "completed"


def test_a_silent_caller_reaches_a_person():
    call = walk(HOTLINE, start(), Script())
    assert ("main", "exhausted") in path(call)
    assert ("consulting_queue", "bridged") in path(call)
    assert call.steps[-1].at == MONDAY + timedelta(seconds=2 * 5 + 3 * 5 + 12 + 180 + 2 * 5)


def test_a_caller_nobody_answers_gets_a_callback_or_leaves_a_message():
    waits = Script(keys=["1", "3", "3"], queue=["timeout", "timeout"])
    assert walk(HOTLINE, start(), waits).outcome == "voicemail"
    calls_back = Script(keys=["1", "3", "1"], queue=["callback"])
    assert walk(HOTLINE, start(), calls_back).outcome == "callback"


@pytest.mark.parametrize(
    ("at", "node"),
    [
        (MONDAY + timedelta(hours=9), "after_hours"),
        (MONDAY.replace(month=10, day=2), "holiday_closed"),
    ],
)
def test_outside_opening_hours_a_message_is_taken(at, node):
    call = walk(HOTLINE, start(at=at), Script(keys=["1"], messages=[0]))
    assert (node, "next") in path(call)
    assert call.outcome == "no_message"


def test_a_declared_closure_and_opening_weigh_more_than_the_clock():
    assert ("hours", "closed") in path(walk(HOTLINE, start(override="closed")))
    holiday = MONDAY.replace(month=10, day=2)
    assert ("hours", "open") in path(walk(HOTLINE, start(at=holiday, override="open")))


def test_lookups_and_transfers_are_answered_from_the_script():
    nodes = {
        "ask": {"kind": "lookup", "lookup": "crm", "send": ["caller"], "receive": ["tier"], "then": "sort"},
        "sort": {"kind": "branch", "cases": [{"of": "tier", "is": "gold", "then": "out"}], "else": "end"},
        "out": {"kind": "transfer", "target": "95000", "then": "end"},
        "end": END,
    }
    flow = load_flow(text_of(document(nodes, settings={}, prompts={})))
    gold = Script(lookups=[("found", {"tier": "gold"})], dial=["noanswer"])
    assert path(walk(flow, start(), gold))[:3] == [("ask", "found"), ("sort", "case_1"), ("out", "noanswer")]
    assert ("sort", "else") in path(walk(flow, start()))


def run(*arguments):
    return CliRunner().invoke(ivr, arguments)


def test_check_prints_one_line_for_each_finding_and_exits_1(tmp_path):
    file = tmp_path / "bad.yaml"
    file.write_text(
        "flow: x\non: z\nlanguages: [zh]\nprompts: {}\nstart: a\nnodes:\n  a: {kind: hangup, wait: 18:00}\n"
    )
    result = run("check", str(file))
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert [line.removeprefix(f"{file}:").split(":")[0] for line in lines] == ["2", "7", "7"]


def test_check_of_the_shipped_flow_exits_0():
    result = run("check", "hotline")
    assert (result.exit_code, [line for line in result.stdout.splitlines() if "warning" not in line]) == (
        0,
        [],
    )


def test_simulate_tells_the_call_in_words():
    result = run("simulate", "hotline", "--keys", "1,2", "--at", "2026-03-02T09:30")
    assert result.exit_code == 0
    for fragment in (
        "09:30:00",
        "hears [zh] 您好，欢迎致电云帆科技",
        "presses 2",
        "-> bridged",
        "the call ends: completed",
    ):
        assert fragment in result.stdout


def test_simulate_says_when_the_holidays_of_the_year_are_not_known():
    result = run("simulate", "hotline", "--at", "2027-03-01T09:30")
    assert result.stdout.count("this year's holidays are not known: weekly hours") == 2


def test_simulate_json_is_one_document():
    arguments = ["--keys", "2,,3", "--from", "13900139000", "--at", "2026-03-02T09:30:00+08:00", "--json"]
    result = run("simulate", "hotline", *arguments, "--queue", "full", "--message", "0")
    told = json.loads(result.stdout)
    assert told["caller"] == "13900139000"
    assert told["path"][0]["at"] == "2026-03-02T09:30:00+08:00"
    assert {"node": "complaints_queue", "outcome": "full"}.items() <= told["path"][7].items()
    assert told["outcome"] == "completed"


def test_bad_arguments_are_the_callers_mistake_not_a_traceback():
    assert isinstance(run("simulate", "nothing.yaml").exception, NotFound)
    assert isinstance(run("simulate", "hotline", "--at", "noon").exception, BadInput)
    assert run("simulate", "hotline", "--queue", "gone").exit_code == 2
