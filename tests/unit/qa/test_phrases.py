"""Phrase matching: what was said is found, what was not said is not, however badly it was recognised."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.phrases import HARD_NEGATIVES, MATCHERS, PHRASES, SHORT_PHRASES, false_hits, recall, spoken
from qa.phrases import Phrase, Spoken, SpokenWord, by_sound, sounds_alike, sounds_of, word_for_word
from qa.phrases.syllables import normalise

HANZI = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), max_size=40)


def said(*words, at=0.0, gap=0.0):
    """Words of the given texts, a quarter of a second a character."""
    found = []
    for text in words:
        found.append(SpokenWord(text, at, at + 0.25 * len(text), 0.9))
        at += 0.25 * len(text) + gap
    return Spoken.of(found)


@given(st.text(max_size=60))
def test_every_text_has_one_sound_a_character(text):
    """The way back from sounds to words relies on equal lengths."""
    sounds = sounds_of(text)
    assert len(sounds.text) == len(sounds.toned) == len(sounds.plain) == len(sounds.merged)


@given(st.lists(st.text(max_size=6), max_size=20), st.text(max_size=12), st.floats(0, 100))
def test_no_input_breaks_the_matcher(words, phrase, least):
    """Transcripts hold anything: empty words, letters, emoji, [unk]."""
    heard = said(*words, "[unk]")
    for hits in (by_sound(phrase, heard, least=least), word_for_word(phrase, heard, unless=(phrase,))):
        for hit in hits:
            assert 0 <= hit.words[0] < hit.words[1] <= len(heard.words)
            assert hit.start_s <= hit.end_s
    assert word_for_word(phrase, heard, unless=(phrase,)) == []


@given(before=HANZI, phrase=st.sampled_from(PHRASES + SHORT_PHRASES), after=HANZI)
def test_an_exact_phrase_is_always_found(before, phrase, after):
    """Whatever stands around it."""
    hits = by_sound(phrase, spoken(before + phrase + after))
    assert any(hit.similarity == 100 for hit in hits)
    assert word_for_word(phrase, spoken(before + phrase + after))


@given(HANZI, st.sampled_from(PHRASES), st.floats(50, 100), st.floats(50, 100))
def test_a_lower_demand_never_loses_a_hit(text, phrase, one, other):
    """What is found at a high similarity is found at a lower one too."""
    heard = spoken(text)
    assert bool(by_sound(phrase, heard, least=max(one, other))) <= bool(
        by_sound(phrase, heard, least=min(one, other))
    )


@given(st.sampled_from(PHRASES), st.data())
def test_every_further_wrong_character_lowers_the_similarity_at_most(phrase, data):
    """Similarity never rises when more of the phrase is lost."""
    lost = data.draw(st.permutations(range(len(phrase))))
    heard, last = list(phrase), 100.0
    for index in lost:
        heard[index] = "丂"
        hits = by_sound(phrase, spoken("".join(heard)), least=1)
        best = max((hit.similarity for hit in hits), default=0.0)
        assert best <= last
        last = best


def test_recall_at_thirty_percent_errors():
    """At the error rates of small models exact matching is useless and matching by sound is not."""
    shipped = recall(MATCHERS["by_sound (shipped)"], PHRASES, 0.3, trials=1000)
    assert shipped >= 0.9
    assert recall(MATCHERS["exact characters"], PHRASES, 0.3, trials=1000) < 0.3


@pytest.mark.parametrize("rate", [0.0, 0.2, 0.4])
def test_no_false_hits_on_sentences_that_come_close(rate):
    """A greeting that was not said must not be found in small talk about the same things."""
    assert false_hits(MATCHERS["by_sound (shipped)"], PHRASES, rate, trials=100) == 0


@pytest.mark.parametrize("sentence", HARD_NEGATIVES)
def test_short_phrases_are_not_found_by_chance(sentence):
    """Two or three syllables agree by chance all the time: all of them must."""
    assert not any(by_sound(phrase, spoken(sentence)) for phrase in ("您好", "再见", "请稍等", "对不起"))


@pytest.mark.parametrize(
    ("phrase", "words"),
    [
        ("您好这里是云帆科技", ["您好", "这里", "四", "云翻", "科技"]),  # shi/si
        ("很高兴为您服务", ["很", "高心", "为", "您", "服务"]),  # xing/xin
        ("工号1003", ["工号", "幺", "零", "零", "三"]),
        ("工号1003", ["工号", "一", "〇", "〇", "三"]),
        ("感谢您的来电", ["感谢", "您", "的", "来店"]),
        ("嗯好的", ["恩", "好的"]),
    ],
)
def test_other_characters_for_the_same_sounds_are_found(phrase, words):
    """Homophones, merged sounds, and the spellings of digits and fillers."""
    assert by_sound(phrase, said(*words))


def test_a_phrase_does_not_reach_over_a_long_pause():
    """Half of it now and half of it much later is not the phrase."""
    assert not by_sound("请稍等", said("请", "稍等", gap=3.0))
    assert by_sound("请稍等", said("请", "稍等", gap=0.5))


def test_a_hit_names_its_words_and_times():
    """The evidence must lead the listener to the right second."""
    (hit,) = by_sound("售后服务部", said("您好", "这里", "是", "售后", "服务", "部", "请问"))
    assert (hit.words, hit.quote) == ((3, 6), "售后服务部")
    assert (hit.start_s, hit.end_s) == (1.25, 2.5)


@pytest.mark.parametrize(
    ("phrase", "unless", "words", "times"),
    [
        ("不行", (), ["这个", "不行"], 1),
        ("不行", (), ["步行", "五分钟"], 0),  # same sound and tones
        ("不行", ("行不行",), ["您", "看", "行", "不行"], 0),
        ("差不多", ("差不多少",), ["差不多", "少", "钱"], 0),
        ("差不多", ("差不多少",), ["差不多", "吧", "差不多", "少"], 1),
        ("不清楚", ("不清楚的地方",), ["有", "不清楚", "的", "地方", "吗"], 0),
        ("不知道", (), ["布知道"], 1),  # three syllables: the tones decide, not the characters
        ("不知道", (), ["不值到"], 0),
        ("喂", (), ["喂", "说话"], 1),
        ("喂", (), ["为", "您", "服务"], 0),
        ("喂", (), ["位"], 0),
        ("喂", (), ["喂养"], 0),  # one syllable must be a word by itself
    ],
)
def test_forbidden_phrases_are_matched_strictly(phrase, unless, words, times):
    """A false accusation is worse than a miss."""
    assert len(word_for_word(phrase, said(*words), unless=unless)) == times


def test_what_only_sounds_like_a_forbidden_phrase_is_a_hint():
    """Other tones: a person should listen; two syllables are no hint at all."""
    assert sounds_alike("不知道", said("不值到"))
    assert not sounds_alike("不行", said("步行"))


def test_slots_are_filled_with_every_value():
    """A queue may have several departments; without a value the wording does not exist."""
    phrase = Phrase("{company}{department}")
    values = {"company": ["云帆"], "department": ["客服部", "投诉部"]}
    assert phrase.filled(values) == ("云帆客服部", "云帆投诉部")
    assert phrase.filled({"company": ["云帆"]}) == ()


def test_width_case_and_punctuation_do_not_matter():
    """ＡＢＣ。 is abc."""
    assert normalise("ＡＢＣ， 您 好！１") == "abc您好一"
