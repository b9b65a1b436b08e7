"""Where somebody speaks on each track: webrtcvad's opinion of every 30 ms, cleaned and joined.

webrtcvad alone calls faint cross-talk of the other party, loud tones and line noise speech. A frame
counts only if it is also loud enough beside the track's own speech and beside the other track at
that moment, and no steady tone. Music on hold still passes: where the call log knows the holds,
`transcription` leaves them out.

Memory holds two small numbers for each frame and track, never the sound: ten hours are 10 MB.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import soxr
import webrtcvad
from numpy.typing import NDArray

from recording.audio import AudioSource
from recording.audio.levels import amplify, frame_levels, gain_to_target, mean_level
from recording.audio.pcm import Samples
from recording.audio.tones import steady_tones, tone_frequencies
from recording.transcript import Span

AGGRESSIVENESS: Final = 0
"""webrtcvad's mode, 0 (lets most through) to 3. With noise 10 dB below the speech, mode 2 loses one word in twelve,
mode 1 one in fifty, mode 0 none; what it lets through beside speech is taken out by level."""
FRAME_S: Final = 0.03
FLOOR_DBFS: Final = -70.0
"""Nothing below is speech: the idle pattern of A-law is at -72 dBFS."""
DYNAMIC_RANGE_DB: Final = 30.0
"""Frames this far below a track's loud speech are noise."""
ALWAYS_LOUD_DBFS: Final = -45.0
"""Frames louder than this are never taken for noise, whatever else (hold music) is on the track."""
CROSSTALK_DB: Final = 20.0
"""Frames this far below the other track at the same moment are its echo: hybrids return -15 to -40 dB."""
MERGE_GAP_S: Final = 0.3
"""Shorter gaps are inside a word or between two words."""
MIN_VOICED_S: Final = 0.12
"""A stretch with less voice is a click."""
FLOOR_PERCENTILE: Final = 10
"""The noise of half a minute is the level that a tenth of its frames do not reach."""
ABOVE_NOISE_DB: Final = 10.0
"""Speech stands out of the noise; webrtcvad needs seconds to learn what the noise is and calls it speech until then."""
CLEAR_BELOW_LOUD_DB: Final = 15.0
"""But where the noise is loud, so that standing out would cost words, only frames this far below loud speech go."""
QUIET_DBFS: Final = -32.0
"""Stretches whose loud frames are below this are raised before webrtcvad judges them: it is deaf below about -45."""
UNHEARD_NOISE_DBFS: Final = -50.0
"""A floor up to here stays silent to webrtcvad when it is raised: of noise at -40 dBFS it takes 1 % for speech, at -20 all."""
NATIVE_RATES: Final = frozenset({8000, 16000, 32000, 48000})
RESAMPLED_TO: Final = 16000
_CHUNK_FRAMES: Final = 1000


@dataclass(frozen=True, slots=True)
class TrackSpeech:
    """The speech of one track and its RMS level."""

    spans: tuple[Span, ...]
    level_dbfs: float | None

    @property
    def total_s(self) -> float:
        """Seconds of speech."""
        return sum(span.end_s - span.start_s for span in self.spans)


def find_speech(source: AudioSource) -> list[TrackSpeech]:
    """Read a recording once, from front to back, and find the speech on each of its tracks."""
    listeners = [_Listener(source) for _ in range(source.channels)]
    for samples in _blocks(source):
        for channel, listener in enumerate(listeners):
            listener.hear(samples[:, :, channel])
    levels = [listener.levels() for listener in listeners]
    return [
        listener.finish(levels[channel], _echo(levels[:channel] + levels[channel + 1 :]), source.duration_s)
        for channel, listener in enumerate(listeners)
    ]


def widen(spans: tuple[Span, ...], by_s: float, duration_s: float) -> tuple[Span, ...]:
    """Return the spans with `by_s` more on both sides, joined where they now touch."""
    wide: list[Span] = []
    for span in spans:
        start_s, end_s = max(0.0, span.start_s - by_s), min(duration_s, span.end_s + by_s)
        if wide and start_s <= wide[-1].end_s:
            wide[-1] = Span(wide[-1].start_s, max(end_s, wide[-1].end_s))
        else:
            wide.append(Span(start_s, end_s))
    return tuple(wide)


def _vad_rate(rate: int) -> int:
    return rate if rate in NATIVE_RATES else RESAMPLED_TO


def _blocks(source: AudioSource) -> Iterator[Samples]:
    """Yield int16 [frames, samples of a frame, channels] at a rate webrtcvad takes; the last frame is padded."""
    size = round(_vad_rate(source.rate) * FRAME_S)
    rest = np.zeros((0, source.channels), np.int16)
    for chunk, last in _chunks(source):
        samples = np.concatenate([rest, chunk]) if len(rest) else chunk
        if last and len(samples) % size:
            samples = np.pad(samples, ((0, size - len(samples) % size), (0, 0)))
        whole = len(samples) - len(samples) % size
        rest = samples[whole:]
        if whole:
            yield samples[:whole].reshape(-1, size, source.channels)


def _chunks(source: AudioSource) -> Iterator[tuple[Samples, bool]]:
    """Yield the sound in chunks, resampled where webrtcvad needs that, and whether a chunk is the last."""
    rate = _vad_rate(source.rate)
    stream = None if rate == source.rate else soxr.ResampleStream(source.rate, rate, source.channels, "int16")
    step = round(source.rate * FRAME_S) * _CHUNK_FRAMES
    start, last = 0, False
    while not last:
        samples = source.read(start, step)
        start += len(samples)
        last = start >= source.frames
        if stream is not None:
            samples = stream.resample_chunk(samples, last).reshape(-1, source.channels)
        yield samples, last


class _Listener:
    """Collects one track's frames."""

    def __init__(self, source: AudioSource) -> None:
        self._rate = _vad_rate(source.rate)
        self._vad = webrtcvad.Vad(AGGRESSIVENESS)
        self._levels: list[NDArray[np.float32]] = []
        self._floors: list[NDArray[np.float32]] = []
        self._voiced: list[NDArray[np.bool_]] = []
        self._hertz: list[NDArray[np.float32]] = []

    def hear(self, frames: Samples) -> None:
        """Judge frames [n, samples]. Silent ones are settled by NumPy alone: hours of them take seconds."""
        frames = np.ascontiguousarray(frames)
        voiced = np.zeros(len(frames), np.bool_)
        hertz = np.full(len(frames), np.nan, np.float32)
        levels = np.full(len(frames), -120, np.float32)
        if frames.any():
            levels = frame_levels(frames)
        audible = np.flatnonzero(levels > FLOOR_DBFS)
        if len(audible):
            is_speech, rate = self._vad.is_speech, self._rate
            raised = _raised(frames, levels)
            voiced[audible] = [is_speech(raised[i].tobytes(), rate) for i in audible]
            hertz[audible] = tone_frequencies(frames[audible], rate)
        self._levels.append(levels)
        self._floors.append(np.full(len(frames), np.percentile(levels, FLOOR_PERCENTILE), np.float32))
        self._voiced.append(voiced)
        self._hertz.append(hertz)

    def levels(self) -> NDArray[np.float32]:
        """Return the level of every frame heard."""
        return np.concatenate(self._levels)

    def finish(
        self, levels: NDArray[np.float32], echo: NDArray[np.float32], duration_s: float
    ) -> TrackSpeech:
        """Join the frames to spans; `echo` is the level each frame must have to be no echo of the other track."""
        voiced = np.concatenate(self._voiced) & ~steady_tones(np.concatenate(self._hertz)) & (levels > echo)
        if voiced.any():
            voiced &= levels > _threshold(levels[voiced], np.concatenate(self._floors))
        spans = tuple(Span(s * FRAME_S, min(e * FRAME_S, duration_s)) for s, e in _stretches(voiced))
        return TrackSpeech(spans, mean_level(levels[voiced]))


def _raised(frames: Samples, levels: NDArray[np.float32]) -> Samples:
    """Raise a quiet stretch, but not its noise: webrtcvad takes loud even noise for a voice."""
    loud = float(np.percentile(levels[levels > FLOOR_DBFS], 95))
    floor = float(np.percentile(levels, FLOOR_PERCENTILE))
    if loud >= QUIET_DBFS:
        return frames
    highest = 10 ** ((UNHEARD_NOISE_DBFS - floor) / 20)
    return amplify(frames, max(1.0, min(gain_to_target(loud), highest)))


def _echo(others: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Return the highest level at which each frame may be echo, allowing for one frame of delay either way."""
    if not others:
        return np.full(1, -np.inf, np.float32)
    other = np.pad(others[0], 1, constant_values=-120)
    loudest: NDArray[np.float32] = np.maximum(np.maximum(other[:-2], other[1:-1]), other[2:]) - np.float32(
        CROSSTALK_DB
    )
    return loudest


def _threshold(voiced_levels: NDArray[np.float32], floors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return for each frame the level above which it counts."""
    loud = float(np.percentile(voiced_levels, 90))
    quietest = max(FLOOR_DBFS, min(loud - DYNAMIC_RANGE_DB, ALWAYS_LOUD_DBFS))
    above_noise = np.minimum(floors + np.float32(ABOVE_NOISE_DB), np.float32(loud - CLEAR_BELOW_LOUD_DB))
    least: NDArray[np.float32] = np.maximum(above_noise, np.float32(quietest))
    return least


def _stretches(voiced: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return [start, end) frames of stretches, gaps below MERGE_GAP_S closed, clicks left out."""
    where = np.flatnonzero(voiced)
    if not len(where):
        return []
    breaks = np.flatnonzero(np.diff(where) > round(MERGE_GAP_S / FRAME_S)) + 1
    groups = np.split(where, breaks)
    return [(int(g[0]), int(g[-1]) + 1) for g in groups if len(g) * FRAME_S >= MIN_VOICED_S - 1e-9]
