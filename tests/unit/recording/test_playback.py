"""The player asks for ranges of a WAV that exists nowhere; every range must fit the others."""

import io

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from recording.audio import AudioFile, open_audio
from recording.audio.peaks import read_peaks, write_peaks
from recording.audio.playback import PlaybackWav
from tests.unit.recording.sounds import buzz, ramp, write


@pytest.fixture(scope="module")
def stereo(tmp_path_factory):
    return write(tmp_path_factory.mktemp("playback") / "a.wav", ramp(3000, 2), subtype="ALAW")


def play(path):
    return PlaybackWav(open_audio([AudioFile(path, path.name)]))


def test_the_whole_is_a_wav_that_any_player_reads(stereo):
    with play(stereo) as wav:
        content = wav.read(0, wav.size)
    assert len(content) == wav.size
    samples, rate = soundfile.read(io.BytesIO(content), dtype="int16")
    np.testing.assert_array_equal(samples, soundfile.read(stereo, dtype="int16")[0])
    assert rate == 8000


@settings(deadline=None)
@given(offset=st.integers(0, 12100), length=st.integers(0, 5000))
def test_any_range_is_a_slice_of_the_whole(stereo, offset, length):
    with play(stereo) as wav:
        assert wav.read(offset, length) == wav.read(0, wav.size)[offset : offset + length]


@pytest.mark.parametrize("name", ["a.mp3", "a.ogg"])
def test_a_range_in_the_middle_of_compressed_sound_is_exact(tmp_path, name):
    subtype = {"a.mp3": "MPEG_LAYER_III", "a.ogg": "OPUS"}[name]
    path = write(tmp_path / name, np.stack([buzz(8, 48000)] * 2, axis=1), 48000, subtype=subtype)
    with play(path) as wav:
        assert wav.read(700_001, 5000) == wav.read(0, wav.size)[700_001:705_001]


def test_peaks_show_the_loudest_of_every_hundredth(tmp_path):
    samples = np.zeros((11025 * 2, 2), np.int16)
    samples[11025 + 5, 0] = 32767
    samples[3, 1] = -32768
    path = write(tmp_path / "a.wav", samples, 11025)
    with open_audio([AudioFile(path, "a.wav")]) as source, (tmp_path / "peaks").open("wb+") as file:
        write_peaks(source, file)
    left, right = read_peaks(tmp_path / "peaks", 10_000)
    assert len(left) == len(right) == 200
    assert [i for i, pair in enumerate(left) if pair != [0, 0]] == [100]
    assert left[100] == [0, 127]
    assert right[0] == [-128, 0]


def test_peaks_reduced_to_a_few_points_lose_no_peak(tmp_path):
    samples = np.zeros(8000 * 61, np.int16)
    samples[8000 * 44 + 17] = 30000
    path = write(tmp_path / "a.wav", samples)
    with open_audio([AudioFile(path, "a.wav")]) as source, (tmp_path / "peaks").open("wb+") as file:
        write_peaks(source, file)
    (drawn,) = read_peaks(tmp_path / "peaks", 7)
    assert len(drawn) == 7
    assert max(high for _, high in drawn) == 117
