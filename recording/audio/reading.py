"""Opens the files of one recording as one `AudioSource`: 16-bit samples at any place, whatever the coding.

A recording is one mono file, one two-channel file, or one mono file for each leg. Legs start
together; a shorter one is silent at its end. Everything that can be refused is refused here, from
the header and before a sample is decoded.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, Self

import numpy as np

from core.errors import BadInput
from core.i18n import gettext as _
from recording.audio import wav
from recording.audio.compressed import CompressedReader
from recording.audio.patched import open_patched
from recording.audio.pcm import DECODERS, PcmReader, Samples

LOWEST_RATE: Final = 8_000
HIGHEST_RATE: Final = 192_000


@dataclass(frozen=True, slots=True)
class AudioFile:
    """A file of a recording: where its bytes are, and the name it came with (a blob has no suffix)."""

    path: Path
    name: str


@dataclass(frozen=True, slots=True)
class RawFormat:
    """What a file without a header holds; its suffix is all there is to go by."""

    coding: str
    rate: int
    channels: int = 1


RAW_FORMATS: Final[dict[str, RawFormat]] = {
    ".alaw": RawFormat("ALAW", 8000),
    ".al": RawFormat("ALAW", 8000),
    ".ulaw": RawFormat("ULAW", 8000),
    ".ul": RawFormat("ULAW", 8000),
    ".mulaw": RawFormat("ULAW", 8000),
    ".pcm": RawFormat("ULAW", 8000),
    ".sln": RawFormat("PCM_16", 8000),
    ".sln16": RawFormat("PCM_16", 16000),
    ".sln32": RawFormat("PCM_16", 32000),
    ".sln48": RawFormat("PCM_16", 48000),
    ".gsm": RawFormat("GSM610", 8000),
    ".raw": RawFormat("PCM_16", 8000, channels=2),
}
"""Asterisk's headerless formats; `.pcm` is its name for mu-law, `.raw` is what MixMonitor's option D writes."""

CONTAINER_SUFFIXES: Final = frozenset(
    {".wav", ".wav49", ".mp3", ".ogg", ".oga", ".opus", ".flac", ".au", ".w64"}
)
SUFFIXES: Final = CONTAINER_SUFFIXES | RAW_FORMATS.keys()
"""What an import looks at in a folder."""

_WAV_CODINGS: Final = {
    (wav.PCM, 8): "PCM_U8",
    (wav.PCM, 16): "PCM_16",
    (wav.PCM, 24): "PCM_24",
    (wav.PCM, 32): "PCM_32",
    (wav.IEEE_FLOAT, 32): "FLOAT",
    (wav.IEEE_FLOAT, 64): "DOUBLE",
    (wav.A_LAW, 8): "ALAW",
    (wav.MU_LAW, 8): "ULAW",
}


class _Reader(Protocol):
    rate: int
    channels: int
    frames: int

    def read(self, start: int, count: int) -> Samples: ...
    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class _Opened:
    reader: _Reader
    encoding: str
    notice: str = ""


class AudioSource:
    """The sound of one recording. Not for two threads at once: each takes its own by `reopen`."""

    def __init__(self, files: tuple[AudioFile, ...], opened: Sequence[_Opened], frames: int | None) -> None:
        self._files, self._limit = files, frames
        self._readers = [one.reader for one in opened]
        self.rate = self._readers[0].rate
        self.channels = sum(reader.channels for reader in self._readers)
        self.encodings = tuple(one.encoding for one in opened)
        """Of each file, in order, e.g. `WAV/PCM_16`, `RAW/ALAW@8000`."""
        self.notices = tuple(
            f"{file.name}: {o.notice}" for file, o in zip(files, opened, strict=True) if o.notice
        )
        """What was repaired, one sentence each."""

    @property
    def frames(self) -> int:
        """Length of the longest leg. It shrinks when reading shows that a file was torn."""
        longest = max(reader.frames for reader in self._readers)
        return longest if self._limit is None else min(longest, self._limit)

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.frames / self.rate

    @property
    def encoding(self) -> str:
        """All encodings in one label."""
        return " + ".join(self.encodings)

    def read(self, start: int, count: int) -> Samples:
        """Return int16 [n, channels] from a frame on; n is less than count only at the end."""
        count = max(0, min(count, self.frames - start))
        legs = [reader.read(start, count) for reader in self._readers]
        if len(legs) == 1:
            return legs[0]
        longest = max(len(leg) for leg in legs)
        return np.hstack([np.pad(leg, ((0, longest - len(leg)), (0, 0))) for leg in legs])

    def reopen(self) -> AudioSource:
        """Open the same sound once more, for another thread."""
        return open_audio(self._files, frames=self.frames)

    def close(self) -> None:
        """Close the files."""
        for reader in self._readers:
            reader.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_audio(
    files: Sequence[AudioFile], *, frames: int | None = None, max_duration_s: float = 24 * 3600.0
) -> AudioSource:
    """Open one recording.

    Args:
        files: one file of one or two channels, or two mono files, one for each leg, in channel order.
        frames: length found when the recording was taken in; None: what the headers say.
        max_duration_s: longer recordings are refused.

    Raises:
        BadInput: empty, not sound, too many channels or files, legs that do not fit, absurd rate, too long.
    """
    with ExitStack() as on_refusal:
        opened: list[_Opened] = []
        for file in files:
            opened.append(_open_file(file, max_duration_s))
            on_refusal.callback(opened[-1].reader.close)
            _check(file.name, opened[-1].reader, len(files), max_duration_s)
        _check_legs(files, opened)
        on_refusal.pop_all()
    return AudioSource(tuple(files), opened, frames)


def _check_legs(files: Sequence[AudioFile], opened: Sequence[_Opened]) -> None:
    if len({one.reader.rate for one in opened}) > 1:
        rates = ", ".join(f"{f.name} {o.reader.rate} Hz" for f, o in zip(files, opened, strict=True))
        raise BadInput(_("the legs of one recording must have one sample rate: %(rates)s", rates=rates))


def _check(name: str, reader: _Reader, files: int, max_duration_s: float) -> None:
    if files > 2:
        raise BadInput(
            _(
                "%(count)s files for one recording; give one file, or one for each of the two legs",
                count=files,
            )
        )
    if not LOWEST_RATE <= reader.rate <= HIGHEST_RATE:
        raise BadInput(
            _(
                "%(name)s: a sample rate of %(rate)s Hz; speech needs %(lowest)s to %(highest)s",
                name=name,
                rate=reader.rate,
                lowest=LOWEST_RATE,
                highest=HIGHEST_RATE,
            )
        )
    if files == 2 and reader.channels != 1:
        raise BadInput(_("%(name)s: %(count)s channels; a leg has one", name=name, count=reader.channels))
    if reader.channels > 2:
        raise BadInput(
            _(
                "%(name)s: %(count)s channels; a call has one (mixed) or two (agent and caller)",
                name=name,
                count=reader.channels,
            )
        )
    if reader.frames < 1:
        raise BadInput(_("%(name)s: there is no sound in it", name=name))
    if (duration_s := reader.frames / reader.rate) > max_duration_s:
        raise BadInput(
            _(
                "%(name)s: %(hours).1f hours long; the longest taken in is %(longest).1f "
                "(setting recording.max_duration_s)",
                name=name,
                hours=duration_s / 3600,
                longest=max_duration_s / 3600,
            )
        )


def _open_file(file: AudioFile, longest_s: float) -> _Opened:
    try:
        with file.path.open("rb") as stream:
            head = stream.read(512)
    except (FileNotFoundError, IsADirectoryError, PermissionError) as error:
        raise BadInput(
            _("%(name)s: cannot be read (%(reason)s)", name=file.name, reason=error.strerror)
        ) from None
    if not head:
        raise BadInput(_("%(name)s: the file is empty (0 bytes)", name=file.name))
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return _open_wav(file, longest_s)
    raw = RAW_FORMATS.get(Path(file.name).suffix.lower())
    if raw is not None:
        return _open_raw(file, raw, longest_s)
    if _is_text(head):
        raise BadInput(_("%(name)s: this is text, not sound", name=file.name))
    reader = CompressedReader(file.path, file.name, longest_s=longest_s)
    return _Opened(reader, reader.encoding)


def _open_wav(file: AudioFile, longest_s: float) -> _Opened:
    with file.path.open("rb") as stream:
        layout = wav.read_layout(stream, file.name)
    coding = _WAV_CODINGS.get((layout.format_tag, layout.bits))
    if coding is None or layout.channels < 1:
        repaired = (
            open_patched(file.path, at=layout.size_at, size=layout.size) if layout.notice else file.path
        )
        reader = CompressedReader(repaired, file.name, longest_s=longest_s)
        return _Opened(reader, reader.encoding, layout.notice)
    uncompressed = PcmReader(
        file.path,
        coding=coding,
        channels=layout.channels,
        rate=layout.rate,
        start=layout.start,
        size=layout.size,
    )
    return _Opened(uncompressed, f"WAV/{coding}", layout.notice)


def _open_raw(file: AudioFile, raw: RawFormat, longest_s: float) -> _Opened:
    label = f"RAW/{raw.coding}@{raw.rate}"
    if raw.coding in DECODERS:
        size = file.path.stat().st_size
        return _Opened(
            PcmReader(file.path, coding=raw.coding, channels=raw.channels, rate=raw.rate, start=0, size=size),
            label,
        )
    reader = CompressedReader(
        file.path,
        file.name,
        longest_s=longest_s,
        samplerate=raw.rate,
        channels=raw.channels,
        format="RAW",
        subtype=raw.coding,
    )
    return _Opened(reader, label)


def _is_text(head: bytes) -> bool:
    try:
        text = head.decode("utf-8", errors="strict" if len(head) < 512 else "ignore")
    except UnicodeDecodeError:
        return False
    return len(text) > len(head) / 4 and all(c.isprintable() or c in "\r\n\t\f" for c in text)
