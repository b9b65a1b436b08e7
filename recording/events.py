"""What this room tells the others."""

from __future__ import annotations

from dataclasses import dataclass

from core.events import Event


@dataclass(frozen=True, slots=True)
class RecordingStored(Event):
    """A recording and its files are kept; nothing was heard yet."""

    recording_id: int


@dataclass(frozen=True, slots=True)
class TranscriptReady(Event):
    """A recording was transcribed."""

    transcript_id: int


@dataclass(frozen=True, slots=True)
class RolesLearned(Event):
    """Who speaks on which track became known after a recording was transcribed; that happens once."""

    transcript_id: int
