import importlib
import itertools
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from core.errors import BadInput, MissingPart
from sansheng.demo import voice
from sansheng.demo.line import SAMPLE_RATE
from sansheng.demo.voice import PEAK, Voice, speak, speak_syllables

LINE = ["您好", "这里", "是", "云帆", "科技"]


def test_word_times_are_ordered_and_lie_on_the_sound():
    line = speak(LINE, Voice("f2"))

    assert [word.word for word in line.words] == LINE
    edges = [edge for word in line.words for edge in (word.start_s, word.end_s)]
    assert edges == sorted(edges)
    assert edges[-1] <= len(line.samples) / SAMPLE_RATE
    for word in line.words:
        part = line.samples[int(word.start_s * SAMPLE_RATE) : int(word.end_s * SAMPLE_RATE)]
        assert np.sqrt(np.mean(part.astype(float) ** 2)) > 500


def test_every_voice_reaches_the_same_level():
    for variant in ("m3", "linda", "grandma"):
        peak = np.abs(speak(LINE, Voice(variant)).samples.astype(int)).max()
        assert PEAK - 1 <= peak <= PEAK


def test_a_faster_voice_takes_less_time_and_a_pause_takes_more():
    slow, fast = (len(speak(LINE, Voice("m3", rate=rate)).samples) for rate in (160, 240))
    assert fast < slow
    assert len(speak(LINE, Voice("m3", rate=160), pauses=[1]).samples) > slow
    assert len(speak(LINE, Voice("m3", rate=160, speed_up=1.07)).samples) < slow


def test_the_phones_of_a_word_join_without_holes():
    _, phones = speak_syllables(["zhong1", "guo2"], Voice())

    assert [phone.phone for phone in phones] == ["zh", "ong", "g", "uo"]
    assert all(b.start_s >= a.end_s for a, b in itertools.pairwise(phones))


def test_threads_do_not_mix_their_voices():
    lines = [(["您好"], Voice("f2")), (["谢谢", "您", "的", "来电"], Voice("m7"))] * 8
    alone = [speak(*line).samples for line in lines[:2]]

    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda line: speak(*line).samples, lines))

    assert all(abs(len(one) - len(alone[i % 2])) < 0.02 * SAMPLE_RATE for i, one in enumerate(together))


def test_an_unknown_voice_is_refused_by_name():
    with pytest.raises(BadInput, match="nobody"):
        speak(LINE, Voice("nobody"))


def test_a_syllable_espeak_cannot_read_is_refused():
    with pytest.raises(BadInput):
        speak_syllables(["ni3", ","], Voice())


def test_without_espeak_the_error_says_what_to_install(monkeypatch):
    def absent(name):
        raise ModuleNotFoundError(name)

    voice._engine.cache_clear()
    monkeypatch.setattr(importlib, "import_module", absent)
    with pytest.raises(MissingPart, match="pip install espeakng-loader"):
        speak(LINE, Voice())
