import pytest
from hypothesis import given
from hypothesis import strategies as st

from sansheng.demo import lexicon
from sansheng.demo.calls import vocabulary


@pytest.mark.parametrize(
    ("syllable", "parts"),
    [
        ("zhuang1", ("zh", "uang")),
        ("wo3", ("", "uo")),
        ("zhi1", ("zh", "iii")),
        ("zi4", ("z", "ii")),
        ("ji1", ("j", "i")),
        ("xue2", ("x", "ve")),
        ("lü4", ("l", "v")),
        ("bo1", ("b", "uo")),
        ("yuan2", ("", "van")),
        ("er4", ("", "er")),
    ],
)
def test_a_syllable_is_split_into_initial_and_canonical_final(syllable, parts):
    assert lexicon.split(syllable) == parts


def test_the_readings_a_hotline_means_win_over_the_frequent_ones():
    assert lexicon.syllables("银行卡") == ("yin2", "hang2", "ka3")
    assert lexicon.syllables("重新") == ("chong2", "xin1")
    assert lexicon.syllables("还有") == ("hai2", "you3")


@given(st.sampled_from(sorted(vocabulary())))
def test_every_word_of_the_demo_has_phones_of_the_model(word):
    assert set(lexicon.phones(word)) <= set(lexicon.BASE_PHONES)
    assert len(lexicon.syllables(word)) == len(word)


def test_a_word_without_a_mandarin_reading_is_named_in_the_error():
    with pytest.raises(ValueError, match="ABC"):
        lexicon.phones("ABC")
