"""The random sample: reproducible, order-free, fair, and nobody grades an own call."""

from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.accounts import Role
from core.audit import AuditEntry
from core.errors import BadInput, Forbidden
from core.events import OutboxEvent
from qa.models import Draw
from qa.sampling import chosen, draw_sample, eligible_frame, frame_hash, verify_draw
from tests.conftest import NOW
from tests.integration.qa.rows import agent, recording, transcribed, user

PERIOD = (NOW - timedelta(days=1), NOW + timedelta(days=1))
FRAMES = st.dictionaries(st.integers(1, 10**6), st.integers(1, 5), max_size=60).map(
    lambda calls: [[call, who] for call, who in calls.items()]
)


@given(FRAMES, st.text(min_size=1, max_size=20), st.integers(1, 6), st.randoms())
def test_the_order_of_the_calls_does_not_matter(frame, seed, per_agent, rng):
    """The same frame gives the same sample and hash, however it is listed."""
    shuffled = rng.sample(frame, len(frame))
    assert chosen(shuffled, seed, per_agent) == chosen(frame, seed, per_agent)
    assert frame_hash(shuffled) == frame_hash(frame)


@given(FRAMES, st.text(min_size=1, max_size=20), st.integers(1, 6))
def test_every_agent_gives_as_many_as_asked_or_all(frame, seed, per_agent):
    """Nobody is left out, nobody is drawn twice."""
    drawn = chosen(frame, seed, per_agent)
    have = Counter(who for _call, who in frame)
    assert Counter(who for _call, who in drawn) == {who: min(n, per_agent) for who, n in have.items()}
    assert len({call for call, _who in drawn}) == len(drawn)


@given(
    FRAMES,
    st.text(min_size=1, max_size=20),
    st.integers(1, 6),
    st.tuples(st.integers(1, 10**6), st.integers(1, 5)),
)
def test_a_later_call_replaces_at_most_one(frame, seed, per_agent, late):
    """What was drawn stays drawn, but for the one a new call displaces."""
    if late[0] in {call for call, _who in frame}:
        return
    before = {call for call, _who in chosen(frame, seed, per_agent)}
    after = {call for call, _who in chosen([*frame, list(late)], seed, per_agent)}
    assert len(before - after) <= 1
    assert after - before <= {late[0]}


def test_a_larger_sample_contains_the_smaller():
    """Drawing more later throws no grade away."""
    frame = [[call, call % 3] for call in range(1, 50)]
    assert {c for c, _ in chosen(frame, "s", 3)} < {c for c, _ in chosen(frame, "s", 5)}


@pytest.fixture
def calls(session):
    """Three agents with four calls each."""
    agents = [agent(session, code=str(1001 + n)) for n in range(3)]
    return agents, [recording(session, who) for who in agents for _n in range(4)]


def test_who_is_eligible_and_why_others_are_not(session, calls):
    """Voicemail, calls without a known agent and calls without transcript are counted, not lost."""
    agents, rows = calls
    recording(session, None)
    recording(session, agents[0], kind="voicemail")
    recording(session, agents[0], state="stored")
    recording(session, agents[0], started_at=NOW - timedelta(days=9))
    frame, excluded = eligible_frame(session, *PERIOD)
    assert [call for call, _who in frame] == sorted(r.id for r in rows)
    assert excluded == {"no_agent": 1, "not_transcribed": 1, "voicemail": 1}


def test_a_draw_is_fair_and_stored_with_all_it_takes_to_repeat_it(session, calls):
    """Even load, no own calls, an event for every call, an audit entry."""
    agents, _rows = calls
    graders = [user(session), user(session), user(session, Role.QA_LEAD)]
    graders[0].agent_id = agents[0].id
    session.flush()

    draw = draw_sample(session, plan="weekly", period=PERIOD, per_agent=2, at=NOW)

    assert Counter(s.agent_id for s in draw.samples) == {a.id: 2 for a in agents}
    assert max(Counter(s.evaluator_id for s in draw.samples).values()) <= 3
    assert not [s for s in draw.samples if s.evaluator_id == graders[0].id and s.agent_id == agents[0].id]
    assert verify_draw(draw) == []
    sampled = session.query(OutboxEvent).filter_by(name="call_sampled").all()
    assert {e.fields["sample_id"] for e in sampled} == {s.id for s in draw.samples}
    entry = session.query(AuditEntry).filter_by(action="sample_drawn").one()
    assert entry.detail["seed"] == draw.seed


def test_drawing_again_is_the_same_draw(session, calls):
    """No shopping for a nicer sample; another plan or seed is another draw, and shows."""
    first = draw_sample(session, plan="weekly", period=PERIOD, per_agent=2, at=NOW)
    assert draw_sample(session, plan="weekly", period=PERIOD, per_agent=2, at=NOW) is first
    other = draw_sample(session, plan="weekly", period=PERIOD, per_agent=2, at=NOW, seed="mine")
    assert other is not first
    assert verify_draw(other) == []


def test_a_grown_frame_keeps_evaluators(session, calls):
    """Calls already given to somebody stay with them."""
    agents, _rows = calls
    user(session)
    user(session)
    first = draw_sample(session, plan="weekly", period=PERIOD, per_agent=3, at=NOW)
    for _n in range(3):
        recording(session, agents[0])
    second = draw_sample(session, plan="weekly", period=PERIOD, per_agent=3, at=NOW)
    given_to = {s.recording_id: s.evaluator_id for s in first.samples}
    kept = [s for s in second.samples if s.recording_id in given_to]
    assert len(kept) >= 6
    assert all(s.evaluator_id == given_to[s.recording_id] for s in kept)


def test_tampering_is_seen(session, calls):
    """A call taken out, put in, or a frame changed afterwards."""
    draw = draw_sample(session, plan="weekly", period=PERIOD, per_agent=2, at=NOW)
    removed = draw.samples[0]
    session.delete(removed)
    session.flush()
    session.expire(draw)
    assert len(verify_draw(draw)) == 1
    draw.frame = draw.frame[1:]
    assert len(verify_draw(draw)) >= 2


def test_who_and_what_may_not_draw(session, calls):
    """An inspector does not choose the own work; names and seeds have their lengths."""
    asked = {"plan": "weekly", "period": PERIOD, "per_agent": 2, "at": NOW}
    with pytest.raises(Forbidden):
        draw_sample(session, **asked, by=user(session))
    for wrong in ({"plan": " "}, {"plan": "x" * 81}, {"seed": "x" * 65}, {"per_agent": 0}):
        with pytest.raises(BadInput):
            draw_sample(session, **{**asked, **wrong})


def test_nothing_to_draw_is_told(session):
    """With the reason."""
    with pytest.raises(BadInput):
        draw_sample(session, plan="weekly", period=PERIOD, per_agent=2, at=NOW)
    recording(session, None)
    with pytest.raises(BadInput, match="no_agent: 1"):
        draw_sample(session, plan="weekly", period=PERIOD, per_agent=2, at=NOW)
    with pytest.raises(BadInput):
        draw_sample(session, plan="weekly", period=PERIOD[::-1], per_agent=2, at=NOW)
    assert session.query(Draw).count() == 0


def test_a_recording_whose_agent_only_the_call_log_knows_is_drawn_for_that_agent(session):
    """It may have been taken in before the call was over."""
    who = agent(session)
    heard = transcribed(session, who)
    heard.recording.agent = None
    session.flush()

    frame, excluded = eligible_frame(session, *PERIOD)

    assert (frame, excluded) == ([[heard.recording_id, who.id]], {})
