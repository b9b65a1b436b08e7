"""A telephone line in numpy: frequency response, noise, and G.711 A-law."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

Signal = NDArray[np.float64]

SAMPLE_RATE = 8000
# Gain over frequency of a telephone line, as (Hz, factor).
TELEPHONE_BAND = ((0, 0.0), (200, 0.1), (320, 1.0), (3200, 1.0), (3520, 0.1), (4000, 0.0))


def respond(track: Signal, gains: Sequence[tuple[float, float]]) -> Signal:
    """Pass a track through a frequency response given as (Hz, factor), without delay."""
    frequencies, factors = zip(*gains, strict=True)
    spectrum = np.fft.rfft(track)
    response = np.interp(np.fft.rfftfreq(len(track), 1 / SAMPLE_RATE), frequencies, factors)
    return np.fft.irfft(spectrum * response, len(track))


def noise(count: int, rng: np.random.Generator, *, slope: float = 0.5) -> Signal:
    """Noise of level 1 (rms) whose amplitude falls with frequency**slope: 0 white, 0.5 pink, 1 brown."""
    spectrum = np.fft.rfft(rng.standard_normal(count))
    coloured = np.fft.irfft(spectrum / np.arange(1, len(spectrum) + 1) ** slope, count)
    return coloured / rms(coloured)


def rms(track: Signal) -> float:
    """Root mean square, never zero."""
    return float(np.sqrt(np.mean(track**2))) + 1e-9


def a_law(track: Signal) -> Signal:
    """What is left of int16-scaled samples after G.711 A-law (ITU-T G.711, table 1)."""
    levels = _a_law_levels()
    return levels[np.searchsorted((levels[1:] + levels[:-1]) / 2, track)]


@cache
def _a_law_levels() -> Signal:
    levels = []
    for code in range(128):
        segment, step = code >> 4, code & 15
        levels.append((step << 4) + 8 if segment == 0 else ((step << 4) + 0x108) << (segment - 1))
    return np.sort(np.array(levels + [-level for level in levels], np.float64))
