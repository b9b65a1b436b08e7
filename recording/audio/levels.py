"""Loudness: of every frame, of a track's speech, and the gain a recogniser should be given.

Recognisers are trained on speech at ordinary levels; speech at -55 dBFS is not heard at all. Each
track is therefore brought to one level first, without clipping.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from recording.audio.pcm import Samples

TARGET_DBFS: Final = -20.0
MAX_GAIN_DB: Final = 45.0
_HEADROOM: Final = 0.95
_FULL_SCALE: Final = 32768.0
_SILENT_DBFS: Final = -120.0


def frame_levels(frames: Samples) -> NDArray[np.float32]:
    """Return the RMS level in dBFS of each row of int16 [n, samples]; -120 for digital silence."""
    values = frames.astype(np.float32)
    power = np.einsum("ij,ij->i", values, values) / (frames.shape[1] * _FULL_SCALE**2)
    levels: NDArray[np.float32] = (10 * np.log10(np.maximum(power, 1e-12))).astype(np.float32)
    return levels


def mean_level(levels: NDArray[np.float32]) -> float | None:
    """Return the level of the mean power of frames, dBFS; None when there are none."""
    if not len(levels):
        return None
    return float(10 * np.log10(np.mean(np.power(10.0, levels.astype(np.float64) / 10))))


def gain_to_target(level_dbfs: float | None) -> float:
    """Return the factor that brings speech to -20 dBFS, at most 45 dB up."""
    if level_dbfs is None or level_dbfs <= _SILENT_DBFS:
        return 1.0
    return float(10 ** (min(TARGET_DBFS - level_dbfs, MAX_GAIN_DB) / 20))


def amplify(samples: Samples, gain: float) -> Samples:
    """Return samples times gain; a stretch whose peak would clip is given less."""
    peak = int(np.abs(samples.astype(np.int32)).max(initial=0))
    if gain > 1 and peak:
        gain = max(1.0, min(gain, _HEADROOM * _FULL_SCALE / peak))
    if gain == 1.0:
        return samples
    louder: Samples = np.rint(samples * np.float32(gain)).astype(np.int16)
    return louder
