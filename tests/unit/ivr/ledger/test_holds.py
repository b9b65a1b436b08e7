"""Time on hold: told by AMI while it happens, whatever is read first, and never more than the talk."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from ivr.ledger.facts import LedgerEvent
from ivr.ledger.holds import Hold, record_holds
from ivr.ledger.machine import derive_facts
from ivr.ledger.store import import_queue_log, rebuild
from ivr.models import Call, CallEvent, QueueVisit
from tests.unit.ivr.ledger.queue_lines import at, events, log

CALL = "1790000000.1"
LI, WANG = "PJSIP/1001", "PJSIP/1002"
LINES = log(
    "1|sales|NONE|ENTERQUEUE||13800138000|1",
    "9|sales|PJSIP/1001|CONNECT|8|x.1|4",
    "60|sales|PJSIP/1001|COMPLETEAGENT|8|51|1",
    call=CALL,
)
OPEN = LINES[: LINES.rindex(b"\n", 0, -1) + 1]


def told(*holds, agent=LI):
    """Events from (second, kind) pairs."""
    return [
        LedgerEvent("ami", f"asterisk/hold/{CALL}", number, at(second), "", agent, kind, {})
        for number, (second, kind) in enumerate(holds)
    ]


def hold_s(content, *holds, agent=LI):
    (visit,) = derive_facts([*events(content), *told(*holds, agent=agent)], now=at(70)).visits
    return visit.hold_s


@pytest.mark.parametrize(
    ("holds", "seconds"),
    [
        ([], None),
        ([(20, "HOLD"), (25.5, "UNHOLD")], 5.5),
        ([(20, "HOLD"), (25, "UNHOLD"), (30, "HOLD"), (31, "UNHOLD")], 6),
        ([(25, "UNHOLD"), (20, "HOLD")], 5),
        ([(20, "HOLD"), (22, "HOLD"), (25, "UNHOLD")], 5),  # said twice
        ([(50, "HOLD")], 10),  # hung up on while on hold
        ([(20, "UNHOLD")], None),  # the line to AMI was lost when it began
        ([(5, "HOLD"), (7, "UNHOLD")], None),  # before anybody answered
        ([(60.4, "HOLD")], None),
    ],
)
def test_holds_within_the_talk_are_added_up(holds, seconds):
    assert hold_s(LINES, *holds) == seconds


def test_a_hold_that_goes_on_has_no_length_yet():
    assert hold_s(OPEN, (20, "HOLD")) is None
    assert hold_s(OPEN, (20, "HOLD"), (22, "UNHOLD"), (30, "HOLD")) == 2


def test_another_agents_hold_is_not_this_talks():
    assert hold_s(LINES, (20, "HOLD"), (25, "UNHOLD"), agent=WANG) is None


@given(st.lists(st.tuples(st.floats(0, 80), st.sampled_from(["HOLD", "UNHOLD"])), max_size=8))
def test_nobody_is_on_hold_longer_than_the_talk(holds):
    seconds = hold_s(LINES, *holds)
    assert seconds is None or 0 <= seconds <= 51 + 1


def test_a_hold_alone_is_no_call(installation):
    with installation.unit_of_work() as session:
        record_holds(session, [Hold("1790000000.9", LI, at(20), begins=True)], now=at(30))
    with installation.unit_of_work(read_only=True) as session:
        assert not session.scalars(select(CallEvent)).all()
        assert not session.scalars(select(Call)).all()


@pytest.mark.parametrize("lines", [1, 2])
def test_holds_and_lines_give_the_same_whichever_comes_first(installation, clock, tmp_path, lines):
    path = tmp_path / "queue_log"
    clock.at = at(70)
    holds = [Hold(CALL, LI, at(20), begins=True), Hold(CALL, LI, at(20) + timedelta(seconds=3), begins=False)]
    path.write_bytes(b"".join(LINES.splitlines(keepends=True)[:lines]))
    import_queue_log(installation, [path])
    for part in (holds[:1], holds, holds[1:]):  # told again after a lost commit
        with installation.unit_of_work() as session:
            record_holds(session, part, now=at(30))
    path.write_bytes(LINES)
    import_queue_log(installation, [path])

    def shown():
        with installation.unit_of_work(read_only=True) as session:
            (visit,) = session.scalars(select(QueueVisit))
            return visit.hold_s, visit.talk_s, len(session.scalars(select(CallEvent)).all())

    assert shown() == (3, 51, 5)
    rebuild(installation)
    assert shown() == (3, 51, 5)
