"""Kaldi's binary notation, the part the demo model needs: tokens, numbers, vectors and matrices.

Little endian. A scalar is preceded by its size in bytes; a matrix is `FM` (floats) or `CM2` (two bytes a value
over the matrix' own range), as in Kaldi's matrix/kaldi-matrix.cc and matrix/compressed-matrix.cc.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_FOUR_BYTES = b"\x04"


class KaldiWriter:
    """Collects bytes; `compress` stores matrices as two-byte values."""

    def __init__(self, *, compress: bool = False) -> None:
        self._parts: list[bytes] = []
        self._compress = compress

    def to_bytes(self) -> bytes:
        """All that was written."""
        return b"".join(self._parts)

    def raw(self, part: bytes) -> None:
        """Write bytes as they are."""
        self._parts.append(part)

    def token(self, *names: str) -> None:
        """Write names, each followed by a space."""
        self._parts.extend(f"{name} ".encode() for name in names)

    def integer(self, *values: int) -> None:
        """Write 32-bit integers."""
        self._parts.extend(_FOUR_BYTES + struct.pack("<i", value) for value in values)

    def number(self, value: float) -> None:
        """Write a 32-bit float."""
        self.raw(_FOUR_BYTES + struct.pack("<f", value))

    def integers(self, values: Sequence[int]) -> None:
        """Write a vector of integers."""
        self.raw(_FOUR_BYTES + struct.pack("<i", len(values)) + np.asarray(values, "<i4").tobytes())

    def vector(self, values: Floats) -> None:
        """Write a vector of floats."""
        self.token("FV")
        self.integer(len(values))
        self.raw(np.asarray(values, "<f4").tobytes())

    def matrix(self, matrix: Floats) -> None:
        """Write a matrix, row by row."""
        if self._compress:
            self._compressed(matrix)
            return
        self.token("FM")
        self.integer(*matrix.shape)
        self.raw(np.ascontiguousarray(matrix, "<f4").tobytes())

    def _compressed(self, matrix: Floats) -> None:
        low, span = float(matrix.min()), float(matrix.max() - matrix.min())
        steps = np.round((matrix.astype(np.float64) - low) / (span or 1.0) * 65535)
        self.token("CM2")
        self.raw(struct.pack("<ffii", low, span, *matrix.shape))
        self.raw(np.clip(steps, 0, 65535).astype("<u2").tobytes())


class KaldiReader:
    """Reads what `KaldiWriter` writes.

    Every method raises ValueError where the bytes are not what it expects.
    """

    def __init__(self, content: bytes, position: int = 0) -> None:
        self._content = content
        self._at = position

    def token(self) -> str:
        """The next name."""
        end = self._content.index(b" ", self._at)
        name = self._content[self._at : end].decode()
        self._at = end + 1
        return name

    def expect(self, *names: str) -> None:
        """Read names that must come next."""
        for name in names:
            at = self._at
            if (found := self.token()) != name:
                message = f"expected {name} at byte {at}, found {found!r}"
                raise ValueError(message)

    def text_until(self, mark: bytes) -> str:
        """Text up to a mark, which is skipped."""
        start = self._at
        self.skip_past(mark)
        return self._content[start : self._at - len(mark)].decode()

    def skip_past(self, mark: bytes) -> None:
        """Leave out everything up to and with a mark."""
        self._at = self._content.index(mark, self._at) + len(mark)

    def integer(self) -> int:
        """A 32-bit integer."""
        return int(self._scalar("<i"))

    def number(self) -> float:
        """A 32-bit float."""
        return float(self._scalar("<f"))

    def vector(self) -> Floats:
        """A vector of floats."""
        self.expect("FV")
        return self._values("<f4", self.integer())

    def matrix(self) -> Floats:
        """A matrix of floats, decompressed when needed."""
        if (kind := self.token()) == "FM":
            rows, columns = self.integer(), self.integer()
            return self._values("<f4", rows * columns).reshape(rows, columns)
        if kind != "CM2":
            message = f"a matrix of kind {kind!r} is not supported (at byte {self._at})"
            raise ValueError(message)
        low, span, rows, columns = struct.unpack_from("<ffii", self._content, self._at)
        self._at += 16
        steps = self._values("<u2", rows * columns).reshape(rows, columns)
        matrix: Floats = (low + span * (steps.astype(np.float64) / 65535)).astype(np.float32)
        return matrix

    def _scalar(self, layout: str) -> float:
        if self._content[self._at : self._at + 1] != _FOUR_BYTES:
            message = f"expected a four-byte number at byte {self._at}"
            raise ValueError(message)
        (value,) = struct.unpack_from(layout, self._content, self._at + 1)
        self._at += 5
        return float(value) if layout == "<f" else int(value)

    def _values(self, layout: str, count: int) -> Floats:
        values = np.frombuffer(self._content, layout, count, self._at)
        self._at += values.nbytes
        return values.astype(np.float32)
