"""Rows of recordings: the files as they came, the tracks in them, and what was said on each."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.db import Base, JSONValue, UTCDateTime
from ivr.models import Agent, Call


class Role(StrEnum):
    """Who is heard on a track. It is known from the recording's topology, never guessed."""

    CALLER = "caller"
    AGENT = "agent"
    UNKNOWN = "unknown"


class Recording(Base):
    """One recorded call, or part of one: a two-channel file, a mono file, or one file for each leg.

    `sha256` is the natural key: over the file's bytes, or over the legs' hashes in channel order.
    States: `stored`, `transcribed`, `failed` (the reason is in `problem`).
    """

    __tablename__ = "recording"

    id: Mapped[int] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), unique=True)
    call_id: Mapped[int | None] = mapped_column(ForeignKey("call.id"), index=True)
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("agent.id"), index=True)
    kind: Mapped[str] = mapped_column(String(16), default="conversation")
    """`conversation` or `voicemail`."""
    sample_rate: Mapped[int]
    frames: Mapped[int]
    duration_s: Mapped[float]
    started_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    stored_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    answered_at_s: Mapped[float | None]
    """Offset at which the agent was bridged, where the call log knows it."""
    holds: Mapped[list[list[float]]] = mapped_column(JSONValue, default=list)
    """[start_s, end_s] of every hold the call log knows."""
    peaks_key: Mapped[str | None] = mapped_column(String(64))
    """Blob with the waveform's peaks (`recording.audio.peaks`)."""
    state: Mapped[str] = mapped_column(String(16), default="stored", index=True)
    problem: Mapped[str] = mapped_column(String(400), default="")

    call: Mapped[Call | None] = relationship()
    agent: Mapped[Agent | None] = relationship()
    files: Mapped[list[RecordingFile]] = relationship(
        back_populates="recording", cascade="all, delete-orphan", order_by="RecordingFile.position"
    )
    tracks: Mapped[list[Track]] = relationship(
        back_populates="recording", cascade="all, delete-orphan", order_by="Track.channel"
    )

    @property
    def answered_by_id(self) -> int | None:
        """The agent who is heard: as it was said with the recording, else as the call log knows by now."""
        if self.agent_id is not None:
            return self.agent_id
        return self.call.agent_id if self.call else None

    @property
    def roles_known(self) -> bool:
        """Whether it is known who speaks on which track."""
        return bool(self.tracks) and all(track.role != Role.UNKNOWN for track in self.tracks)


class RecordingFile(Base):
    """A file of a recording exactly as it came, kept as a blob: one, or one for each leg."""

    __tablename__ = "recording_file"
    __table_args__ = (UniqueConstraint("recording_id", "position"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    recording_id: Mapped[int] = mapped_column(ForeignKey("recording.id", ondelete="CASCADE"))
    position: Mapped[int]
    blob_key: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(255))
    size: Mapped[int]
    encoding: Mapped[str] = mapped_column(String(40))
    """As `recording.audio.reading` names it, e.g. `WAV/PCM_16`, `RAW/ALAW@8000`."""
    recording: Mapped[Recording] = relationship(back_populates="files")


class Track(Base):
    """One channel of a recording and what the voice-activity detector found on it."""

    __tablename__ = "track"
    __table_args__ = (UniqueConstraint("recording_id", "channel"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    recording_id: Mapped[int] = mapped_column(ForeignKey("recording.id", ondelete="CASCADE"))
    channel: Mapped[int]
    role: Mapped[str] = mapped_column(String(8), default=Role.UNKNOWN)
    speech: Mapped[list[list[float]]] = mapped_column(JSONValue, default=list)
    """[start_s, end_s] of every stretch of speech."""
    level_dbfs: Mapped[float | None]
    """RMS level of the speech."""
    recording: Mapped[Recording] = relationship(back_populates="tracks")


class Transcript(Base):
    """What one model heard on one recording. A recording may have several, one for each model."""

    __tablename__ = "transcript"
    __table_args__ = (UniqueConstraint("recording_id", "model_hash", "pipeline_version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    recording_id: Mapped[int] = mapped_column(ForeignKey("recording.id", ondelete="CASCADE"))
    model_name: Mapped[str] = mapped_column(String(80))
    model_hash: Mapped[str] = mapped_column(String(64))
    pipeline_version: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    confidence: Mapped[float | None]
    """Mean word confidence, weighted by duration."""
    recording: Mapped[Recording] = relationship()
    utterances: Mapped[list[Utterance]] = relationship(
        back_populates="transcript", cascade="all, delete-orphan", order_by="Utterance.number"
    )


class Utterance(Base):
    """One stretch of speech of one party, in turn order."""

    __tablename__ = "utterance"
    __table_args__ = (UniqueConstraint("transcript_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    transcript_id: Mapped[int] = mapped_column(ForeignKey("transcript.id", ondelete="CASCADE"))
    number: Mapped[int]
    channel: Mapped[int]
    role: Mapped[str] = mapped_column(String(8))
    start_s: Mapped[float]
    end_s: Mapped[float]
    text: Mapped[str]
    words: Mapped[list[list[str | float]]] = mapped_column(JSONValue, default=list)
    """[text, start_s, end_s, confidence] of every word; `[unk]` marks speech the model has no word for."""
    transcript: Mapped[Transcript] = relationship(back_populates="utterances")
