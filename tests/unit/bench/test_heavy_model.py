import json
from pathlib import Path

import numpy as np
import pytest
import vosk

from bench.heavy_model import make_heavy, widen
from sansheng.demo.audio import CHANNELS, render
from sansheng.demo.calls import Role, scripted_calls
from speech.acoustic_model import read_model

DEMO_MODEL = Path(__file__).parents[3] / "recording" / "asr" / "demo_model"


def words(model_dir, samples):
    recogniser = vosk.KaldiRecognizer(vosk.Model(str(model_dir)), 8000)
    recogniser.SetWords(True)
    heard = []
    for start in range(0, len(samples), 4000):
        if recogniser.AcceptWaveform(samples[start : start + 4000].tobytes()):
            heard += json.loads(recogniser.Result()).get("result", [])
    heard += json.loads(recogniser.FinalResult()).get("result", [])
    return [(word["word"], word["start"], word["end"]) for word in heard]


def test_a_heavy_model_hears_the_same_words_at_the_same_times(tmp_path):
    vosk.SetLogLevel(-1)
    make_heavy(DEMO_MODEL, tmp_path / "heavy", width=512)
    call = next(call for call in scripted_calls() if call.key == "complaints-02")
    rendered = render(call)
    agent = np.ascontiguousarray(rendered.samples[:, CHANNELS.index(Role.AGENT)])

    heard = words(DEMO_MODEL, agent)

    assert heard
    assert words(tmp_path / "heavy", agent) == heard


def test_a_width_below_the_models_own_is_refused():
    with pytest.raises(ValueError, match="from 256 up"):
        widen(read_model(DEMO_MODEL / "am" / "final.mdl"), 128)
