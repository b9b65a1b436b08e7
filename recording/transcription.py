"""From the sound of a recording to who said what when: VAD, level, recogniser, utterances.

Pure: a value comes out, nothing is stored here (see `jobs`). `PIPELINE_VERSION` belongs to every
stored transcript; raise it whenever the same model would give other words or times.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from typing import Final

import numpy as np
import soxr

from recording.asr.port import Engine, Piece
from recording.audio import AudioSource
from recording.audio.levels import amplify, gain_to_target
from recording.audio.pcm import Samples
from recording.models import Role
from recording.speech import TrackSpeech, find_speech, widen
from recording.transcript import Span, SpokenUtterance, Word, confidence, turns

PIPELINE_VERSION: Final = 1
PADDING_S: Final = 0.18
"""Given to the recogniser before and after speech: quiet word beginnings, and the context its network looks at."""
HOLD_MARGIN_S: Final = 0.5
"""The call log's times of a hold are this uncertain; only what is well inside is hold music."""
_EDGE_S: Final = 0.1
_PIECE_S: Final = 20.0


@dataclass(frozen=True, slots=True)
class SpokenTranscript:
    """What was heard on a recording."""

    tracks: tuple[TrackSpeech, ...]
    utterances: tuple[SpokenUtterance, ...]
    confidence: float | None
    """Mean word confidence, weighted by duration; None when nothing was said."""


def transcribe(
    source: AudioSource,
    roles: Sequence[Role],
    engine: Engine,
    *,
    threads: int = 0,
    holds: Sequence[Span] = (),
) -> SpokenTranscript:
    """Transcribe a recording.

    Args:
        source: the sound; each track is read through a reopened source of its own.
        roles: who speaks on each channel.
        engine: the recogniser.
        threads: tracks decoded at once; 0: one for each core.
        holds: stretches in which the agent's track carries hold music.
    """
    tracks = [
        TrackSpeech(_without(track.spans, holds), track.level_dbfs) if role == Role.AGENT and holds else track
        for track, role in zip(find_speech(source), roles, strict=True)
    ]
    workers = min(threads or os.cpu_count() or 1, len(tracks))
    with ThreadPoolExecutor(workers, thread_name_prefix="track") as pool:
        heard = list(pool.map(lambda c: recognise_track(source, c, tracks[c], engine), range(len(tracks))))
    words = [word for track in heard for word in track]
    return SpokenTranscript(tuple(tracks), tuple(turns(heard, roles)), confidence(words))


def recognise_track(source: AudioSource, channel: int, track: TrackSpeech, engine: Engine) -> list[Word]:
    """Decode the speech of one track; safe to run beside others on the same source."""
    with closing(source.reopen()) as own:
        return list(engine.recognise(_pieces(own, channel, track, engine.sample_rate)))


def _pieces(source: AudioSource, channel: int, track: TrackSpeech, rate: int) -> Iterator[Piece]:
    gain = gain_to_target(track.level_dbfs)
    for span in widen(track.spans, PADDING_S, source.duration_s):
        start, end = round(span.start_s * source.rate), round(span.end_s * source.rate)
        at_s, continues = start / source.rate, False
        for samples in _resampled(source, channel, start, end, rate):
            yield Piece(at_s, amplify(samples, gain), continues)
            at_s, continues = at_s + len(samples) / rate, True


def _resampled(source: AudioSource, channel: int, start: int, end: int, rate: int) -> Iterator[Samples]:
    stream = None if rate == source.rate else soxr.ResampleStream(source.rate, rate, 1, "int16")
    step = round(_PIECE_S * source.rate)
    for at in range(start, end, step):
        samples = np.ascontiguousarray(source.read(at, min(step, end - at))[:, channel])
        if stream is not None:
            samples = stream.resample_chunk(samples, at + step >= end)
        if len(samples):
            yield samples


def _without(spans: Sequence[Span], holds: Sequence[Span]) -> tuple[Span, ...]:
    """Cut the insides of the holds out of the spans, and drop what is left of them at their edges."""
    left = list(spans)
    for hold in holds:
        start_s, end_s = hold.start_s + HOLD_MARGIN_S, hold.end_s - HOLD_MARGIN_S
        if start_s < end_s:
            halves = [
                half
                for span in left
                for half in (
                    Span(span.start_s, min(span.end_s, start_s)),
                    Span(max(span.start_s, end_s), span.end_s),
                )
            ]
            left = [half for half in halves if half.start_s < half.end_s and not _is_music(half, hold)]
    return tuple(left)


def _is_music(span: Span, hold: Span) -> bool:
    return hold.start_s - _EDGE_S <= span.start_s and span.end_s <= hold.end_s + _EDGE_S
