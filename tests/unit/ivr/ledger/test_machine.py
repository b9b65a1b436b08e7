"""What happened on a call must come out right from complete logs, and sensibly from broken ones."""

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.ledger.machine import SETTLE_S, STALE_AFTER_S, derive_facts
from tests.unit.ivr.ledger.queue_lines import at, events, log, steps

CAPTURES = Path(__file__).parents[3] / "data" / "queue_log"
LATER = 10 * STALE_AFTER_S


def facts(*lines, flow=(), now=LATER):
    return derive_facts([*events(log(*lines)), *steps(*flow)], now=at(now))


@pytest.mark.parametrize(
    ("capture", "outcome", "wait_s", "talk_s", "ended_by", "rings"),
    [
        ("answered", "answered", 3, 8, "agent", [("Agent One", 3, "answered")]),
        ("chanvars", "answered", 3, 8, "agent", [("Agent One", 3, "answered")]),
        ("caller_hangs_up", "answered", 3, 9, "caller", [("Agent One", 3, "answered")]),
        ("abandoned", "abandoned", 5, None, "caller", [("Agent One", 4.999, "cancelled")]),
        (
            "noanswer",
            "answered",
            10,
            8,
            "agent",
            [("Agent One", 6, "no_answer"), ("Agent Two", 3, "answered")],
        ),
        (
            "queue_timeout",
            "timeout",
            13,
            None,
            "",
            [("Agent One", 6, "no_answer"), ("Agent Two", 6, "no_answer")],
        ),
    ],
)
def test_real_captures_are_classified_row_by_row(capture, outcome, wait_s, talk_s, ended_by, rings):
    told = events((CAPTURES / f"{capture}.txt").read_bytes())

    call = derive_facts(told, now=told[-1].at + timedelta(seconds=SETTLE_S))

    (visit,) = call.visits
    assert (visit.outcome, visit.wait_s, visit.talk_s, visit.ended_by) == (outcome, wait_s, talk_s, ended_by)
    assert [(ring.agent, ring.ring_s, ring.outcome) for ring in visit.rings] == rings
    assert (visit.entered_at, visit.ended_at) == (told[0].at, told[-1].at)
    assert visit.original_position == 1
    assert call.outcome == {"timeout": "hung_up"}.get(outcome, outcome)
    assert call.agent == (rings[-1][0] if outcome == "answered" else "")


def test_a_caller_on_the_line_waits_then_talks_then_is_done():
    entry, answer = "0|hotline|NONE|ENTERQUEUE|||1", "4|hotline|Agent|CONNECT|4|x.2|3"

    waiting, talking = facts(entry, now=10), facts(entry, answer, now=100)

    assert (waiting.outcome, waiting.visits[0].outcome) == ("open", "waiting")
    assert (talking.outcome, talking.visits[0].outcome) == ("open", "answered")
    assert facts(entry, answer, "64|hotline|Agent|COMPLETECALLER|4|60|1", now=64).outcome == "answered"


def test_a_visit_whose_end_was_never_written_is_an_orphan_after_hours():
    call = facts("0|hotline|NONE|ENTERQUEUE|||1", now=STALE_AFTER_S)

    assert (call.outcome, call.visits[0].outcome, call.wait_s) == ("failed", "orphan", None)


def test_a_call_visits_several_queues_and_the_last_agent_is_its_agent():
    call = facts(
        "0|consulting|NONE|ENTERQUEUE|||3",
        "30|consulting|NONE|EXITWITHTIMEOUT|1|3|30",
        "30|after_sales|NONE|ENTERQUEUE|||1",
        "34|after_sales|Li|CONNECT|4|x.2|4",
        "40|after_sales|Li|BLINDTRANSFER|complaints|queues|4|6|1",
        "41|complaints|NONE|ENTERQUEUE|||1",
        "43|complaints|Wang|CONNECT|2|x.3|2",
        "93|complaints|Wang|COMPLETEAGENT|2|50|1",
    )

    assert [(v.queue, v.outcome, v.ended_by) for v in call.visits] == [
        ("consulting", "timeout", ""),
        ("after_sales", "answered", "transfer"),
        ("complaints", "answered", "agent"),
    ]
    assert (call.wait_s, call.talk_s, call.ring_s) == (36, 56, 2)
    assert (call.queue, call.agent) == ("complaints", "Wang")


@pytest.mark.parametrize(
    "transfer",
    [
        "BLINDTRANSFER|1003|internal|4|6|1",
        "TRANSFER|1003|internal|4|6|1",
        "ATTENDEDTRANSFER|BRIDGE|b-1|4|6|1",
    ],
)
def test_every_kind_of_transfer_ends_the_talk(transfer):
    call = facts(
        "0|q|NONE|ENTERQUEUE|||1",
        "4|q|Li|CONNECT|4|x.2|4",
        f"10|q|Li|{transfer}",
        "10|q|Li|COMPLETEAGENT|4|6|1",
    )

    (visit,) = call.visits
    assert (visit.talk_s, visit.ended_by) == (6, "transfer")


@pytest.mark.parametrize(
    ("line", "outcome"),
    [
        ("9|q|NONE|EXITEMPTY|1|1|9", "empty"),
        ("9|q|NONE|EXITWITHKEY|1|1|1|9", "key"),
        ("9|q|NONE|EXITWITHKEY|1|1", "key"),
        ("9|q|NONE|EXITWITHTIMEOUT|1", "timeout"),
        ("9|q|Li|SYSCOMPAT|", "abandoned"),
    ],
)
def test_other_ways_to_leave_a_queue(line, outcome):
    (visit,) = facts("0|q|NONE|ENTERQUEUE|||1", line).visits

    assert (visit.outcome, visit.wait_s) == (outcome, 9)


def test_a_caller_who_finds_the_queue_empty_is_counted():
    assert [v.outcome for v in facts("0|q|NONE|JOINEMPTY|").visits] == ["empty"]
    full = facts("0|x|NONE|DID|", flow=[(0, "start", {}), (5, "queue", {"queue": "q", "outcome": "full"})])
    assert [(v.queue, v.outcome) for v in full.visits] == [("q", "full")]


def test_what_a_lost_line_told_is_taken_from_a_later_one():
    no_entry = facts("10|q|Li|CONNECT|10|x.2|3", "30|q|Li|COMPLETEAGENT|10|20|1")
    no_answer = facts("0|q|NONE|ENTERQUEUE|||1", "30|q|Li|COMPLETEAGENT|10|20|1")
    only_end = facts("30|q|Li|COMPLETECALLER|10|20|1")

    for call in (no_entry, no_answer, only_end):
        (visit,) = call.visits
        assert (visit.entered_at, visit.left_queue_at, visit.ended_at) == (at(0), at(10), at(30))
        assert (visit.outcome, visit.agent, visit.wait_s, visit.talk_s) == ("answered", "Li", 10, 20)


ANSWERED = (
    "0|q|NONE|ENTERQUEUE|||1",
    "6|q|Li|RINGNOANSWER|6000",
    "9|q|Wang|CONNECT|9|x.2|3",
    "29|q|Wang|COMPLETEAGENT|9|20|1",
)


@pytest.mark.parametrize("doubled", [0, 2, 3])
def test_a_line_written_twice_changes_nothing(doubled):
    lines = [line for number, line in enumerate(ANSWERED) for _ in range(1 + (number == doubled))]

    assert facts(*lines) == facts(*ANSWERED)


def test_two_files_that_overlap_count_once():
    whole, tail = events(log(*ANSWERED), "asterisk/a"), events(log(*ANSWERED[1:]), "asterisk/b")

    assert derive_facts([*whole, *tail], now=at(LATER)) == derive_facts(whole, now=at(LATER))


def test_a_call_over_a_rotation_is_one_call():
    first, second = events(log(*ANSWERED[:2]), "asterisk/z"), events(log(*ANSWERED[2:]), "asterisk/a")

    assert derive_facts([*second, *first], now=at(LATER)) == facts(*ANSWERED)


def test_a_line_written_a_moment_late_finds_its_place():
    late = (ANSWERED[2], ANSWERED[0], ANSWERED[1], ANSWERED[3])
    shifted = [late[0].replace("9|q|W", "2|q|W"), *late[1:2], *late[3:]]

    (visit,) = facts(*shifted).visits

    assert (visit.outcome, visit.talk_s) == ("answered", 20)


def test_a_clock_set_back_does_not_tear_a_call_apart():
    (visit,) = facts(
        "5000|q|NONE|ENTERQUEUE|||1", "1400|q|Li|CONNECT|9|x.2|3", "1420|q|Li|COMPLETEAGENT|9|20|1"
    ).visits

    assert (visit.outcome, visit.wait_s, visit.talk_s) == ("answered", 9, 20)


def test_leaving_and_entering_the_same_queue_in_one_second_is_two_visits():
    lines = (
        "0|q|NONE|ENTERQUEUE|||1",
        "30|q|NONE|EXITWITHTIMEOUT|1|1|30",
        "30|q|NONE|ENTERQUEUE|||1",
        "50|q|NONE|ABANDON|1|1|20",
    )

    for order in ((0, 1, 2, 3), (0, 2, 1, 3)):
        visits = facts(*(lines[i] for i in order)).visits
        assert [(v.outcome, v.wait_s) for v in visits] == [("timeout", 30), ("abandoned", 20)]


FLOW_START = (0, "start", {"flow": "hotline", "version": "3", "language": "zh"})


@pytest.mark.parametrize(
    ("told", "outcome"),
    [
        ([("menu", "1"), ("end", "hung_up")], "hung_up"),
        ([("hours", "closed"), ("end", "completed")], "closed"),
        ([("hours", "closed"), ("voicemail", "done"), ("end", "hung_up")], "voicemail"),
        ([("hours", "closed"), ("voicemail", "empty"), ("end", "hung_up")], "closed"),
        ([("queue", "timeout"), ("callback_offer", "accepted"), ("end", "callback")], "callback"),
        ([("screen", "blocked"), ("end", "blocked")], "blocked"),
        ([("menu", "error"), ("end", "failed")], "failed"),
        ([("queue", "bridged"), ("survey", "score"), ("end", "completed")], "answered"),
        ([("menu", "1")], "failed"),
    ],
)
def test_the_flow_decides_how_a_call_is_filed(told, outcome):
    flow = [FLOW_START, *((2 + n, kind, {"outcome": how}) for n, (kind, how) in enumerate(told))]

    call = derive_facts(steps(*flow), now=at(LATER))

    assert (call.outcome, call.flow, call.flow_version) == (outcome, "hotline", "3")


def test_survey_language_and_refused_recording_come_from_the_flow():
    call = facts(
        *ANSWERED,
        flow=[
            FLOW_START,
            (1, "language", {"outcome": "en", "language": "en"}),
            (1, "consent", {"outcome": "declined"}),
            (30, "queue", {"queue": "q", "outcome": "bridged"}),
            (40, "survey", {"outcome": "score", "score": 4, "best": 5}),
            (41, "end", {"outcome": "completed"}),
        ],
    )

    assert (call.survey_score, call.language, call.recording_allowed) == (4, "en", False)
    assert call.ended_at == at(41)


def test_a_call_is_not_over_before_its_survey():
    flow = [FLOW_START, (30, "queue", {"queue": "q", "outcome": "bridged"})]

    assert facts(*ANSWERED, flow=flow, now=100).outcome == "open"


def test_a_flow_that_ends_before_the_log_is_read_waits_for_the_log():
    flow = [FLOW_START, (30, "queue", {"queue": "q", "outcome": "bridged"}), (31, "end", {"outcome": "x"})]

    assert derive_facts(steps(*flow), now=at(32)).outcome == "open"
    assert facts(*ANSWERED, flow=flow, now=32).outcome == "answered"


KINDS = (
    "ENTERQUEUE",
    "CONNECT",
    "RINGNOANSWER",
    "RINGCANCELED",
    "COMPLETEAGENT",
    "COMPLETECALLER",
    "ABANDON",
    "EXITWITHTIMEOUT",
    "EXITWITHKEY",
    "EXITEMPTY",
    "JOINEMPTY",
    "SYSCOMPAT",
    "BLINDTRANSFER",
    "ATTENDEDTRANSFER",
    "AGENTDUMP",
    "DID",
    "SOMETHINGNEW",
)
any_line = st.builds(
    "{}|{}|{}|{}|{}".format,
    st.integers(0, 40),
    st.sampled_from(["q", "r"]),
    st.sampled_from(["NONE", "Li", "Wang"]),
    st.sampled_from(KINDS),
    st.lists(st.sampled_from(["", "1", "3", "20", "6000", "x.2", "-5", "1e99", "nan"]), max_size=5).map(
        "|".join
    ),
)


@given(st.lists(any_line, min_size=1, max_size=14), st.integers(-100, 20_000))
def test_any_lines_give_facts_and_every_visit_one_outcome(lines, now):
    call = facts(*lines, now=now)

    for visit in call.visits:
        assert visit.outcome in {
            "answered",
            "abandoned",
            "timeout",
            "key",
            "empty",
            "full",
            "waiting",
            "orphan",
        }
        assert (visit.left_queue_at is None) == (visit.outcome in {"waiting", "orphan"})
        assert not (call.over and visit.outcome == "waiting")
        assert all(s is None or s >= 0 for s in (visit.wait_s, visit.talk_s))
    assert call.over == (call.ended_at is not None)


@given(st.lists(any_line, min_size=1, max_size=14), st.integers(0, 20_000), st.integers(0, 20_000))
def test_what_is_over_stays_over_and_as_it_was(lines, now, more):
    before = facts(*lines, now=now)

    if before.over:
        assert facts(*lines, now=now + more) == before


@given(st.data())
def test_the_order_within_one_second_does_not_matter(data):
    lines = [*ANSWERED[:2], "9|q|NONE|EXITWITHTIMEOUT|1|1|9", "9|r|NONE|ENTERQUEUE|||1"]
    lines += [
        "9|r|Zhao|CONNECT|0|x.5|0",
        "15|r|Zhao|BLINDTRANSFER|q|queues|0|6|1",
        "15|q|NONE|ENTERQUEUE|||1",
    ]
    lines += ["15|q|Li|RINGNOANSWER|0", "15|q|Wang|CONNECT|0|x.6|0", "15|q|Wang|COMPLETECALLER|0|0|1"]
    by_second = {}
    for line in lines:
        by_second.setdefault(line.split("|")[0], []).append(line)
    shuffled = [line for group in by_second.values() for line in data.draw(st.permutations(group))]

    assert facts(*shuffled) == facts(*lines)


CALLED_BACK = (0, "start", {"flow": "callback", "language": "zh", "callback_of": "1.1", "recorded": True})


def test_a_callback_in_vain_is_not_an_answered_call_though_an_agent_was_there():
    call = facts(
        *ANSWERED, flow=[CALLED_BACK, (9, "callback", {"outcome": "busy"}), (10, "end", {"outcome": "busy"})]
    )
    assert call.outcome == "unreached"
    assert [visit.outcome for visit in call.visits] == ["answered"]


def test_a_callback_is_answered_once_the_caller_is_there():
    call = facts(
        *ANSWERED,
        flow=[CALLED_BACK, (9, "callback", {"outcome": "answered"}), (10, "end", {"outcome": "completed"})],
    )
    assert call.outcome == "answered"


def test_a_callback_for_which_no_agent_came_is_no_entry_into_the_queue():
    """Nobody was waiting: it must not count as an abandoned or timed-out caller."""
    left = ("0|q|NONE|ENTERQUEUE|||1", "60|q|NONE|ABANDON|1|1|60")
    call = facts(*left, flow=[CALLED_BACK, (60, "end", {"outcome": "withdrawn"})])
    assert (call.outcome, call.visits) == ("unreached", ())
