"""What a telephone does to speech, at random: room, handset, level, noise, cross-talk, A-law.

Cross-talk stays labelled as silence, so that the network learns to ignore the other party's faint voice; speech
itself is never fainter than -38 dBFS for the same reason.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from sansheng.demo.line import SAMPLE_RATE, Signal, a_law, noise, respond, rms

FULL_SCALE = 32768
_RESPONSE_HZ = (0, 150, 300, 600, 1000, 1700, 2500, 3300, 3600, 4000)

Pool = Sequence[NDArray[np.int16]]


def degrade(track: Signal, rng: np.random.Generator, pool: Pool) -> Signal:
    """A random telephone version of a track (int16 scale, same length); `pool` has other people's speech."""
    if rng.random() < 0.3:
        track = _room(track, rng)
    if rng.random() < 0.7:
        track = respond(track, _handset(rng))
    level = FULL_SCALE * _factor(rng.uniform(-38, -12))
    track = track * (level / rms(track))
    if rng.random() < 0.65:
        track = track + _background(len(track), rng, pool, level)
    if rng.random() < 0.4:
        track = track + _speech(len(track), rng, pool) * (level * _factor(rng.uniform(-44, -26)))
    track = np.clip(np.round(track), -FULL_SCALE, FULL_SCALE - 1)
    return a_law(track) if rng.random() < 0.8 else track


def hum(count: int, rng: np.random.Generator) -> Signal:
    """Mains hum with harmonics and a little hiss, level about 1."""
    time_s = np.arange(count) / SAMPLE_RATE
    tones = sum(np.sin(2 * np.pi * 50 * k * time_s + rng.uniform(0, 6)) / k for k in range(1, 8))
    return np.asarray(tones + 0.1 * noise(count, rng, slope=0))


NOISES: tuple[Callable[[int, np.random.Generator], Signal], ...] = (
    lambda count, rng: noise(count, rng, slope=0),
    lambda count, rng: noise(count, rng, slope=0.5),
    lambda count, rng: noise(count, rng, slope=1),
    hum,
)


def _factor(decibel: float) -> float:
    return float(10 ** (decibel / 20))


def _room(track: Signal, rng: np.random.Generator) -> Signal:
    count = int(SAMPLE_RATE * rng.uniform(0.08, 0.35))
    echo = rng.standard_normal(count) * np.exp(-6.9 * np.arange(count) / count)
    echo[: int(rng.uniform(8, 40))] = 0
    echo *= rng.uniform(0.15, 0.55) / (np.sqrt((echo**2).sum()) + 1e-9)
    echo[0] = 1
    size = len(track) + count
    return np.fft.irfft(np.fft.rfft(track, size) * np.fft.rfft(echo, size), size)[: len(track)]


def _handset(rng: np.random.Generator) -> list[tuple[float, float]]:
    gains_db = rng.uniform(-4, 4, len(_RESPONSE_HZ))
    if rng.random() < 0.5:
        gains_db[0] -= 25
        gains_db[1] -= rng.uniform(6, 20)
        gains_db[-2] -= rng.uniform(3, 12)
        gains_db[-1] -= 25
    return [(hz, _factor(gain)) for hz, gain in zip(_RESPONSE_HZ, gains_db, strict=True)]


def _background(count: int, rng: np.random.Generator, pool: Pool, level: float) -> Signal:
    """Noise or babble, 6 to 35 dB below the speech (babble at least 12)."""
    below_db = rng.uniform(6, 35)
    kind = int(rng.integers(len(NOISES) + 1))
    if kind < len(NOISES):
        sound = NOISES[kind](count, rng)
    else:
        sound = np.sum([_speech(count, rng, pool) for _ in range(rng.integers(2, 5))], axis=0)
        below_db = max(below_db, 12)
    return sound * (level * _factor(-below_db) / rms(sound))


def _speech(count: int, rng: np.random.Generator, pool: Pool) -> Signal:
    """Somebody else, level 1, from a random place."""
    other = pool[int(rng.integers(len(pool)))].astype(np.float64)
    turned = np.resize(np.roll(other, rng.integers(len(other))), count)
    return turned / rms(turned)
