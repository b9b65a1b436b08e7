"""Measures: the definitions at their edges."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.measures.audibility import audibility
from qa.measures.greeting_delay import greeting_delay
from qa.measures.overtalk import interruptions, overtalk
from qa.measures.rings import rings
from qa.measures.silence import silences
from qa.measures.spans import clipped, crossing, gaps, joined, overlap_s, total_s
from qa.measures.speech_rate import speech_rate
from qa.measures.summary import call_numbers
from qa.measures.talk_ratio import talk_ratio
from qa.measures.waits import waits
from recording.models import Role
from tests.unit.qa.calls import agent, caller, heard

SPANS = st.lists(
    st.tuples(st.integers(0, 50), st.integers(0, 50)).map(lambda s: (float(min(s)), float(max(s))))
)


@pytest.mark.parametrize(
    ("ring_s", "ring"), [(0, 1), (4.9, 1), (5.0, 2), (9.9, 2), (10.0, 3), (14.9, 3), (15.0, 4), (25.0, 6)]
)
def test_ring_n_begins_after_n_minus_one_periods(ring_s, ring):
    """One second on, four off: the third ring begins at ten seconds."""
    assert rings(ring_s) == ring


def test_greeting_delay_counts_from_the_bridge():
    """Speech before the bridge is an announcement, not a greeting."""
    call = heard(agent(1, "请 稍等"), agent(14, "您好"), answered_at_s=10.0)
    assert greeting_delay(call).delay_s == 4.0
    assert greeting_delay(heard(agent(1, "您好 您好"), answered_at_s=1.2)).delay_s == 0.0
    assert greeting_delay(heard(caller(1, "喂"))) is None


def test_silence_is_when_nobody_speaks_inside_the_conversation():
    """Neither the wait for the greeting, nor the time after the last word, nor a hold."""
    call = heard(
        agent(20, "您好"), caller(35, "喂"), agent(60, "再见"), duration_s=100, holds=((40.0, 59.0),)
    )
    assert silences(call, 10) == [(20.5, 35.0)]
    assert silences(heard(), 1) == []


def test_an_interruption_needs_a_speaking_caller_and_a_real_overlap():
    """More than a second under way, half a second of both."""
    long = caller(10, "我 想 问 一下 我 的 订单 为什么 还 没有 到")  # 10 to 14
    assert interruptions(heard(long, agent(12, "您 的 订单号 是 多少"))) == [(12.0, 14.0)]
    assert interruptions(heard(long, agent(10.9, "您 的 订单号 是 多少"))) == []
    assert interruptions(heard(long, agent(13.6, "您 的 订单号 是 多少"))) == []


@pytest.mark.parametrize("sign", ["嗯", "好的", "对 对", "嗯 好的"])
def test_signs_of_listening_are_no_interruption(sign):
    """An agent who says 嗯 listens."""
    long = caller(10, "我 想 问 一下 我 的 订单 为什么 还 没有 到 我 很 急")
    call = heard(long, agent(12, sign))
    assert interruptions(call) == []
    assert total_s(overtalk(call)) > 0


def test_talk_ratio_and_rate():
    """The agent's share of the voice; syllables for each minute of voice, digits read out."""
    call = heard(agent(0, "您 的 订单号 是 一二三四"), caller(10, "好的"))
    assert talk_ratio(call) == pytest.approx(2.5 / 3.0)
    assert speech_rate(call, Role.AGENT, limit=200).per_minute == pytest.approx(240)
    assert speech_rate(call, Role.AGENT, limit=200).fast_share == 1
    assert speech_rate(call, Role.CALLER, limit=200) is None
    assert talk_ratio(heard()) is None


def test_audibility_tells_unknown_words_and_untranscribed_speech():
    """What the recogniser could not make anything of is not evidence of absence."""
    call = heard(agent(0, "您好 [unk] [unk]", confidence=0.8))
    assert audibility(call, Role.AGENT, 0, 15).unknown == pytest.approx(0.5)
    assert audibility(call, Role.AGENT, 0, 15).confidence == pytest.approx(0.8)
    mute = heard(speech={Role.AGENT: ((0.0, 5.0),)})
    assert (
        audibility(mute, Role.AGENT, 0, 15).speech_s,
        audibility(mute, Role.AGENT, 0, 15).transcribed,
    ) == (
        5.0,
        0.0,
    )


def test_the_numbers_of_a_call():
    """Side by side; without roles only what needs none, without speech nothing."""
    call = heard(agent(1, "您 的 订单 已经 发货 了"), caller(10, "好的"))
    numbers = call_numbers(call)
    assert (numbers.interruptions, numbers.overtalk_s, numbers.agent_rate) == (0, 0, pytest.approx(240))
    assert numbers.longest_silence_s == numbers.silence_s == pytest.approx(6.75)
    mono = call_numbers(heard(agent(1, "您好"), roles_known=False))
    assert (mono.talk_ratio, mono.interruptions, mono.silence_s) == (None, None, 0.0)
    lone = call_numbers(
        heard(agent(1, "您好"), agent(20, "再见"), speech={Role.AGENT: ((1, 1.5), (20, 20.5))})
    )
    assert (lone.talk_ratio, lone.overtalk_s, lone.interruptions) == (None, None, None)
    assert (lone.silence_s, lone.longest_silence_s) == (None, None)
    assert call_numbers(heard()).agent_confidence is None


def test_waits_are_holds_and_silences_in_order():
    """Short slips of either kind are no waits."""
    call = heard(
        agent(0, "您好"),
        caller(20, "喂"),
        agent(50, "再见"),
        holds=((30.0, 45.0), (46.0, 47.0)),
        duration_s=60,
    )
    found = waits(call, silence_s=10, hold_s=3)
    assert [(w.span, w.on_hold) for w in found] == [((0.5, 20.0), False), ((30.0, 45.0), True)]


@given(SPANS, SPANS)
def test_crossing_finds_every_overlapping_pair(first, second):
    """As many as comparing each with each, without doing so."""
    one, other = joined(first), joined(second)
    assert list(crossing(one, other)) == [(a, b) for a in one for b in other if overlap_s(a, b) > 0]


@given(SPANS)
def test_spans_and_gaps_fill_the_time(spans):
    """Joined spans and the gaps between them are the whole time, once."""
    inside = joined(clipped(spans, 0, 60))
    between = gaps(spans, 0, 60)
    assert total_s(inside) + total_s(between) == pytest.approx(60)
    assert joined([*inside, *between]) == [(0, 60)]
