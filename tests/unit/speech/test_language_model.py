import pytest
from hypothesis import given
from hypothesis import strategies as st

from speech.language_model import END, START, estimate

WORDS = ["您好", "再见", "谢谢", "一", "二"]


@given(st.lists(st.lists(st.sampled_from(WORDS), max_size=5), min_size=1, max_size=30))
def test_probabilities_add_up_and_every_word_stays_possible(sentences):
    bigram = estimate(sentences, WORDS)

    assert sum(bigram.unigram.values()) == pytest.approx(1)
    assert START in bigram.after
    for history, seen in bigram.after.items():
        unseen = sum(bigram.unigram[word] for word in [*WORDS, END] if word not in seen)
        if unseen:
            assert bigram.back_off[history] > 0
            assert sum(seen.values()) + bigram.back_off[history] * unseen == pytest.approx(1)


def test_what_was_said_often_is_likelier_than_what_was_not():
    bigram = estimate([["您好", "再见"]] * 9 + [["您好", "谢谢"]], WORDS)
    assert (
        bigram.after["您好"]["再见"]
        > bigram.after["您好"]["谢谢"]
        > bigram.unigram["一"] * bigram.back_off["您好"]
    )
