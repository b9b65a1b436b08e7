"""A call goes where the flow says, ends exactly once, and can be carried on by any process."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import BadInput, Conflict
from core.i18n import use_locale
from ivr.flow.check import check_flow, load_flow, shipped_flow
from ivr.flow.events import (
    DialResult,
    Digits,
    Fault,
    HungUp,
    LookupResult,
    NoInput,
    QueueResult,
    RecordResult,
)
from ivr.flow.instructions import (
    Ask,
    BookCallback,
    Dial,
    Enqueue,
    Hangup,
    Lookup,
    NoteScore,
    Prompt,
    Record,
    Reject,
    Say,
    Spelled,
    StartRecording,
)
from ivr.flow.interpreter import advance, begin
from ivr.flow.state import FlowState
from tests.unit.ivr.flow.flows import END, MONDAY, answers, document, documents, start, text_of

HOTLINE = shipped_flow()


def flow_of(nodes, **given):
    return load_flow(text_of(document(nodes, **given)))


def play(flow, *events, **given):
    """Start a call and feed it events; return the last answer."""
    answer = begin(flow, start(**given))
    for event in events:
        answer = advance(flow, answer.state, event)
    return answer


def pressed(digits):
    return Digits(digits=digits, at=MONDAY)


SILENCE = NoInput(at=MONDAY)


def walk_randomly(draw, flow):
    """Drive a random call to its end, checking at every event what must hold at all times."""
    given_start = start(
        caller=draw(st.sampled_from(["13800138000", "", "anonymous", "+4420123"])),
        at=MONDAY + timedelta(hours=draw(st.integers(-4000, 30000))),
        vip=draw(st.booleans()),
        blocked=draw(st.booleans()),
        override=draw(st.sampled_from(["", "open", "closed"])),
    )
    answer = begin(flow, given_start)
    assert answer == begin(flow, given_start)
    endings = 0
    for _ in range(flow.settings.max_steps + 5):
        ends = [i for i in answer.instructions if isinstance(i, Hangup | Reject)]
        waits = [i for i in answer.instructions if i.waits]
        endings += bool(answer.state.ended)
        if answer.state.ended:
            assert len(ends) <= 1
            assert waits == ends
            break
        assert ends == []
        assert waits == [answer.instructions[-1]]
        event = answers(draw, answer.instructions[-1], answer.state.at)
        stored = FlowState.from_json(answer.state.to_json())
        assert stored == answer.state
        carried_on = advance(flow, stored, event)
        answer = advance(flow, answer.state, event)
        assert carried_on == answer
    assert endings == 1
    after = advance(flow, answer.state, SILENCE)
    assert (after.state, after.instructions, after.steps) == (answer.state, (), ())


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_every_call_to_the_hotline_ends_exactly_once_whatever_the_caller_does(data):
    walk_randomly(data.draw, HOTLINE)


@settings(max_examples=250, deadline=None)
@given(st.data(), documents())
def test_every_call_of_any_sound_flow_ends_exactly_once(data, made):
    with use_locale("en"):
        text = text_of(made)
        assert check_flow(text, "made.yaml") == []
        walk_randomly(data.draw, load_flow(text))


MENU = {
    "main": {
        "kind": "menu",
        "say": "p",
        "again": "short",
        "noinput": ["silent1", "silent2"],
        "nomatch": ["wrong1", "wrong2"],
        "attempts": 5,
        "choices": {"1": "end", "9": "main"},
        "then": {"exhausted": "end"},
    },
    "end": END,
}
SAID = {name: {"zh": name, "en": name} for name in ("p", "short", "silent1", "silent2", "wrong1", "wrong2")}


def asked(answer):
    return [part.id for part in answer.instructions[-1].speech]


def test_silence_and_wrong_keys_are_counted_apart_and_their_help_grows():
    flow = flow_of(MENU, prompts=SAID, settings={})
    events = [SILENCE, pressed("5"), SILENCE, pressed("77")]
    heard = [asked(play(flow, *events[:count])) for count in range(5)]
    assert heard == [
        ["p"],
        ["silent1", "short"],
        ["wrong1", "short"],
        ["silent2", "short"],
        ["wrong2", "short"],
    ]
    exhausted = play(flow, *events, SILENCE)
    assert [step.outcome for step in exhausted.steps] == ["exhausted", "completed"]


def test_hearing_the_menu_again_gives_all_attempts_back():
    flow = flow_of(MENU, prompts=SAID, settings={})
    answer = play(flow, SILENCE, SILENCE, SILENCE, SILENCE, pressed("9"), SILENCE)
    assert asked(answer) == ["silent1", "short"]


def test_a_blacklisted_caller_is_refused_before_the_call_is_answered():
    answer = play(HOTLINE, blocked=True)
    assert answer.instructions == (Reject(cause="rejected", outcome="blocked"),)


def test_a_caller_already_answered_is_hung_up_not_rejected():
    flow = flow_of(
        {"hello": {"kind": "announce", "say": "p", "then": "no"}, "no": {"kind": "hangup", "reject": "busy"}}
    )
    assert isinstance(play(flow).instructions[-1], Hangup)


def test_recording_starts_only_after_the_caller_was_told_and_queues_obey():
    nodes = {
        "ask": {"kind": "consent", "mode": "ask", "say": "p", "then": "q"},
        "q": {"kind": "queue", "queue": "q", "then": "end"},
        "end": END,
    }
    flow = flow_of(nodes)
    agreed = play(flow, pressed("1"))
    assert agreed.instructions[0] == StartRecording()
    assert agreed.instructions[1].record
    for refusal in ([pressed("2")], [SILENCE] * 3, [pressed("9")] * 3):
        refused = play(flow, *refusal)
        assert [type(i) for i in refused.instructions] == [Enqueue]
        assert not refused.instructions[0].record


def test_a_vip_goes_first_in_every_queue():
    vip = play(HOTLINE, pressed("1"), pressed("2"), vip=True)
    anybody = play(HOTLINE, pressed("1"), pressed("2"))
    assert vip.instructions[-1].priority > anybody.instructions[-1].priority == 0


def test_a_lookup_sets_only_what_it_may_and_can_make_a_vip():
    nodes = {
        "ask": {"kind": "lookup", "lookup": "crm", "send": ["caller"], "receive": ["vip"], "then": "sort"},
        "sort": {"kind": "screen", "then": {"blocked": "end", "vip": "q", "normal": "end"}},
        "q": {"kind": "queue", "queue": "q", "then": "end"},
        "end": END,
    }
    flow = flow_of(nodes)
    assert play(flow).instructions == (Lookup(name="crm", values={"caller": "13800138000"}, timeout_s=2.0),)
    found = LookupResult(result="found", values={"vip": "true", "blocked": "true"}, at=MONDAY)
    answer = play(flow, found)
    assert answer.instructions[-1].priority == 10
    assert "blocked" not in answer.state.variables


def test_a_collected_number_must_be_valid_and_is_read_back():
    nodes = {
        "take": {
            "kind": "collect", "say": "p", "into": "card", "min_digits": 8, "max_digits": 19,
            "validate": "luhn", "then": {"ok": "check", "exhausted": "end"},
        },
        "check": {
            "kind": "confirm", "say": ["p", "{card}"],
            "then": {"correct": "end", "wrong": "take", "exhausted": "end"},
        },
        "end": END,
    }  # fmt: skip
    flow = flow_of(nodes)
    assert play(flow, pressed("79927398714")).state.node == "take"
    read_back = play(flow, pressed("79927398713"))
    assert read_back.instructions[-1].speech[1] == Spelled("79927398713", "zh")
    assert play(flow, pressed("79927398713"), pressed("2")).state.node == "take"
    assert play(flow, pressed("79927398713"), pressed("1")).state.ended


TIMED_OUT = QueueResult(result="timeout", wait_s=120, at=MONDAY)


def test_a_callback_is_noted_for_the_callers_own_number():
    answer = play(HOTLINE, pressed("1"), pressed("1"), TIMED_OUT, pressed("1"), caller="+8613800138000")
    assert answer.instructions[0] == BookCallback(number="13800138000", queue="consulting", language="zh")
    assert answer.state.outcome == "callback"


@pytest.mark.parametrize("caller", ["", "anonymous", "+442071234567", "95588"])
def test_a_caller_who_cannot_be_called_back_is_asked_for_a_number(caller):
    answer = play(HOTLINE, pressed("1"), pressed("1"), TIMED_OUT, pressed("1"), caller=caller)
    assert answer.instructions[-1].finish_key == "#"
    wrong = advance(HOTLINE, answer.state, pressed("0044207123456"))
    assert asked(wrong)[0] == "wrong_key"
    read_back = advance(HOTLINE, wrong.state, pressed("02087654321"))
    assert Spelled("02087654321", "zh") in read_back.instructions[-1].speech
    again = advance(HOTLINE, read_back.state, pressed("2"))
    right = advance(HOTLINE, advance(HOTLINE, again.state, pressed("13900139000")).state, pressed("1"))
    assert right.instructions[0] == BookCallback(number="13900139000", queue="consulting", language="zh")


@pytest.mark.parametrize(
    ("seconds", "outcome"), [(0, "empty"), (1.5, "too_short"), (2, "done"), (60, "done")]
)
def test_a_message_is_judged_by_its_length(seconds, outcome):
    nodes = {"box": {"kind": "voicemail", "say": "p", "queue": "q", "then": "end"}, "end": END}
    flow = flow_of(nodes)
    assert isinstance(play(flow).instructions[-1], Record)
    answer = play(flow, RecordResult(seconds=seconds, at=MONDAY))
    assert answer.steps[0].outcome == outcome


def test_a_hang_up_that_ends_a_message_leaves_the_message_counted():
    night = MONDAY + timedelta(hours=12)
    silence = NoInput(at=night)
    answer = play(HOTLINE, silence, silence, RecordResult(seconds=9, at=night), HungUp(at=night), at=night)
    assert answer.state.outcome == "voicemail"


def test_who_hangs_up_where_decides_how_the_call_is_filed():
    hung_up = HungUp(at=MONDAY)
    in_queue = [pressed("1"), pressed("1")]
    served = QueueResult(result="bridged", wait_s=5, talk_s=60, at=MONDAY)
    assert play(HOTLINE, hung_up).state.outcome == "hung_up"
    assert play(HOTLINE, *in_queue, hung_up).state.outcome == "abandoned"
    assert play(HOTLINE, *in_queue, replace(served, result="abandoned")).state.outcome == "abandoned"
    assert play(HOTLINE, *in_queue, served, hung_up).state.outcome == "served"


def test_every_served_caller_is_asked_to_rate_and_more_is_better():
    served = QueueResult(result="bridged", at=MONDAY)
    asked_to_rate = play(HOTLINE, pressed("1"), pressed("2"), served)
    assert asked(asked_to_rate) == ["rate_us"]
    assert play(HOTLINE, pressed("1"), pressed("2"), served, pressed("1")).instructions[0] == NoteScore(
        score=5, best=5
    )
    assert asked(play(HOTLINE, pressed("1"), pressed("2"), served, pressed("6")))[0] == "wrong_key"


def test_a_transfer_dials_and_goes_on_by_the_result():
    nodes = {
        "out": {"kind": "transfer", "target": "sip:desk@example.com", "timeout_s": 20, "then": "end"},
        "end": END,
    }
    flow = flow_of(nodes)
    assert play(flow).instructions == (Dial(target="sip:desk@example.com", timeout_s=20, record=False),)
    assert play(flow, DialResult(result="busy", at=MONDAY)).steps[0].outcome == "busy"


BRANCH = {
    "take": {"kind": "collect", "say": "p", "into": "x", "then": "sort"},
    "sort": {
        "kind": "branch",
        "cases": [
            {"of": "x", "is": "42", "then": "answer"},
            {"of": "x", "starts_with": ["00", "01"], "then": "leading"},
            {"of": "x", "one_of": ["7", "8"], "then": "few"},
            {"of": "x", "at_least": "100", "then": "large"},
        ],
        "else": "rest",
    },
    **{name: {"kind": "hangup", "outcome": name} for name in ("answer", "leading", "few", "large", "rest")},
}


@pytest.mark.parametrize(
    ("digits", "outcome"),
    [
        ("42", "answer"),
        ("0142", "leading"),
        ("7", "few"),
        ("99", "rest"),
        ("100", "large"),
        ("2000", "large"),
    ],
)
def test_a_branch_takes_the_first_case_that_holds(digits, outcome):
    assert play(flow_of(BRANCH), pressed(digits)).state.outcome == outcome


def test_kept_type_ahead_puts_announcements_into_the_question_but_not_the_consent():
    nodes = {
        "law": {"kind": "consent", "say": "p", "then": "hello"},
        "hello": {"kind": "announce", "say": "p", "then": "main"},
        "main": {"kind": "menu", "say": "p", "choices": {"1": "end"}, "then": {"exhausted": "end"}},
        "end": END,
    }
    help_prompts = {"noinput": "p", "nomatch": "p"}
    kept = play(flow_of(nodes, settings={**help_prompts, "type_ahead": "keep"})).instructions
    assert [type(i) for i in kept] == [Say, StartRecording, Ask]
    assert kept[-1].speech == (Prompt("p", "zh", "你好"),) * 2
    dropped = play(flow_of(nodes, settings=help_prompts)).instructions
    assert [type(i) for i in dropped] == [Say, StartRecording, Say, Ask]


def test_a_fault_takes_the_error_way_once_and_a_second_one_ends_the_call():
    nodes = {
        "main": {"kind": "menu", "say": "p", "choices": {"1": "end"}, "then": {"exhausted": "end"}},
        "sorry": {"kind": "menu", "say": "p", "choices": {"1": "main"}, "then": {"exhausted": "end"}},
        "end": END,
    }
    flow = flow_of(nodes, error="sorry")
    fault = Fault(code="no_audio", at=MONDAY)
    first = play(flow, fault)
    assert (first.steps[0].outcome, first.steps[0].note, first.state.node) == ("error", "no_audio", "sorry")
    second = advance(flow, first.state, fault)
    assert second.state.outcome == "failed"
    assert second.instructions == (Hangup(outcome="failed"),)


def test_a_caller_who_goes_round_for_ever_is_ended_by_the_guard():
    flow = flow_of(MENU, prompts=SAID, settings={"max_steps": 50})
    answer = play(flow, *[pressed("9")] * 60)
    assert answer.state.outcome == "too_long"


def test_a_call_is_not_carried_on_in_another_version_of_its_flow():
    state = play(HOTLINE).state
    with pytest.raises(Conflict, match="began in flow hotline version 1"):
        advance(replace(HOTLINE, version=2), state, SILENCE)


@pytest.mark.parametrize("stored", ["", "[]", "{}", '{"at": 3}', "null"])
def test_a_damaged_stored_state_is_told_not_believed(stored):
    with pytest.raises(BadInput, match="not a stored call state"):
        FlowState.from_json(stored)


def test_numbers_and_keyed_digits_stay_out_of_logs():
    state = play(HOTLINE, pressed("1")).state.with_values({"card": "6222021234567890"})
    shown = repr(state) + repr(start()) + repr(pressed("6222021234567890")) + repr(Spelled("6222", "zh"))
    assert "13800138000" not in shown
    assert "6222" not in shown
