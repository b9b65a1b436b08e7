"""From a scripted call to its two-channel telephone recording, with the time of every word.

Channel 0 is the caller (what the switch receives, Asterisk's `rx`), channel 1 the agent (what the caller hears,
`tx`, with the hold music). The recording starts when the agent is connected, or when a voicemail begins.
The impairments are mild and named: faint cross-talk between the channels, pink line noise, a telephone pass-band.
"""

from __future__ import annotations

import wave
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sansheng.demo.calls import Role, ScriptedCall, ScriptedLine
from sansheng.demo.line import SAMPLE_RATE, TELEPHONE_BAND, noise, respond
from sansheng.demo.voice import PEAK, SpokenLine, SpokenWord, speak

CHANNELS = (Role.CALLER, Role.AGENT)

_LINE_PEAK = {Role.AGENT: 9000, Role.CALLER: 6000}
_CROSS_TALK_DB = -34
_NOISE_DBFS = -55
_FIRST_WORD_S, _TAIL_S = 0.6, 0.8
_NATURAL_PAUSE_S = (0.3, 0.9)
_BEFORE_HOLD_S = 0.3
_TUNE = (0, 4, 7, 12, 7, 4, 5, 9, 12, 9, 5, 2, 7, 11, 14, 11)  # semitones
_CHORD = (0, 4, 7)
_TUNE_ROOT_HZ, _TUNE_STEP_S, _TUNE_PEAK = 262.0, 0.4, 2500


class Span(NamedTuple):
    """A stretch of the recording, in seconds."""

    start_s: float
    end_s: float


class Interruption(NamedTuple):
    """Somebody began to speak before the other had finished."""

    by: Role
    at_s: float


@dataclass(frozen=True, slots=True)
class RenderedCall:
    """A recording and the truth about it.

    Attributes:
        samples: int16, shape [n, 2], 8 kHz; columns as in `CHANNELS`.
        words: per role, what was said and when, in seconds from the start of the recording.
        answered_at_s: when the agent was connected; None for a voicemail.
        holds: when the caller heard music.
        interruptions: who cut in, and when.
    """

    samples: NDArray[np.int16]
    words: Mapping[Role, tuple[SpokenWord, ...]]
    answered_at_s: float | None
    holds: tuple[Span, ...]
    interruptions: tuple[Interruption, ...]

    @property
    def duration_s(self) -> float:
        """Length of the recording."""
        return len(self.samples) / SAMPLE_RATE

    def text(self, role: Role) -> str:
        """What one side said, words separated by spaces."""
        return " ".join(word.word for word in self.words[role])


class _Turn(NamedTuple):
    line: ScriptedLine
    spoken: SpokenLine
    start_s: float

    @property
    def end_s(self) -> float:
        return self.start_s + len(self.spoken.samples) / SAMPLE_RATE

    @property
    def hold(self) -> Span:
        start = self.end_s + _BEFORE_HOLD_S
        return Span(start, start + self.line.hold_s)


def render(call: ScriptedCall, seed: int = 0) -> RenderedCall:
    """Speak a call and lay it out on two channels.

    The seed decides pauses and noise. espeak-ng carries the phase of its oscillators from line to line, so samples
    are bit-identical only between processes that render the same calls in the same order.

    Raises:
        MissingPart: espeak-ng is not installed.
    """
    rng = np.random.default_rng([seed, zlib.crc32(call.key.encode())])
    turns = list(_turns(call, rng))
    holds = tuple(turn.hold for turn in turns if turn.line.hold_s)
    end_s = max([turn.end_s for turn in turns] + [hold.end_s for hold in holds]) + _TAIL_S
    return RenderedCall(
        samples=_mix(turns, holds, round(end_s * SAMPLE_RATE), rng),
        words={role: tuple(_words(turns, role)) for role in CHANNELS},
        answered_at_s=None if call.is_voicemail else 0.0,
        holds=holds,
        interruptions=tuple(
            Interruption(turn.line.role, turn.start_s) for turn in turns if turn.line.overlap_s
        ),
    )


def write_wav(path: Path, samples: NDArray[np.int16], sample_rate: int = SAMPLE_RATE) -> None:
    """Write 16-bit PCM; `samples` is [n] for one channel or [n, channels]."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1 if samples.ndim == 1 else samples.shape[1])
        file.setsampwidth(2)
        file.setframerate(sample_rate)
        file.writeframes(np.ascontiguousarray(samples, "<i2").tobytes())


def _turns(call: ScriptedCall, rng: np.random.Generator) -> Iterator[_Turn]:
    clock_s = 0.0
    for index, scripted in enumerate(call.lines):
        natural_s = _FIRST_WORD_S if index == 0 else float(rng.uniform(*_NATURAL_PAUSE_S))
        pause_s = natural_s if scripted.pause_s is None else scripted.pause_s
        start_s = clock_s - scripted.overlap_s if scripted.overlap_s else clock_s + pause_s
        turn = _Turn(scripted, speak(scripted.words, call.voice(scripted.role)), start_s)
        yield turn
        clock_s = max(clock_s, turn.hold.end_s if scripted.hold_s else turn.end_s)


def _words(turns: Sequence[_Turn], role: Role) -> Iterator[SpokenWord]:
    for turn in turns:
        if turn.line.role is role:
            for word, start_s, end_s in turn.spoken.words:
                yield SpokenWord(word, start_s + turn.start_s, end_s + turn.start_s)


def _mix(
    turns: Sequence[_Turn], holds: Sequence[Span], count: int, rng: np.random.Generator
) -> NDArray[np.int16]:
    clean = {role: np.zeros(count) for role in CHANNELS}
    for turn in turns:
        first = round(turn.start_s * SAMPLE_RATE)
        speech = turn.spoken.samples * (_LINE_PEAK[turn.line.role] / PEAK)
        clean[turn.line.role][first : first + len(speech)] += speech
    for hold in holds:
        first, last = (round(edge * SAMPLE_RATE) for edge in hold)
        clean[Role.AGENT][first:last] += _hold_music(last - first)
    cross_talk = 10 ** (_CROSS_TALK_DB / 20)
    heard = [clean[mine] + cross_talk * clean[other] for mine, other in (CHANNELS, CHANNELS[::-1])]
    noise_level = 32768 * 10 ** (_NOISE_DBFS / 20)
    tracks = [respond(track, TELEPHONE_BAND) + noise_level * noise(count, rng) for track in heard]
    return np.clip(np.round(np.stack(tracks, axis=1)), -32768, 32767).astype(np.int16)


def _hold_music(count: int) -> NDArray[np.float64]:
    """Plucked chords to a tune of our own, repeated."""
    time_s = np.arange(count) / SAMPLE_RATE
    step = (time_s / _TUNE_STEP_S).astype(int)
    within_s = time_s - step * _TUNE_STEP_S
    root = np.array(_TUNE)[step % len(_TUNE)]
    notes_hz = [_TUNE_ROOT_HZ * 2 ** ((root + semitones) / 12) for semitones in _CHORD]
    tone = sum(np.sin(2 * np.pi * hz * h * within_s) / h**1.2 for hz in notes_hz for h in (1, 2, 3, 4))
    music: NDArray[np.float64] = tone * np.exp(-5 * within_s)
    return music * (_TUNE_PEAK / float(np.abs(music).max()))
