"""Byte ranges of a recording (RFC 9110, section 14): how a browser seeks without loading everything."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from werkzeug.datastructures import Range

_CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class ByteRange:
    """Bytes `start` to `stop` (exclusive) of `size`."""

    start: int
    stop: int
    size: int

    @property
    def header(self) -> str:
        """Value of Content-Range."""
        return f"bytes {self.start}-{self.stop - 1}/{self.size}"

    @property
    def length(self) -> int:
        """Number of bytes."""
        return self.stop - self.start


def chosen_range(asked: Range | None, size: int) -> ByteRange | None:
    """Return the one range to answer with, or None for the whole file.

    A header that is no byte range, or asks for several ranges, may be ignored (RFC 9110, 14.2).

    Raises:
        ValueError: the range lies outside the file (416).
    """
    if asked is None or asked.units != "bytes" or len(asked.ranges) != 1:
        return None
    limits = asked.range_for_length(size)
    if limits is None or limits[0] >= limits[1]:
        message = f"no bytes in {asked.to_header()} of {size}"
        raise ValueError(message)
    return ByteRange(limits[0], min(limits[1], size), size)


def in_chunks(read: Callable[[int, int], bytes], start: int, stop: int) -> Iterator[bytes]:
    """Yield the bytes piece by piece."""
    while start < stop and (piece := read(start, min(_CHUNK, stop - start))):
        yield piece
        start += len(piece)
