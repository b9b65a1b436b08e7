import random
from pathlib import Path

from sansheng.demo import lexicon
from speech import sentences, syllables
from speech.phones import GO_ON, OUTPUT_COUNT, STAY, TRIPLES, spell

WORDS = Path(__file__).parents[3] / "recording" / "asr" / "demo_model" / "graph" / "words.txt"


def test_the_vocabulary_is_the_shipped_models():
    listed = [line.split()[0] for line in WORDS.read_text(encoding="utf-8").splitlines()]
    assert list(sentences.vocabulary()) == [word for word in listed if word[0] not in "<[#"]


def test_sentences_use_only_the_vocabulary_and_repeat_with_the_seed():
    first, second = random.Random(7), random.Random(7)
    drawn = [sentences.sentence(first) for _ in range(200)]
    assert drawn == [sentences.sentence(second) for _ in range(200)]
    assert {word for sentence in drawn for word in sentence} <= set(sentences.vocabulary())


def test_a_digit_is_never_garbage_and_garbage_is_mandarin():
    garbage = syllables.garbage()
    assert len(garbage) > 350
    assert not {lexicon.phones(digit) for digit in "零一二三四五六七八九"} & set(garbage)
    assert {phone for syllable in garbage for phone in syllable} <= set(lexicon.BASE_PHONES)


def test_the_place_of_a_phone_in_its_word_decides_its_id():
    assert len(set(spell(("a",)) + spell(("a", "a", "a")))) == 4


def test_transition_ids_are_counted_without_a_hole_as_kaldi_does():
    assert sorted([*STAY.values(), *GO_ON.values()]) == list(range(1, 2 * len(TRIPLES) + 1))
    assert list(TRIPLES) == sorted(TRIPLES)
    assert max(output for _, _, output in TRIPLES) == OUTPUT_COUNT - 1
