"""Compressed sound (MP3, Ogg Opus and Vorbis, FLAC, GSM, ADPCM) through libsndfile.

libsndfile is not asked where it cannot be trusted: GSM cannot seek, so going back means starting
again; a FLAC that was piped has no length, so it is counted.
"""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO, Final

import numpy as np
import soundfile

from core.errors import BadInput
from core.i18n import gettext as _
from recording.audio.pcm import Samples

_CHUNK: Final = 1 << 19
_NO_LENGTH: Final = 1 << 40
"""libsndfile gives a huge number when a stream does not tell its length."""


_BAD_FILE: Final = 7
"""libsndfile's "file does not exist or is not a regular file", which it also says of an MP3 it gives up on."""


class _Forward(soundfile.SoundFile):  # type: ignore[misc]  # soundfile has no type information
    """A sound file read from front to back: soundfile seeks after every read of a file it may seek in."""

    def seekable(self) -> bool:
        return False


class CompressedReader:
    """Random access to a file that libsndfile decodes.

    `frames` is what the header promises, until reading shows that the file ends earlier.
    """

    def __init__(self, source: Path | BinaryIO, name: str, *, longest_s: float, **raw: str | int) -> None:
        """Open a file, or a stream with a repaired header; `raw` is rate, channels and coding of a headerless one.

        A file without a length is counted, but not further than `longest_s`.
        """
        self._source, self._raw, self._name = source, raw, name
        self._file = self._open(soundfile.SoundFile)
        self._forward = not self._file.seekable() or not 0 < self._file.frames < _NO_LENGTH
        self.rate: int = self._file.samplerate
        self.channels: int = self._file.channels
        self.encoding = f"{self._file.format}/{self._file.subtype}"
        self._at = 0
        if self._forward:
            self._restart()
        self.frames: int = self._file.frames if 0 < self._file.frames < _NO_LENGTH else self._count(longest_s)

    def read(self, start: int, count: int) -> Samples:
        """Return int16 [n, channels]; n is less than count at the end, or where the file is torn."""
        count = max(0, min(count, self.frames - start))
        try:
            if start != self._at:
                self._seek(start)
            samples: Samples = self._file.read(count, dtype="int16", always_2d=True)
        except soundfile.LibsndfileError:  # torn in the middle of a packet: what came before was good
            samples = np.zeros((0, self.channels), np.int16)
        self._at = start + len(samples)
        if len(samples) < count:
            self.frames = self._at
        return samples

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        if not isinstance(self._source, Path):
            self._source.close()

    def _seek(self, start: int) -> None:
        if not self._forward:
            self._at = self._file.seek(start)
            return
        if start < self._at:
            self._restart()
        while self._at < start:
            skipped = len(self._file.read(min(_CHUNK, start - self._at), dtype="int16"))
            if not skipped:
                self.frames = self._at
                return
            self._at += skipped

    def _restart(self) -> None:
        self._file.close()
        self._file = self._open(_Forward)
        self._at = 0

    def _open(self, kind: type[soundfile.SoundFile]) -> soundfile.SoundFile:
        if not isinstance(self._source, Path):
            self._source.seek(0)
        try:
            return kind(self._source, **self._raw)
        except soundfile.LibsndfileError as error:
            told = str(error.error_string).rstrip(".")
            reason = _("its content is damaged") if error.code == _BAD_FILE else told
            raise BadInput(
                _(
                    "%(name)s: not a sound file that can be read (%(reason)s); "
                    "give WAV, MP3, Ogg, FLAC or a raw telephone format",
                    name=self._name,
                    reason=reason,
                )
            ) from None

    def _count(self, longest_s: float) -> int:
        counted = 0
        while counted <= longest_s * self.rate and (got := len(self._file.read(_CHUNK, dtype="int16"))):
            counted += got
        self._restart()
        return counted
