import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from speech.degrade import degrade
from speech.nonspeech import sounds

POOL = [(np.sin(np.arange(6000) / 3) * 9000).astype(np.int16), np.full(5000, 300, np.int16)]


@given(st.integers(0, 2**32))
def test_a_telephone_keeps_the_length_and_stays_within_16_bits(seed):
    track = np.sin(np.arange(8000) / 5) * 10_000
    heard = degrade(track, np.random.default_rng(seed), POOL)
    assert len(heard) == len(track)
    assert np.all(np.isfinite(heard))
    assert np.abs(heard).max() <= 32768
    assert np.abs(heard).max() > 100


def test_sounds_that_are_not_speech_are_finite_and_repeat_with_the_seed():
    drawn = list(itertools.islice(sounds(3), 60))
    for sound, again in zip(drawn, sounds(3), strict=False):
        assert np.array_equal(sound, again)
        assert np.all(np.isfinite(sound))
        assert 8000 <= len(sound) <= 32_000
