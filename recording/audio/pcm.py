"""Linear PCM and G.711 by NumPy: every frame of these codings stands alone, so any place can be read at once.

G.711 is expanded by a table of 256 entries (ITU-T G.711, tables 1a and 2a, scaled to 16 bits).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.int16]


def _a_law_table() -> Samples:
    code = np.arange(256) ^ 0x55
    exponent, mantissa = (code >> 4) & 7, code & 15
    magnitude = np.where(
        exponent == 0, (mantissa << 4) + 8, ((mantissa << 4) + 0x108) << np.maximum(exponent - 1, 0)
    )
    return np.where(code & 0x80, magnitude, -magnitude).astype(np.int16)


def _mu_law_table() -> Samples:
    code = ~np.arange(256) & 0xFF
    magnitude = (((code & 15) << 3) + 0x84 << ((code >> 4) & 7)) - 0x84
    return np.where(code & 0x80, -magnitude, magnitude).astype(np.int16)


_A_LAW: Final = _a_law_table()
_MU_LAW: Final = _mu_law_table()


def _linear_24(raw: bytes) -> Samples:
    upper: Samples = np.frombuffer(raw, np.uint8).reshape(-1, 3)[:, 1:].copy().view("<i2").reshape(-1)
    return upper


def _from_float(raw: bytes, kind: str) -> Samples:
    values = np.nan_to_num(np.frombuffer(raw, kind), nan=0.0, posinf=1.0, neginf=-1.0)
    clipped: Samples = np.clip(np.rint(values * 32768.0), -32768, 32767).astype(np.int16)
    return clipped


DECODERS: Final[dict[str, tuple[int, Callable[[bytes], Samples]]]] = {
    "PCM_U8": (1, lambda raw: (np.frombuffer(raw, np.uint8).astype(np.int16) - 128) << 8),
    "PCM_16": (2, lambda raw: np.frombuffer(raw, "<i2")),
    "PCM_24": (3, _linear_24),
    "PCM_32": (4, lambda raw: (np.frombuffer(raw, "<i4") >> 16).astype(np.int16)),
    "FLOAT": (4, lambda raw: _from_float(raw, "<f4")),
    "DOUBLE": (8, lambda raw: _from_float(raw, "<f8")),
    "ALAW": (1, lambda raw: _A_LAW[np.frombuffer(raw, np.uint8)]),
    "ULAW": (1, lambda raw: _MU_LAW[np.frombuffer(raw, np.uint8)]),
}
"""Coding → bytes of one sample, and how to make 16-bit samples of them."""


class PcmReader:
    """Random access to uncompressed samples in a stretch of a file."""

    def __init__(self, path: Path, *, coding: str, channels: int, rate: int, start: int, size: int) -> None:
        width, self._decode = DECODERS[coding]
        self._file = path.open("rb")
        self._start, self._align = start, width * channels
        self.rate, self.channels = rate, channels
        self.frames = size // self._align

    def read(self, start: int, count: int) -> Samples:
        """Return int16 [n, channels]; n is less than count only at the end of the sound."""
        count = max(0, min(count, self.frames - start))
        self._file.seek(self._start + start * self._align)
        raw = self._file.read(count * self._align)
        whole = len(raw) - len(raw) % self._align
        samples: Samples = self._decode(raw[:whole]).reshape(-1, self.channels)
        return samples

    def close(self) -> None:
        """Close the file."""
        self._file.close()
