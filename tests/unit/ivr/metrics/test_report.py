"""Reports on a real database: intervals sum up, numbers list their calls, copies of days stay true."""

import itertools
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from core.errors import NotFound
from ivr.metrics.columns import OUTCOMES, keep_days
from ivr.metrics.counts import COUNTS
from ivr.metrics.definitions import STANDARD
from ivr.metrics.drilldown import visits_behind
from ivr.metrics.models import MetricDay
from ivr.metrics.report import queue_report
from ivr.models import Call, QueueVisit
from tests.unit.ivr.metrics.visits import SHANGHAI, START, add_agent, add_queue, add_visit, question

BERLIN = ZoneInfo("Europe/Berlin")
_tries = itertools.count()


@st.composite
def some_visits(draw):
    """Descriptions of visits over two days, with everything a count looks at."""
    return draw(
        st.lists(
            st.fixed_dictionaries(
                {
                    "minute": st.integers(0, 2 * 24 * 60 - 1),
                    "outcome": st.sampled_from(OUTCOMES),
                    "wait_s": st.none() | st.sampled_from([0.0, 4.999, 5.0, 20.0, 20.001, 90.0]),
                    "talk_s": st.none() | st.sampled_from([30.0, 210.0, 331.0]),
                    "ring_s": st.none() | st.sampled_from([0.0, 9.9, 10.0, 25.0]),
                    "caller": st.sampled_from(["", "13800000001", "13800000002"]),
                    "ended_by": st.sampled_from(["", "agent", "transfer", "crash"]),
                    "who": st.sampled_from([None, 0, 1]),
                    "where": st.sampled_from([0, 1]),
                }
            ),
            max_size=8,
        )
    )


@given(visits=some_visits(), kept=st.booleans())
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_count_lists_exactly_as_many_calls_as_it_says(installation, clock, visits, kept):
    clock.at = START + timedelta(days=9)
    with installation.unit_of_work() as session:
        _empty(session)
        this = next(_tries)
        queues = [add_queue(session, f"q{n}-{this}", 20.0 + 10 * n) for n in range(2)]
        agents = [add_agent(session, f"{n}-{this}") for n in range(2)]
        for visit in visits:
            given_ = dict(visit)
            who, where = given_.pop("who"), given_.pop("where")
            at = START + timedelta(minutes=given_.pop("minute"))
            add_visit(session, queues[where], at=at, agent=None if who is None else agents[who], **given_)
    asked = question(until=START + timedelta(days=2))
    if kept:
        keep_days(installation, asked.since, asked.until)
    with installation.unit_of_work(read_only=True) as session:
        report = queue_report(session, asked)
        figures = report.total()
        for name in COUNTS:
            behind = visits_behind(session, asked, name)
            assert behind.count == len(behind.visits) == figures.counts[name][0]
        by_queue = report.by_queue().rows()
        for queue, row in zip(report.queues, by_queue, strict=True):
            one = question(until=asked.until, queue_id=queue.id)
            for name in ("offered", "answered_in_time", "repeat_callers"):
                assert visits_behind(session, one, name).count == row[name]
        for row in report.by_agent(session):
            one = question(until=asked.until, agent_id=row.agent.id)
            assert visits_behind(session, one, "answered").count == row.figures["answered"]
        for part, row in enumerate(report.by_day_part().rows()):
            one = question(until=asked.until, day_part=part)
            for name in ("offered", "handled", "judged"):
                assert visits_behind(session, one, name).count == row[name]
        for interval in ("15m", "1h", "1d"):
            _edges, parts = report.by_interval(interval)
            assert {n: int(c.sum()) for n, c in parts.counts.items()} == {
                n: int(c[0]) for n, c in figures.counts.items()
            }


def _empty(session):
    for visit in session.scalars(select(QueueVisit)):
        session.delete(visit)
    for call in session.scalars(select(Call)):
        session.delete(call)
    session.flush()


@pytest.fixture
def queue(session):
    return add_queue(session)


def test_a_number_of_one_interval_lists_the_calls_of_that_interval(session, queue):
    early = add_visit(session, queue, at=START + timedelta(minutes=14, seconds=59), outcome="abandoned")
    add_visit(session, queue, at=START + timedelta(minutes=15), outcome="abandoned")
    edges, figures = queue_report(session, question()).by_interval("15m")
    first = question(since=edges[0], until=edges[1])

    assert figures.counts["abandoned"].tolist() == [1, 1, 0, 0]
    assert [v.id for v in visits_behind(session, first, "abandoned").visits] == [early.id]


def test_a_call_that_crosses_midnight_belongs_to_the_day_it_entered(session, queue):
    midnight = datetime(2026, 11, 19, tzinfo=SHANGHAI)
    add_visit(session, queue, at=midnight - timedelta(seconds=1), wait_s=30, talk_s=600)
    since, until = midnight - timedelta(days=1), midnight + timedelta(days=1)
    _edges, figures = queue_report(session, question(since, until)).by_interval("1d")

    assert figures.counts["offered"].tolist() == [1, 0]
    assert figures.of(0)["mean_talk_s"] == 600


def test_the_hour_that_comes_twice_is_two_intervals_of_its_day(session, queue):
    begin = datetime(2026, 10, 25, tzinfo=BERLIN)
    end = datetime(2026, 10, 26, tzinfo=BERLIN)
    for minute in (30, 90):  # 02:30 in summer and 02:30 in winter time
        add_visit(session, queue, at=datetime(2026, 10, 25, 0, tzinfo=UTC) + timedelta(minutes=minute))
    asked = question(begin.astimezone(UTC), end.astimezone(UTC), zone=BERLIN)
    edges, figures = queue_report(session, asked).by_interval("1h")

    both = [e.astimezone(BERLIN).hour for e, n in zip(edges, figures.counts["offered"], strict=False) if n]
    assert both == [2, 2]
    assert len(edges) - 1 == 25


def test_agents_are_told_apart_with_their_unanswered_rings(session, queue):
    li, wang = add_agent(session, "1"), add_agent(session, "2")
    add_visit(session, queue, agent=li, ring_s=4.0, talk_s=100, missed=(wang, wang))
    report = queue_report(session, question())

    rows = {row.agent.id: row for row in report.by_agent(session)}
    assert (rows[li.id].figures["answered"], rows[li.id].missed_rings) == (1, 0)
    assert (rows[wang.id].figures["answered"], rows[wang.id].missed_rings) == (0, 2)


def test_hours_of_the_week_are_those_of_the_place(session, queue):
    add_visit(session, queue, at=datetime(2026, 11, 18, 9, 5, tzinfo=SHANGHAI))  # a Wednesday
    offered = queue_report(session, question(until=START + timedelta(hours=3))).offered_by_hour_of_week()

    assert offered[2 * 24 + 9] == sum(offered) == 1
    for hour, count in ((2 * 24 + 9, 1), (2 * 24 + 10, 0)):
        asked = question(until=START + timedelta(hours=3), hour_of_week=hour)
        assert visits_behind(session, asked, "offered").count == count


def test_the_night_goes_over_midnight_and_the_morning_begins_at_six(session, queue):
    for hour in (0, 5, 6, 11, 12, 17, 18, 21, 22, 23):
        add_visit(session, queue, at=datetime(2026, 11, 18, hour, 59, 59, tzinfo=SHANGHAI))
    begin = datetime(2026, 11, 18, tzinfo=SHANGHAI)
    figures = queue_report(session, question(begin, begin + timedelta(days=1))).by_day_part()

    assert figures.counts["offered"].tolist() == [2, 2, 2, 4]


def test_a_figure_nobody_defined_is_refused(session, queue):
    with pytest.raises(NotFound):
        visits_behind(session, question(), "happiness")


def _kept(installation, queue):
    with installation.unit_of_work(read_only=True) as reading:
        return reading.scalar(select(MetricDay).where(MetricDay.queue_id == queue.id)) is not None


def _answered(installation, asked):
    with installation.unit_of_work(read_only=True) as reading:
        return queue_report(reading, asked).total().of(0)


@pytest.mark.parametrize("change", ["new", "changed", "gone", "other day", "caller"])
def test_the_copy_of_a_day_goes_when_one_of_its_calls_changes(installation, clock, change):
    clock.at = START + timedelta(days=5)
    with installation.unit_of_work() as session:
        queue = add_queue(session)
        first = add_visit(session, queue, caller="13800000001")
    asked = question(until=START + timedelta(days=2))
    before = _answered(installation, asked)
    assert keep_days(installation, asked.since - timedelta(hours=9), asked.until) >= 1
    assert _kept(installation, queue)
    assert _answered(installation, asked) == before

    with installation.unit_of_work() as session:
        visit = session.get_one(QueueVisit, first.id)
        if change == "new":
            add_visit(session, queue)
        elif change == "changed":
            visit.outcome = "abandoned"
        elif change == "gone":
            session.delete(visit)
        elif change == "other day":
            visit.entered_at = START + timedelta(days=1)
        else:
            session.get_one(Call, visit.call_id).caller_hash = None
    with installation.unit_of_work(read_only=True) as reading:
        days = reading.scalars(select(MetricDay.day).where(MetricDay.queue_id == queue.id)).all()
    assert "2026-11-18" not in days
    after = _answered(installation, asked)
    expected = {"new": (2, 2), "changed": (1, 0), "gone": (0, 0), "other day": (1, 1), "caller": (1, 1)}
    assert (after["offered"], after["answered"]) == expected[change]


def test_a_day_that_is_not_over_gets_no_copy(installation, clock):
    clock.at = START + timedelta(hours=2)
    with installation.unit_of_work() as session:
        queue = add_queue(session)
        add_visit(session, queue)

    assert keep_days(installation, START - timedelta(days=1), clock.at) == 0


def test_another_definition_gives_other_numbers_from_the_same_copy(installation, clock):
    clock.at = START + timedelta(days=5)
    with installation.unit_of_work() as session:
        queue = add_queue(session)
        add_visit(session, queue, wait_s=18)
    keep_days(installation, START - timedelta(hours=9), START + timedelta(days=2))
    strict = STANDARD.model_copy(update={"within_s": 15.0})

    assert _answered(installation, question())["service_level"] == 1
    assert _answered(installation, question(definition=strict))["service_level"] == 0


def test_a_report_that_is_remembered_is_counted_again_when_a_call_changes(installation, monkeypatch):
    monkeypatch.setattr("ivr.metrics.report._LARGE", 1)
    with installation.unit_of_work() as session:
        queue = add_queue(session)
        visit_id = add_visit(session, queue).id
    assert _answered(installation, question())["answered"] == 1
    assert _answered(installation, question())["answered"] == 1
    with installation.unit_of_work() as session:
        session.get_one(QueueVisit, visit_id).outcome = "abandoned"
        session.get_one(type(queue), queue.id).service_level_s = 5.0

    assert _answered(installation, question())["answered"] == 0
