"""Telephone sounds that are not speech: tones, keys, music, clicks, breath. All are labelled silence."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sansheng.demo.line import SAMPLE_RATE, Signal, a_law, respond
from speech.degrade import FULL_SCALE, NOISES

_CADENCES_S = ((1.0, 4.0), (0.35, 0.35), (0.7, 0.7), (0.1, 0.1))  # on, off
_KEY_ROWS_HZ, _KEY_COLUMNS_HZ = (697, 770, 852, 941), (1209, 1336, 1477)
_SCALE = (0, 2, 4, 5, 7, 9, 11, 12, 16, 19)


def sounds(seed: int) -> Iterator[Signal]:
    """Endless random sounds of one to four seconds, int16 scale."""
    rng = np.random.default_rng(seed)
    kinds = (_progress_tone, _keys, _music, _noise, _clicks, _breath, _sweep, _nothing)
    while True:
        time_s = np.arange(int(SAMPLE_RATE * rng.uniform(1, 4))) / SAMPLE_RATE
        sound = kinds[rng.integers(len(kinds))](time_s, rng)
        sound = sound / (np.abs(sound).max() + 1e-9) * FULL_SCALE * 10 ** (rng.uniform(-45, -6) / 20)
        if rng.random() < 0.5:
            sound = sound + rng.standard_normal(len(sound)) * rng.uniform(1, 60)
        sound = np.clip(np.round(sound), -FULL_SCALE, FULL_SCALE - 1)
        yield a_law(sound) if rng.random() < 0.8 else sound


def _sine(hz: float, time_s: Signal) -> Signal:
    return np.sin(2 * np.pi * hz * time_s)


def _progress_tone(time_s: Signal, rng: np.random.Generator) -> Signal:
    on_s, off_s = _CADENCES_S[rng.integers(len(_CADENCES_S))]
    return _sine(float(rng.choice([425, 440, 450, 480])), time_s) * (time_s % (on_s + off_s) < on_s)


def _keys(time_s: Signal, rng: np.random.Generator) -> Signal:
    pair = _sine(rng.choice(_KEY_ROWS_HZ), time_s) + _sine(rng.choice(_KEY_COLUMNS_HZ), time_s)
    return pair * (time_s % 0.25 < 0.12)


def _music(time_s: Signal, rng: np.random.Generator) -> Signal:
    sound, step = np.zeros(len(time_s)), int(SAMPLE_RATE * rng.uniform(0.15, 0.5))
    root_hz = rng.uniform(110, 330)
    for start in range(0, len(sound), step):
        within_s = time_s[: min(2 * step, len(sound) - start)]
        for semitones in rng.choice(_SCALE, rng.integers(1, 4)):
            hz, steepness = root_hz * 2 ** (semitones / 12), rng.uniform(1, 2)
            note = np.sum([_sine(hz * k, within_s) / k**steepness for k in (1, 2, 3, 4)], axis=0)
            sound[start : start + len(within_s)] += note * np.exp(-within_s * rng.uniform(1, 8))
    return sound


def _noise(time_s: Signal, rng: np.random.Generator) -> Signal:
    return NOISES[rng.integers(len(NOISES))](len(time_s), rng)


def _clicks(time_s: Signal, rng: np.random.Generator) -> Signal:
    sound = np.zeros(len(time_s))
    for _ in range(rng.integers(1, 8)):
        start, count = rng.integers(len(sound) - 400), int(rng.integers(5, 400))
        decay = np.exp(-np.arange(count) / (count / 4))
        sound[start : start + count] += rng.standard_normal(count) * decay * rng.uniform(0.2, 1)
    return sound


def _breath(time_s: Signal, rng: np.random.Generator) -> Signal:
    middle_hz = rng.uniform(400, 2000)
    band = (
        (0, 0.0),
        (middle_hz / 2, 0.2),
        (middle_hz, 1.0),
        (min(3960.0, middle_hz * 1.6), 0.2),
        (4000, 0.0),
    )
    swell: Signal = np.clip(np.sin(2 * np.pi * rng.uniform(0.3, 2) * time_s + rng.uniform(0, 6)), 0, 1) ** 2
    return respond(rng.standard_normal(len(time_s)), band) * swell


def _sweep(time_s: Signal, rng: np.random.Generator) -> Signal:
    hz = np.linspace(rng.uniform(200, 2000), rng.uniform(200, 3000), len(time_s))
    tone: Signal = np.sin(2 * np.pi * np.cumsum(hz) / SAMPLE_RATE)
    return np.where(time_s % 0.6 < 0.3, tone, 0.0)


def _nothing(time_s: Signal, _: np.random.Generator) -> Signal:
    return np.zeros(len(time_s))
