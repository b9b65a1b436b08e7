"""Announced waits against those that came: held, too short, not to be known."""

import json
from datetime import timedelta

import pytest
from click.testing import CliRunner

from ivr.cli_queue import queue as command
from ivr.models import QueueVisit
from ivr.waiting.history import expected_wait, note_said
from ivr.waiting.judging import judge
from ivr.waiting.predictor import WaitRange
from tests.factories import add_call, add_staff


@pytest.fixture
def staff(installation):
    return add_staff(installation)


@pytest.fixture
def waited(installation, staff, clock):
    """Return a function that makes a call which waited so long in the queue, and was told something at a moment."""

    def waited(wait_s, *told, outcome="answered", queue="consulting"):
        entered_at = clock.now() - timedelta(hours=1)
        call = add_call(installation, staff, outcome="answered", started_at=entered_at)
        with installation.unit_of_work() as session:
            session.query(QueueVisit).filter_by(call_id=call.id).delete()
            session.add(
                QueueVisit(
                    call_id=call.id, number=1, queue_id=staff.queue.id, entered_at=entered_at,
                    left_queue_at=entered_at + timedelta(seconds=wait_s), outcome=outcome, wait_s=wait_s, talk_s=60.0,
                )
            )  # fmt: skip
            for number, (after_s, said) in enumerate(told):
                note_said(
                    session, said, provider=call.provider, call=call.provider_call_id, queue=queue, number=number,
                    at=entered_at + timedelta(seconds=after_s), place=2,
                )  # fmt: skip
        return call

    return waited


def judged(installation, clock):
    with installation.unit_of_work(read_only=True) as session:
        return judge(session, since=clock.now() - timedelta(days=1), until=clock.now())


def test_each_announcement_is_judged_by_what_was_left_of_the_wait(installation, clock, waited):
    waited(200, (0, WaitRange(2, 4)), (150, WaitRange(2, 4)), (190, None))
    (found,) = judged(installation, clock)
    assert (found.queue, found.version) == ("consulting", "head-of-line-1")
    assert (found.announced, found.unsaid, found.judged) == (3, 1, 2)
    assert (found.held, found.too_short) == (1, 0)  # of the 50 s that were left, 2 to 4 minutes were said
    assert found.off_s == pytest.approx((20 + 130) / 2)
    assert found.width_min == 2


def test_who_gives_up_early_proves_nothing_and_late_proves_it_too_short(installation, clock, waited):
    waited(100, (0, WaitRange(2, 4)), outcome="abandoned")
    waited(300, (0, WaitRange(2, 4)), outcome="abandoned")
    waited(300, (0, WaitRange(2, 4)))
    (found,) = judged(installation, clock)
    assert (found.announced, found.judged, found.held, found.too_short) == (3, 2, 0, 2)


def test_an_announcement_of_another_visit_or_a_lost_call_is_counted_and_not_judged(
    installation, clock, waited
):
    waited(30, (500, WaitRange(0, 1)))
    with installation.unit_of_work() as session:
        note_said(
            session, WaitRange(0, 1), provider="asterisk", call="lost", queue="consulting", number=0,
            at=clock.now() - timedelta(minutes=5), place=1,
        )  # fmt: skip
    (found,) = judged(installation, clock)
    assert (found.announced, found.judged) == (2, 0)


def test_what_was_said_once_stays_said(installation, clock, waited):
    call = waited(60, (0, WaitRange(0, 2)))
    with installation.unit_of_work() as session:
        again = note_said(
            session, WaitRange(5, 10), provider=call.provider, call=call.provider_call_id, queue="consulting",
            number=0, at=clock.now(), place=9,
        )  # fmt: skip
        assert again.said == WaitRange(0, 2)
    (found,) = judged(installation, clock)
    assert found.announced == 1


def test_the_command_shows_the_judgement(installation, clock, waited):
    runner = CliRunner()
    assert "无预计等候时间" in runner.invoke(command, ["predictions"], obj=installation).output
    waited(200, (0, WaitRange(2, 4)))
    told = runner.invoke(command, ["predictions"], obj=installation).output
    assert "100.0%" in told
    document = json.loads(runner.invoke(command, ["predictions", "--json"], obj=installation).output)
    assert document["queues"][0]["held_share"] == 1.0


def test_the_ledger_of_a_busy_queue_is_enough_to_say_a_wait(installation, clock, waited):
    for wait_s in range(200, 1000, 40):
        waited(wait_s)
    with installation.unit_of_work(read_only=True) as session:
        line = {"now": clock.now() - timedelta(minutes=43), "place": 3, "agents": 2}
        head_since = line["now"] - timedelta(seconds=60)
        assert expected_wait(session, "consulting", head_since=head_since, **line) is not None
        assert expected_wait(session, "unknown", head_since=head_since, **line) is None
