"""Speech is found where somebody speaks, and nowhere else."""

import numpy as np
import pytest

from recording.audio import AudioFile, open_audio
from recording.audio.levels import amplify, gain_to_target
from recording.speech import find_speech, widen
from recording.transcript import Span
from tests.unit.recording.sounds import buzz, silence, write


def hear(tmp_path, samples, rate=8000, **coding):
    path = write(tmp_path / "a.wav", samples, rate, **coding)
    with open_audio([AudioFile(path, path.name)]) as source:
        return find_speech(source)


def covered(track, start_s, end_s):
    return sum(max(0, min(s.end_s, end_s) - max(s.start_s, start_s)) for s in track.spans) / (end_s - start_s)


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 22050, 44100, 48000])
def test_speech_is_found_at_every_rate(tmp_path, rate):
    samples = np.concatenate([silence(2, rate), buzz(1.5, rate), silence(2, rate), buzz(0.7, rate)])
    (track,) = hear(tmp_path, samples, rate)
    assert covered(track, 2, 3.5) > 0.9
    assert covered(track, 5.5, 6.2) > 0.9
    assert covered(track, 0, 1.9) == 0
    assert covered(track, 3.9, 5.4) == 0


def test_the_last_frame_counts(tmp_path):
    (track,) = hear(tmp_path, np.concatenate([silence(1), buzz(1.0)])[:-37])
    assert track.spans[-1].end_s == pytest.approx(2 - 37 / 8000, abs=0.031)


def test_quiet_speech_is_still_speech(tmp_path):
    (track,) = hear(tmp_path, np.concatenate([silence(1), buzz(2, level=0.006), silence(1)]))
    assert covered(track, 1, 3) > 0.8
    assert track.level_dbfs < -45


def test_cross_talk_of_the_other_party_is_not_speech(tmp_path):
    agent = np.concatenate([buzz(3), silence(3)])
    caller = np.concatenate([silence(3), buzz(3, pitch=200, level=0.1)])
    both = np.stack(
        [caller + (agent * 0.02).astype(np.int16), agent + (caller * 0.02).astype(np.int16)], axis=1
    )
    heard_caller, heard_agent = hear(tmp_path, both, subtype="ALAW")
    assert covered(heard_caller, 0, 2.9) == 0
    assert covered(heard_caller, 3, 6) > 0.9
    assert covered(heard_agent, 0, 3) > 0.9
    assert covered(heard_agent, 3.1, 6) == 0


def test_two_who_talk_at_once_are_both_heard(tmp_path):
    tracks = hear(tmp_path, np.stack([buzz(2), buzz(2, pitch=220, level=0.1)], axis=1))
    assert [covered(track, 0, 2) > 0.9 for track in tracks] == [True, True]


@pytest.mark.parametrize("hertz", [425, 450])
def test_ringback_and_busy_tones_are_not_speech(tmp_path, hertz):
    tone = (9000 * np.sin(2 * np.pi * hertz * np.arange(8000) / 8000)).astype(np.int16)
    busy = np.concatenate([tone[:2800], silence(0.35)] * 3)
    (track,) = hear(
        tmp_path, np.concatenate([tone, silence(2), tone, silence(1), busy, buzz(1)]), subtype="ALAW"
    )
    assert covered(track, 0, 7) == 0
    assert covered(track, 7.1, 8.1) > 0.9


def test_line_noise_is_not_speech(tmp_path):
    noise = (np.random.default_rng(3).normal(size=8000 * 10) * 40).astype(np.int16)
    (track,) = hear(tmp_path, noise)
    assert covered(track, 0, 10) < 0.02


def test_silence_alone_gives_nothing(tmp_path):
    (track,) = hear(tmp_path, silence(5), subtype="ALAW")
    assert track.spans == ()
    assert track.level_dbfs is None


def test_widened_spans_stay_inside_and_join():
    spans = (Span(0.1, 1.0), Span(1.3, 2.0), Span(4.0, 4.9))
    assert widen(spans, 0.2, 5.0) == (Span(0.0, 2.2), Span(3.8, 5.0))


@pytest.mark.parametrize("level", [-60.0, -35.0, -20.0, -3.0])
def test_gain_brings_speech_to_one_level_and_never_clips(level):
    voice = buzz(1, level=0.5)
    for samples in (voice, np.array([-32768, 32767, 5], np.int16)):
        louder = amplify(samples, gain_to_target(level)).astype(int)
        assert np.abs(louder).max() <= 32768
        assert (np.sign(louder) == np.sign(samples)).sum() >= 0.9 * len(samples)
    quiet = (voice * (10 ** (-40 / 20))).astype(np.int16)
    assert np.abs(amplify(quiet, gain_to_target(-55)).astype(int)).max() > 20 * np.abs(quiet).max()
