"""Waveform peaks: the lowest and highest sample of every hundredth of a second, for the player.

Drawn from a small blob, a long call opens at once and the browser never decodes it to draw it.
Layout of the blob: `SSPK`, version, channels, peaks per second (uint16), count (uint32), then int8
[count, channels, 2]; little-endian.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from core.errors import BadInput
from recording.audio.pcm import Samples
from recording.audio.reading import AudioSource

PEAKS_PER_S: Final = 100
_VERSION: Final = 1
_HEADER: Final = struct.Struct("<4sBBHI")
_MAGIC: Final = b"SSPK"
_CHUNK_S: Final = 30


def write_peaks(source: AudioSource, target: BinaryIO) -> None:
    """Write the peaks of a whole recording, which reads it once from front to back."""
    target.write(bytes(_HEADER.size))
    count = 0
    step = _CHUNK_S * source.rate
    start = 0
    while len(samples := source.read(start, step)):
        peaks = _peaks(samples, source.rate)
        target.write(peaks.tobytes())
        count += len(peaks)
        start += len(samples)
    target.seek(0)
    target.write(_HEADER.pack(_MAGIC, _VERSION, source.channels, PEAKS_PER_S, count))
    target.seek(0)


def read_peaks(path: Path, points: int) -> list[list[list[int]]]:
    """Return for each channel at most `points` pairs [lowest, highest], -128 to 127."""
    with path.open("rb") as file:
        header = file.read(_HEADER.size)
        if len(header) < _HEADER.size or header[:4] != _MAGIC:
            raise BadInput(f"{path.name}: not a peaks blob")
        _, _, channels, _, count = _HEADER.unpack(header)
    if not count:
        return [[] for _ in range(channels)]
    peaks = np.memmap(path, np.int8, "r", _HEADER.size, (count, channels, 2))
    edges = np.unique(np.arange(points) * count // points) if points < count else np.arange(count)
    lowest = np.minimum.reduceat(peaks[:, :, 0], edges, axis=0)
    highest = np.maximum.reduceat(peaks[:, :, 1], edges, axis=0)
    drawn: list[list[list[int]]] = np.stack([lowest, highest], axis=2).transpose(1, 0, 2).tolist()
    return drawn


def _peaks(samples: Samples, rate: int) -> NDArray[np.int8]:
    """Return int8 [n, channels, 2] of whole seconds (the last chunk may be shorter)."""
    bins = -(-len(samples) * PEAKS_PER_S // rate)
    edges = np.arange(bins) * rate // PEAKS_PER_S
    lowest = np.minimum.reduceat(samples, edges, axis=0)
    highest = np.maximum.reduceat(samples, edges, axis=0)
    return np.trunc(np.stack([lowest, highest], axis=2) / 256.0).astype(np.int8)
