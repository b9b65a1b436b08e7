"""A read-only view of a WAV file whose data chunk tells its real size.

Only for codings that libsndfile must decode: the file itself is never changed.
"""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import BinaryIO

_RIFF_SIZE_AT = 4


def open_patched(path: Path, *, at: int, size: int) -> BinaryIO:
    """Open a WAV file with the size of its sound, told at offset `at`, put right."""
    return io.BufferedReader(_PatchedFile(path, at=at, size=size))


class _PatchedFile(io.RawIOBase):
    """The file with two 32-bit sizes replaced: RIFF's own and that of the data chunk."""

    def __init__(self, path: Path, *, at: int, size: int) -> None:
        super().__init__()
        self._file = path.open("rb")
        total = path.stat().st_size
        self._patches = {
            _RIFF_SIZE_AT: min(total - 8, 0xFFFFFFFF).to_bytes(4, "little"),
            at: min(size, 0xFFFFFFFF).to_bytes(4, "little"),
        }

    def readable(self) -> bool:
        """Say yes."""
        return True

    def seekable(self) -> bool:
        """Say yes."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move; return the new place."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """Return the place."""
        return self._file.tell()

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # typeshed wants every buffer
        """Fill a buffer; return how many bytes came."""
        start = self._file.tell()
        content = bytearray(self._file.read(len(buffer)))
        for at, patch in self._patches.items():
            for offset, byte in enumerate(patch, at - start):
                if 0 <= offset < len(content):
                    content[offset] = byte
        buffer[: len(content)] = content
        return len(content)

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()
