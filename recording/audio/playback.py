"""A recording as one 16-bit WAV file that exists only where somebody looks.

A browser seeks by HTTP range requests. Each range is decoded from the originals when it is asked
for: no second copy is stored, and memory does not grow with the length of the call.
"""

from __future__ import annotations

import struct
from typing import Final, Self

from recording.audio.reading import AudioSource

_HEADER_SIZE: Final = 44
_LARGEST_FIELD: Final = 0xFFFFFFFF


class PlaybackWav:
    """The bytes of `<recording>.wav`: mono, or caller and agent as two channels."""

    def __init__(self, source: AudioSource) -> None:
        self._source = source
        self._align = 2 * source.channels
        self.size = _HEADER_SIZE + source.frames * self._align

    def read(self, offset: int, length: int) -> bytes:
        """Return the bytes of a range, fewer only at the end of the file; the caller bounds `length`."""
        end = min(offset + length, self.size)
        if end <= offset:
            return b""
        head = self._header()[offset:end] if offset < _HEADER_SIZE else b""
        start = max(offset, _HEADER_SIZE) - _HEADER_SIZE
        return head + self._sound(start, end - _HEADER_SIZE)

    def _sound(self, start: int, end: int) -> bytes:
        if end <= start:
            return b""
        first = start // self._align
        count = -(-end // self._align) - first
        samples = self._source.read(first, count).astype("<i2", copy=False).tobytes()
        samples = samples.ljust(count * self._align, b"\0")  # a torn file: the promised size stands
        return samples[start - first * self._align : end - first * self._align]

    def _header(self) -> bytes:
        sound = min(self.size - _HEADER_SIZE, _LARGEST_FIELD)
        source, riff = self._source, min(self.size - 8, _LARGEST_FIELD)
        form = struct.pack(
            "<4sIHHIIHH",
            b"fmt ",
            16,
            1,
            source.channels,
            source.rate,
            source.rate * self._align,
            self._align,
            16,
        )
        return struct.pack("<4sI4s", b"RIFF", riff, b"WAVE") + form + struct.pack("<4sI", b"data", sound)

    def close(self) -> None:
        """Close the recording's files."""
        self._source.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
