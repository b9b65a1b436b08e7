"""Agents' time: what was told of it is counted to the second, what nobody told is not known."""

from datetime import timedelta

import pytest

from ivr.ledger.entries import insert_events
from ivr.ledger.facts import LedgerEvent
from ivr.metrics.columns import keep_days
from ivr.metrics.duty import agent_time, summed
from ivr.metrics.intervals import interval_edges
from ivr.metrics.report import queue_report
from ivr.metrics.tables import report_document
from ivr.presence.store import note_presence
from tests.unit.ivr.metrics.visits import SHANGHAI, START, add_agent, add_queue, add_visit, question


def tell(session, agent, *events):
    """Tell `second kind [queue [reason]]` of an agent."""
    told = []
    for position, event in enumerate(events):
        second, kind, *rest = event.split()
        queue, *fields = rest or [""]
        at = START + timedelta(seconds=int(second))
        told.append(
            LedgerEvent("queue_log", f"asterisk/{agent.interface}", position, at, queue.strip("-"), agent.interface,
                        kind, fields)
        )  # fmt: skip
    insert_events(session, (("", event) for event in told))
    note_presence(session, "asterisk", told)


@pytest.fixture
def queue(session):
    return add_queue(session)


def test_occupancy_is_work_over_the_time_for_it(session, queue):
    li = add_agent(session, "1")
    tell(
        session, li, f"0 ADDMEMBER {queue.name}", "1000 PAUSE - lunch", "1600 UNPAUSE", "2210 PAUSE - after_call_work",
        "2270 UNPAUSE", f"3000 REMOVEMEMBER {queue.name}",
    )  # fmt: skip
    add_visit(session, queue, agent=li, at=START + timedelta(seconds=100), wait_s=10, talk_s=300)
    add_visit(session, queue, agent=li, at=START + timedelta(seconds=1900), wait_s=0, talk_s=305)
    asked = question()
    time = agent_time(session, asked).total()

    assert (time.logged_in_s, time.pauses, time.busy_s) == (3000, {"lunch": 600}, 300 + 305 + 60)
    assert time.occupancy == pytest.approx((300 + 305 + 60) / (3000 - 600))
    assert agent_time(session, asked, queue_report(session, asked).loaded).total() == time
    figures = queue_report(session, asked).total().of(0)
    assert figures["aht_s"] == (300 + 305 + 60) / 2
    assert (figures["wrapped_up"], figures["wrap_up_s"]) == (1, 60)


def test_work_after_a_call_begins_at_its_end_also_where_the_agent_paused_during_the_talk(session, queue):
    li = add_agent(session, "1")
    tell(session, li, f"0 ADDMEMBER {queue.name}", "150 PAUSE - after_call_work", "400 UNPAUSE")
    add_visit(session, queue, agent=li, at=START + timedelta(seconds=100), wait_s=0, talk_s=200)

    assert queue_report(session, question()).total().of(0)["wrap_up_s"] == 100


def test_a_pause_long_after_the_call_is_no_work_after_it(session, queue):
    li = add_agent(session, "1")
    tell(session, li, f"0 ADDMEMBER {queue.name}", "311 PAUSE - after_call_work", "400 UNPAUSE")
    add_visit(session, queue, agent=li, at=START + timedelta(seconds=100), wait_s=0, talk_s=200)
    figures = queue_report(session, question()).total().of(0)

    assert (figures["wrapped_up"], figures["wrap_up_s"], figures["aht_s"]) == (0, 0, 200)


def test_of_who_is_not_known_to_be_there_nothing_is_claimed(session, queue):
    static = add_agent(session, "1")
    tell(session, static, f"50 PAUSE {queue.name} lunch", f"80 UNPAUSE {queue.name}")
    add_visit(session, queue, agent=static, talk_s=200)
    report = queue_report(session, question())
    time = agent_time(session, question())

    assert (time.total().logged_in_s, time.total().paused_s, time.total().occupancy) == (None, None, None)
    assert time.by_agent() == {}
    assert report.total().of(0)["aht_s"] is None
    (row,) = report_document(session, report, None)["agents"]
    assert (row["logged_in_s"], row["occupancy"], row["wrap_up_s"]) == (None, None, None)


def test_intervals_have_the_time_that_was_in_them_and_sum_to_the_whole(session, queue):
    li, wang = add_agent(session, "1"), add_agent(session, "2")
    tell(
        session,
        li,
        f"-600 ADDMEMBER {queue.name}",
        "800 PAUSE - lunch",
        "1000 UNPAUSE",
        f"1500 REMOVEMEMBER {queue.name}",
    )
    tell(session, wang, f"900 ADDMEMBER {queue.name}", f"9000 REMOVEMEMBER {queue.name}")
    add_visit(session, queue, agent=li, at=START - timedelta(seconds=100), wait_s=0, talk_s=150)
    add_visit(session, queue, agent=li, at=START + timedelta(seconds=700), wait_s=100, talk_s=200)
    asked = question()
    time = agent_time(session, asked)
    parts = time.between(interval_edges(asked.since, asked.until, "15m", SHANGHAI))

    assert [part.logged_in_s for part in parts] == [900, 600 + 900, 900, 900]
    assert [part.busy_s for part in parts] == [50 + 100, 100, 0, 0]
    assert [part.pauses.get("lunch", 0) for part in parts] == [100, 100, 0, 0]
    assert summed(parts) == time.total()
    assert time.by_agent()[wang.id].logged_in_s == 2700


def test_what_goes_on_still_is_counted_as_far_as_the_log_is_known(session, queue):
    li = add_agent(session, "1")
    tell(session, li, f"0 ADDMEMBER {queue.name}")
    add_visit(session, queue, at=START + timedelta(seconds=500), outcome="abandoned")

    assert agent_time(session, question()).total().logged_in_s == 500


def test_time_in_a_queue_is_that_of_the_queue(session, queue):
    other, li = add_queue(session, "other"), add_agent(session, "1")
    tell(
        session, li, f"0 ADDMEMBER {queue.name}", "0 ADDMEMBER other", f"1000 REMOVEMEMBER {queue.name}",
        "2000 REMOVEMEMBER other",
    )  # fmt: skip

    for asked, seconds in (
        (question(), 2000),
        (question(queue_id=queue.id), 1000),
        (question(queue_id=other.id), 2000),
    ):
        assert agent_time(session, asked).total().logged_in_s == seconds


def test_a_pause_told_later_changes_a_day_that_was_packed(installation, clock):
    clock.at = START + timedelta(days=5)
    with installation.unit_of_work() as session:
        queue, li = add_queue(session), add_agent(session, "1")
        add_visit(session, queue, agent=li, wait_s=0, talk_s=200)
    asked = question()
    assert keep_days(installation, START - timedelta(hours=9), START + timedelta(days=1)) >= 1
    with installation.unit_of_work(read_only=True) as session:
        assert queue_report(session, asked).total().of(0)["wrap_up_s"] is None
    with installation.unit_of_work() as session:
        tell(session, li, f"-60 ADDMEMBER {queue.name}", "203 PAUSE - after_call_work", "230 UNPAUSE")
    with installation.unit_of_work(read_only=True) as session:
        assert queue_report(session, asked).total().of(0)["wrap_up_s"] == 27
