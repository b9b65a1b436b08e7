"""Training material: features and the right output for every 10 ms frame, in one .npz file.

    python -m speech.features --utterances 6000 --copies 2 --seed 100 OUT.npz
    python -m speech.features --nonspeech-hours 0.6 --seed 5 OUT.npz

The features are exactly what Vosk computes from `conf/mfcc.conf` (written by `speech.export`).
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

import kaldi_native_fbank
import numpy as np
from numpy.typing import NDArray

from sansheng.demo.line import SAMPLE_RATE, Signal
from sansheng.demo.voice import SpokenPhone
from speech.degrade import degrade
from speech.nonspeech import sounds
from speech.phones import OUTPUTS
from speech.utterances import TRAINING_MIXTURE, TRAINING_VARIANTS, Utterance, utterances

COEFFICIENTS = 40
FRAME_SHIFT_S = 0.01
LOW_HZ, HIGH_HZ = 40, -200

_FRAME_MIDDLE_S = 0.0125
_SILENCES_S = (0.05, 0.15, 0.3, 0.6, 1.5)

Frames = tuple[NDArray[np.float32], NDArray[np.int16]]


def mfcc(track: Signal) -> NDArray[np.float32]:
    """Kaldi MFCC features [frames, 40] of int16-scaled samples at 8 kHz."""
    options = kaldi_native_fbank.MfccOptions()
    options.frame_opts.samp_freq = SAMPLE_RATE
    options.frame_opts.dither = 0.0
    options.frame_opts.snip_edges = True
    options.mel_opts.num_bins = options.num_ceps = COEFFICIENTS
    options.mel_opts.low_freq, options.mel_opts.high_freq = LOW_HZ, HIGH_HZ
    options.use_energy = False
    extractor = kaldi_native_fbank.OnlineMfcc(options)
    extractor.accept_waveform(SAMPLE_RATE, track.astype(np.float32).tolist())
    extractor.input_finished()
    frames = [extractor.get_frame(i) for i in range(extractor.num_frames_ready)]
    return np.array(frames, np.float32).reshape(-1, COEFFICIENTS)


def labels(phones: Sequence[SpokenPhone], count: int, shift_s: float) -> NDArray[np.int16]:
    """The network output of each frame; the states of a phone share its time, silence is output 0."""
    outputs = np.zeros(count, np.int16)
    middles_s = np.arange(count) * FRAME_SHIFT_S + _FRAME_MIDDLE_S
    for phone, start_s, end_s in phones:
        states = OUTPUTS[phone]
        edges_s = np.linspace(start_s, end_s, len(states) + 1) + shift_s
        for state, (first, last) in zip(
            states, itertools.pairwise(np.searchsorted(middles_s, edges_s)), strict=True
        ):
            outputs[first:last] = state
    return outputs


def speech_frames(spoken: Sequence[Utterance], copies: int, seed: int) -> Iterator[Frames]:
    """Every utterance in several telephone versions."""
    rng = np.random.default_rng(seed)
    pool = [utterance.samples for utterance in spoken]
    for utterance in itertools.chain.from_iterable(itertools.repeat(spoken, copies)):
        before, after = (int(SAMPLE_RATE * rng.choice(_SILENCES_S) * rng.uniform(0.5, 1.5)) for _ in range(2))
        features = mfcc(degrade(np.pad(utterance.samples.astype(np.float64), (before, after)), rng, pool))
        yield features, labels(utterance.phones, len(features), before / SAMPLE_RATE)


def nonspeech_frames(hours: float, seed: int) -> Iterator[Frames]:
    """Sounds that are not speech."""
    left = hours * 3600 / FRAME_SHIFT_S
    for sound in sounds(seed):
        features = mfcc(sound)
        yield features, np.zeros(len(features), np.int16)
        left -= len(features)
        if left <= 0:
            return


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m speech.features", description="Make training material.")
    parser.add_argument("out", type=Path, help=".npz file to write")
    parser.add_argument("--seed", type=int, required=True)
    kind = parser.add_mutually_exclusive_group(required=True)
    kind.add_argument("--utterances", type=int, help="how many utterances to speak")
    kind.add_argument("--nonspeech-hours", type=float, help="how much non-speech to make")
    parser.add_argument("--copies", type=int, default=2, help="telephone versions of each utterance")
    options = parser.parse_args()
    if options.utterances:
        endless = utterances(options.seed, TRAINING_VARIANTS, TRAINING_MIXTURE)
        spoken = list(itertools.islice(endless, options.utterances))
        frames = speech_frames(spoken, options.copies, options.seed)
    else:
        frames = nonspeech_frames(options.nonspeech_hours, options.seed)
    features, outputs = zip(*frames, strict=True)
    np.savez(options.out, features=np.concatenate(features), outputs=np.concatenate(outputs))
    print(f"{options.out}: {sum(map(len, outputs)) * FRAME_SHIFT_S / 3600:.2f} hours")


if __name__ == "__main__":
    main()
