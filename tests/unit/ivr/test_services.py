"""The call log as the web asks for it: the right calls, page by page, and figures that can be checked by hand."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, select

from core.errors import BadInput
from ivr.ledger.steps import FlowStep, record_flow_steps
from ivr.ledger.store import import_queue_log
from ivr.models import Agent, Call, Queue
from ivr.services import CallFilter, Page, call_path, find_calls, queue_summary
from tests.unit.ivr.ledger.queue_lines import at, log

NUMBERS = ("13800000001", "13800000002", "13800000001", "13800000003", "13800000004")


@pytest.fixture
def _calls(installation, clock, tmp_path):
    """Five calls, 100 s apart: answered after 4, 30 and 20 s, abandoned after 50 s, timed out after 60 s."""
    clock.at = datetime(2026, 11, 22, tzinfo=UTC)
    courses = [
        ("q", "4|q|Li|CONNECT|4|x|4", "24|q|Li|COMPLETECALLER|4|20|1"),
        ("q", "30|q|Wang|CONNECT|30|x|4", "90|q|Wang|COMPLETEAGENT|30|60|1"),
        ("q", "20|q|Li|CONNECT|20|x|4", "60|q|Li|COMPLETEAGENT|20|40|1"),
        ("q", "50|q|NONE|ABANDON|1|1|50"),
        ("r", "60|r|NONE|EXITWITHTIMEOUT|1|1|60"),
    ]
    content = b""
    for number, (queue, *rest) in enumerate(courses):
        lines = [f"0|{queue}|NONE|ENTERQUEUE||{NUMBERS[number]}|1", *rest]
        moved = [f"{int(line.split('|')[0]) + 100 * number}|{line.split('|', 1)[1]}" for line in lines]
        content += log(*moved, call=f"1790000{number}00.1")
    path = tmp_path / "queue_log"
    path.write_bytes(content)
    import_queue_log(installation, [path])


@pytest.mark.usefixtures("_calls")
def test_calls_are_found_by_each_filter(session):
    li = session.scalar(select(Agent.id).where(Agent.interface == "Li"))
    queue_r = session.scalar(select(Queue.id).where(Queue.name == "r"))

    def found(**wanted):
        return [call.provider_call_id[7] for call in find_calls(session, CallFilter(**wanted)).calls]

    assert found() == ["4", "3", "2", "1", "0"]
    assert found(agent_id=li) == ["2", "0"]
    assert found(queue_id=queue_r) == ["4"]
    assert found(outcome="abandoned") == ["3"]
    assert found(number="+86 138 0000 0001") == ["2", "0"]
    assert found(number="1380000000") == []
    assert found(since=at(100), until=at(300)) == ["2", "1"]
    assert found(since=at(100), until=at(300), agent_id=li) == ["2"]


@pytest.mark.usefixtures("_calls")
def test_pages_follow_each_other_without_gap_or_repetition(session):
    with session.no_autoflush:
        session.execute(select(Call)).scalars().first().started_at = at(100)  # two calls of one moment
    session.flush()
    everything = [call.id for call in find_calls(session, CallFilter()).calls]

    seen, after = [], ""
    while True:
        page = find_calls(session, CallFilter(), Page(size=2, after=after))
        seen += [call.id for call in page.calls]
        after = page.next
        if not after:
            break

    assert seen == everything


def test_a_made_up_place_is_refused(session):
    for place in ("rubbish", "2026-11-20T00:00:00~1", "2026-11-20T00:00:00+00:00~x"):
        with pytest.raises(BadInput):
            find_calls(session, CallFilter(), Page(after=place))


@pytest.mark.usefixtures("_calls")
def test_a_page_is_one_query_however_many_calls(session):
    statements = []
    event.listen(session.get_bind(), "before_cursor_execute", lambda *a: statements.append(a[2]))

    for call in find_calls(session, CallFilter()).calls:
        assert call.queue.name
        assert call.agent is None or call.agent.interface

    assert sum(statement.startswith("SELECT") for statement in statements) == 1


@pytest.mark.usefixtures("_calls")
def test_figures_of_a_queue_can_be_checked_by_hand(session):
    queue_q, queue_r = queue_summary(session, since=at(0), until=at(1000))

    assert (queue_q.queue.name, queue_q.offered, queue_q.answered, queue_q.abandoned) == ("q", 4, 3, 1)
    assert queue_q.answered_in_time == 2  # 4 s and exactly 20 s
    assert queue_q.service_level == 0.5
    assert queue_q.asa_s == 18
    assert queue_q.longest_wait_s == 50
    assert (queue_r.offered, queue_r.left, queue_r.service_level, queue_r.asa_s) == (1, 1, 0, None)
    assert queue_summary(session, since=at(5000), until=at(6000)) == []
    assert [s.queue.name for s in queue_summary(session, since=at(0), until=at(450))] == ["q", "r"]
    assert [s.offered for s in queue_summary(session, since=at(100), until=at(300))] == [2]


def test_a_calls_way_through_its_flow_is_shown_step_by_step(session):
    steps = [
        FlowStep(number=0, at=at(0), kind="start", fields={"flow": "hotline", "version": 1}),
        FlowStep(number=1, at=at(5), kind="menu", fields={"node": "main", "outcome": "1"}),
        FlowStep(number=2, at=at(65), kind="queue", queue="q", fields={"node": "wait", "outcome": "bridged"}),
        FlowStep(number=3, at=at(70), kind="survey", fields={"node": "rate", "outcome": "score", "score": 5}),
        FlowStep(number=4, at=at(70), kind="end", fields={"outcome": "completed"}),
    ]
    record_flow_steps(session, "1.1", steps, now=at(70) + timedelta(hours=1))

    path = call_path(session, session.scalars(select(Call)).one())

    assert [(step.node, step.outcome, step.queue, step.took_s, step.score) for step in path] == [
        ("main", "1", "", 5, None),
        ("wait", "bridged", "q", 60, None),
        ("rate", "score", "", 5, 5),
    ]
