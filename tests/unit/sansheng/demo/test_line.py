import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sansheng.demo.line import SAMPLE_RATE, TELEPHONE_BAND, a_law, noise, respond, rms

TIME_S = np.arange(SAMPLE_RATE) / SAMPLE_RATE


@pytest.mark.parametrize(("hz", "kept"), [(50, False), (1000, True), (3000, True), (3900, False)])
def test_the_telephone_band_keeps_speech_and_drops_the_rest(hz, kept):
    tone = np.sin(2 * np.pi * hz * TIME_S)
    assert (rms(respond(tone, TELEPHONE_BAND)) > 0.6) == kept


@pytest.mark.parametrize("slope", [0, 0.5, 1])
def test_noise_has_level_one_and_falls_with_frequency(slope):
    made = noise(SAMPLE_RATE, np.random.default_rng(1), slope=slope)
    spectrum = np.abs(np.fft.rfft(made))
    assert rms(made) == pytest.approx(1)
    fall = spectrum[100:200].mean() / spectrum[1000:2000].mean()
    assert fall == pytest.approx(10**slope, rel=0.3)


@given(st.integers(-32768, 32767))
def test_a_law_is_within_its_step_of_the_sample(sample):
    (coded,) = a_law(np.array([float(sample)]))
    assert abs(coded - sample) <= max(8, abs(sample) / 32 + 1, abs(sample) - 32256)
    assert a_law(np.array([coded]))[0] == coded
