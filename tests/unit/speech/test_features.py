import itertools

import numpy as np
import pytest

from sansheng.demo.voice import SpokenPhone
from speech.phones import OUTPUTS
from speech.utterances import TRAINING_MIXTURE, TRAINING_VARIANTS, utterances

features = pytest.importorskip("speech.features", reason="training tooling: speech/requirements.txt")


def test_frames_carry_the_state_that_sounds_in_their_middle():
    spoken = [SpokenPhone("b", 0.10, 0.20), SpokenPhone("a", 0.20, 0.40)]
    made = features.labels(spoken, 60, shift_s=0.1)

    runs = [(state, len(list(run))) for state, run in itertools.groupby(made.tolist())]
    b, (a_first, a_second) = OUTPUTS["b"], OUTPUTS["a"]
    assert [state for state, _ in runs] == [0, b[0], a_first, a_second, 0]
    assert [count for _, count in runs][1:4] == [10, 10, 10]


def test_utterances_repeat_with_the_seed_and_become_labelled_frames():
    first, again = (
        list(itertools.islice(utterances(4, TRAINING_VARIANTS, TRAINING_MIXTURE), 5)) for _ in range(2)
    )
    assert [u.words for u in first] == [u.words for u in again]

    for frames, outputs in features.speech_frames(first, copies=1, seed=1):
        assert frames.shape == (len(outputs), features.COEFFICIENTS)
        assert np.all(np.isfinite(frames))
        assert 0 < (outputs > 0).mean() < 1


def test_non_speech_is_labelled_silence():
    total = 0
    for frames, outputs in features.nonspeech_frames(0.002, seed=5):
        assert not outputs.any()
        total += len(frames)
    assert total >= 0.002 * 3600 * 100
