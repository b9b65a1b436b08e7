"""Reads the chunk list of a RIFF/WAVE file without trusting its sizes.

A recorder writes the sizes when it closes the file. After a crash, and while the call still runs,
the header says 0 or too few bytes although the sound is there; a copy that broke off says too many.
The sound is what the file really holds.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from typing import BinaryIO, Final

from core.errors import BadInput
from core.i18n import gettext as _

PCM: Final = 0x0001
IEEE_FLOAT: Final = 0x0003
A_LAW: Final = 0x0006
MU_LAW: Final = 0x0007
GSM_610: Final = 0x0031
_EXTENSIBLE: Final = 0xFFFE
_UNKNOWN_LENGTH: Final = 0xFFFFFFFF
"""What a program writes that streams into a pipe."""


@dataclass(frozen=True, slots=True)
class WavLayout:
    """Where the sound of a WAV file is and how it is coded."""

    format_tag: int
    channels: int
    rate: int
    block_align: int
    bits: int
    size_at: int
    """Offset of the data chunk's size field."""
    start: int
    """Offset of the first byte of sound."""
    size: int
    """Bytes of sound that are really there."""
    notice: str
    """What was repaired; empty when the header told the truth."""


def read_layout(file: BinaryIO, name: str) -> WavLayout:
    """Find format and sound of a WAV file; raises BadInput when there is neither."""
    end = file.seek(0, os.SEEK_END)
    position, form = 12, b""
    while position + 8 <= end:
        file.seek(position)
        identity, size = struct.unpack("<4sI", file.read(8))
        if identity == b"fmt ":
            form = file.read(min(size, 40))
        if identity == b"data" and len(form) >= 16:
            return _layout(form, position + 4, size, _real_size(file, position + 8, size, end))
        position += 8 + size + size % 2
    raise BadInput(
        _("%(name)s: a WAV header without sound; the recording broke off before its first second", name=name)
    )


def _layout(form: bytes, size_at: int, declared: int, real: int) -> WavLayout:
    tag, channels, rate, _bytes_per_s, block_align, bits = struct.unpack("<HHIIHH", form[:16])
    if tag == _EXTENSIBLE and len(form) >= 26:
        tag = struct.unpack("<H", form[24:26])[0]
    notice = "" if declared == real else _notice(declared, real)
    return WavLayout(tag, channels, rate, max(block_align, 1), bits, size_at, size_at + 4, real, notice)


def _notice(declared: int, real: int) -> str:
    if declared in (0, _UNKNOWN_LENGTH):
        return _("the WAV header says no length; read by its real size, %(real)s bytes", real=real)
    return _(
        "the WAV header says %(declared)s bytes of sound, the file holds %(real)s; read by its real size",
        declared=declared,
        real=real,
    )


def _real_size(file: BinaryIO, start: int, declared: int, end: int) -> int:
    """Bytes of sound: the declared size if that fits and only proper chunks follow, else all there is."""
    if declared and start + declared <= end and _only_chunks(file, start + declared + declared % 2, end):
        return declared
    return end - start


def _only_chunks(file: BinaryIO, position: int, end: int) -> bool:
    while position + 8 <= end:
        file.seek(position)
        identity, size = struct.unpack("<4sI", file.read(8))
        if not (identity.isascii() and identity.decode("ascii").isprintable()):
            return False
        position += 8 + size + size % 2
    return position - end in (-1, 0, 1)
