"""Signal tones: ringback, busy and dial tones are single sinusoids, which no voice holds.

A voice-activity detector takes a loud tone for a voice. In China every call-progress tone is 450 Hz
(GB 3380); other countries use single tones or pairs close to it. Pairs such as DTMF are not found here.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from recording.audio.pcm import Samples

_MAX_RESIDUAL: Final = 0.002
"""A tone through G.711 leaves -27 dB or less of itself; the voices measured above 300 Hz leave more than -23 dB."""
_LOWEST_HZ: Final = 300.0
_STEADY_HZ: Final = 10.0
_MIN_FRAMES: Final = 10
"""0.3 s: a Chinese busy tone lasts 0.35 s."""


def tone_frequencies(frames: Samples, rate: int) -> NDArray[np.float32]:
    """Return for each row of int16 [n, samples] the frequency of its single sinusoid in Hz, or NaN.

    For a sinusoid x[i-1] + x[i+1] = 2 cos(w) x[i] everywhere; what that leaves over is not the tone.
    """
    values = frames.astype(np.float32)
    middle, around = values[:, 1:-1], values[:, :-2] + values[:, 2:]
    cross = np.einsum("ij,ij->i", middle, around)
    square = np.einsum("ij,ij->i", around, around)
    power = np.einsum("ij,ij->i", middle, middle)
    residual = 1 - cross**2 / np.maximum(square * power, 1)
    cosine = np.clip(square / (2 * np.where(cross == 0, np.inf, cross)), -1, 1)
    hertz = np.arccos(cosine) * rate / (2 * np.pi)
    found: NDArray[np.float32] = np.where(
        (residual < _MAX_RESIDUAL) & (power > 0) & (hertz >= _LOWEST_HZ), hertz, np.nan
    ).astype(np.float32)
    return found


def steady_tones(hertz: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Mark the frames of runs of at least 0.3 s in which the frequency stays within 10 Hz."""
    tone = np.zeros(len(hertz), np.bool_)
    where = np.flatnonzero(~np.isnan(hertz))
    breaks = np.flatnonzero((np.diff(where) > 1) | (np.abs(np.diff(hertz[where])) > _STEADY_HZ)) + 1
    for run in np.split(where, breaks):
        if len(run) >= _MIN_FRAMES:
            tone[run] = True
    return tone
