"""Words become utterances in the order people spoke."""

from hypothesis import given
from hypothesis import strategies as st

from recording.models import Role
from recording.transcript import UNKNOWN_WORD, Word, confidence, join_words, turns

ROLES = [Role.CALLER, Role.AGENT]


def word(text, start_s, end_s, conf=1.0):
    return Word(text, start_s, end_s, conf)


def said(utterances):
    return [(u.role, u.text) for u in utterances]


def test_a_pause_ends_an_utterance_and_turns_alternate():
    caller = [word("我", 3.0, 3.2), word("要", 3.2, 3.4), word("谢谢", 9.0, 9.4)]
    agent = [word("您好", 0.5, 1.0), word("请问", 1.2, 1.6), word("好的", 4.0, 4.4)]
    assert said(turns([caller, agent], ROLES)) == [
        (Role.AGENT, "您好请问"),
        (Role.CALLER, "我要"),
        (Role.AGENT, "好的"),
        (Role.CALLER, "谢谢"),
    ]


def test_an_answer_never_stands_after_what_was_said_later():
    agent = [word("您的", 0.0, 0.4), word("名字", 0.4, 0.8), word("谢谢", 1.4, 1.8)]
    caller = [word("李", 0.9, 1.2)]
    assert [u.text for u in turns([caller, agent], ROLES)] == ["您的名字", "李", "谢谢"]


def test_overlapping_speech_keeps_both_utterances_whole():
    agent = [word("我", 0.0, 0.3), word("帮", 0.3, 0.6), word("您", 0.6, 0.9)]
    caller = [word("喂", 0.2, 0.5)]
    assert [(u.text, u.start_s, u.end_s) for u in turns([caller, agent], ROLES)] == [
        ("我帮您", 0.0, 0.9),
        ("喂", 0.2, 0.5),
    ]


def test_speech_without_a_word_is_kept_but_not_written():
    (utterance,) = turns([[word("您好", 0, 1), word(UNKNOWN_WORD, 1, 2)]], [Role.UNKNOWN])
    assert utterance.text == "您好"
    assert len(utterance.words) == 2
    assert confidence(utterance.words) == 0.5


def test_latin_words_are_written_apart():
    assert join_words(["我", "用", "visa", "card", "付款"]) == "我用visa card付款"


def test_nothing_said_has_no_confidence():
    assert turns([[], []], ROLES) == []
    assert confidence([]) is None


@st.composite
def tracks(draw):
    def track():
        at, words = 0.0, []
        for _ in range(draw(st.integers(0, 12))):
            start = at + draw(st.floats(0, 2))
            at = start + draw(st.floats(0.05, 0.8))
            words.append(Word(draw(st.sampled_from(["好", "的", UNKNOWN_WORD])), start, at, 1.0))
        return words

    return [track(), track()]


@given(tracks())
def test_no_word_is_lost_doubled_or_reordered(both):
    utterances = turns(both, ROLES)
    for channel, words in enumerate(both):
        assert [w for u in utterances if u.channel == channel for w in u.words] == words
    assert [u.start_s for u in utterances] == sorted(u.start_s for u in utterances)
