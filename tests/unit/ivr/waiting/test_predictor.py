"""The announced wait: a range that holds what comes, honest about what it does not know."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bench.waiting import SCENARIOS, score
from ivr.waiting.predictor import MINUTES, Line, Waited, WaitRange, predict

NOW = 10_000.0
times = st.floats(0, NOW)


@st.composite
def waited(draw):
    entered, left = sorted((draw(times), draw(times)))
    answered = draw(st.booleans())
    talk = draw(st.none() | st.floats(0, 4000)) if answered else None
    return Waited(entered, left, answered, talk)


lines = st.builds(Line, st.just(NOW), st.integers(1, 200), times, st.integers(0, 50))
pasts = st.lists(waited(), max_size=60)


def busy(gap_s, count=40, talk_s=300.0, until_s=NOW):
    """A line that was never empty, with an answer every so many seconds until a time."""
    ends = [until_s - gap_s * number for number in range(count)]
    return [Waited(end - 5 * gap_s, end, talk_s=talk_s) for end in ends]


@given(lines, pasts)
def test_whatever_happened_it_is_a_range_of_said_minutes_or_nothing(line, past):
    said = predict(line, past)
    if said is not None:
        assert said.low in (0, *MINUTES)
        assert said.high in MINUTES
        assert said.low < said.high


@given(lines, pasts)
def test_nobody_is_told_a_wait_when_nobody_answers_or_little_is_known(line, past):
    assume(line.agents == 0 or sum(one.answered for one in past) < 3)
    assert predict(line, past) is None


@given(lines, pasts, st.randoms())
def test_the_order_in_which_the_past_is_read_does_not_matter(line, past, random):
    mixed = random.sample(past, len(past))
    same_moment = len({one.left_s for one in past}) < len(past)
    assume(not same_moment)
    assert predict(line, mixed) == predict(line, past)


@given(st.integers(1, 30), st.floats(5, 120), st.integers(1, 20))
def test_who_stands_further_back_is_not_told_a_shorter_wait(place, gap_s, agents):
    past = busy(gap_s, talk_s=gap_s * agents)
    nearer = predict(Line(NOW, place, NOW - 60, agents), past)
    further = predict(Line(NOW, place + 1, NOW - 60, agents), past)
    if nearer and further:
        assert (nearer.low, nearer.high) <= (further.low, further.high)


@given(st.floats(0, 1200), st.floats(0, 1200))
def test_the_longer_the_head_has_stood_there_the_longer_the_wait(since_s, longer_s):
    past = busy(30.0, talk_s=300.0, until_s=NOW - 3000)
    said = [
        predict(Line(NOW, 4, NOW - head_s, 10), past) for head_s in (since_s, since_s + longer_s)
    ]  # fmt: skip
    assert all(said)
    assert (said[0].low, said[0].high) <= (said[1].low, said[1].high)


def test_a_steady_line_is_told_what_it_takes():
    """Ten agents, five minutes each: an answer every half minute, so place ten waits about five minutes."""
    said = predict(Line(NOW, 10, NOW - 150, 10), busy(31.0))
    assert said.low >= 2
    assert said.high <= 8
    assert said.holds(310)


def test_with_fewer_agents_the_wait_is_longer_before_any_wait_was_longer():
    past = busy(31.0)
    ten, four = (predict(Line(NOW, 5, NOW - 150, agents), past) for agents in (10, 4))
    assert four.high > ten.high


def test_callers_who_give_up_shorten_the_wait_of_those_behind():
    past = busy(31.0)
    given_up = [Waited(NOW - 100 - 20 * n, NOW - 20 * n, answered=False) for n in range(40)]
    line = Line(NOW, 15, NOW - 150, 10)
    assert predict(line, past + given_up).high < predict(line, past).high


def test_more_than_the_last_number_is_not_said():
    assert predict(Line(NOW, 200, NOW - 1000, 1), busy(200.0, count=40)) is None


def test_a_range_knows_what_it_holds():
    assert WaitRange(2, 4).holds(120)
    assert WaitRange(2, 4).holds(240)
    assert not WaitRange(2, 4).holds(119)
    assert not WaitRange(2, 4).holds(241)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_four_of_five_waits_are_held_and_asterisks_average_is_beaten(scenario):
    """In steady and in changing load alike, on the same simulated calls; the seeds are fixed."""
    came = score(scenario, days=1)
    assert came.announcements > 500
    assert came.held >= 0.8
    assert came.too_short <= 0.15
    assert came.off_s < came.asterisk_off_s
    assert came.unsaid < 0.1
