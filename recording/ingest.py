"""Takes a recording in: checked, kept as it came, drawn as peaks, and announced.

The natural key is the content: the same files given twice, or by two programs at once, are one
recording. Blobs are written before the row, under their hash, so a process killed anywhere is
repaired by running it again: it finds its blobs and goes on.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.blobs import StoredBlob
from core.errors import BadInput, Conflict, RetryLater
from core.events import publish
from core.i18n import gettext as _
from core.installation import Installation
from recording.audio import AudioFile, AudioSource, open_audio
from recording.audio.peaks import write_peaks
from recording.events import RecordingStored, RolesLearned
from recording.models import Recording, RecordingFile, Role, Track, Transcript, Utterance
from recording.naming import stored_name

CONVERSATION: Final = "conversation"
VOICEMAIL: Final = "voicemail"


@dataclass(frozen=True, slots=True)
class RecordingFacts:
    """What is known about a recording from outside it. Everything may be unknown; nothing is guessed.

    Attributes:
        agent_channel: the channel (0 or 1) the agent speaks on; None: not known.
        roles: who speaks on each channel, in order; stronger than `agent_channel`.
        answered_at_s: offset at which the agent was bridged.
        holds: [start_s, end_s] of every hold.
    """

    call_id: int | None = None
    agent_id: int | None = None
    agent_channel: int | None = None
    roles: Sequence[Role] | None = None
    kind: str = CONVERSATION
    started_at: datetime | None = None
    answered_at_s: float | None = None
    holds: Sequence[tuple[float, float]] = field(default=())


@dataclass(frozen=True, slots=True)
class Added:
    """What `add_recording` did: the row, whether it is new, and what a person should know: repairs, roles learned."""

    recording: Recording
    created: bool
    notices: tuple[str, ...] = ()


def add_recording(
    installation: Installation, files: Sequence[AudioFile], facts: RecordingFacts | None = None
) -> Added:
    """Take in one recording: one file, or one for each leg in channel order.

    A recording that is there already is given back; facts it lacked are filled in. Roles that become known are
    written into its transcripts, and announced.

    Raises:
        BadInput: the files are not a recording of one call; see `open_audio`.
        Conflict: it is there already, with other roles.
        RetryLater: disk full, database busy, or a file grew while it was read.
    """
    facts = facts or RecordingFacts()
    hashes = [_file_hash(file) for file in files]
    sha256 = _recording_hash(hashes)
    now = installation.clock.now()
    with installation.unit_of_work() as session:
        known = _known(session, sha256, facts, now)
    if known is not None:
        return known
    longest_s = installation.settings.recording.max_duration_s
    with open_audio(files, max_duration_s=longest_s) as source:
        roles = track_roles(source.channels, facts)
        recording, notices = _keep(installation, source, files, hashes)
    recording.sha256 = sha256
    recording.tracks = [Track(channel=c, role=role, speech=[]) for c, role in enumerate(roles)]
    _describe(recording, facts)
    try:
        with installation.unit_of_work() as session:
            session.add(recording)
            session.flush()
            publish(session, RecordingStored(recording_id=recording.id), at=recording.stored_at)
    except IntegrityError:
        with installation.unit_of_work() as session:
            known = _known(session, sha256, facts, now)
        if known is None:
            raise
        return known
    return Added(recording, created=True, notices=notices)


def track_roles(channels: int, facts: RecordingFacts) -> list[Role]:
    """Say who speaks on each channel, as far as the topology tells; raises BadInput when it contradicts itself."""
    if facts.roles is not None:
        if len(facts.roles) != channels:
            raise BadInput(
                _(
                    "%(roles)s roles were given for %(channels)s channels",
                    roles=len(facts.roles),
                    channels=channels,
                )
            )
        return list(facts.roles)
    if facts.agent_channel is not None:
        if channels == 1 or facts.agent_channel not in (0, 1):
            raise BadInput(
                _(
                    "agent channel %(channel)s was given, but the recording's number of channels is %(channels)s",
                    channel=facts.agent_channel,
                    channels=channels,
                )
            )
        return [Role.AGENT if c == facts.agent_channel else Role.CALLER for c in range(channels)]
    if facts.kind == VOICEMAIL and channels == 1:
        return [Role.CALLER]
    return [Role.UNKNOWN] * channels


def _keep(
    installation: Installation, source: AudioSource, files: Sequence[AudioFile], hashes: Sequence[str]
) -> tuple[Recording, tuple[str, ...]]:
    """Store peaks and files; return the row as far as the sound tells it."""
    promised = source.frames
    drawn = io.BytesIO()  # 400 bytes for a second: 17 MB for the longest call
    write_peaks(source, drawn)  # reads everything once: from here on the length is what was really found
    if not source.frames:
        raise BadInput(_("%(name)s: there is no sound in it", name=files[0].name))
    blobs = [_put(installation, file, expected) for file, expected in zip(files, hashes, strict=True)]
    peaks = installation.blobs.put(drawn)
    notices = source.notices
    if source.frames < promised:
        notices += (
            _(
                "%(name)s: torn after %(found).1f of %(promised).1f seconds",
                name=files[0].name,
                found=source.duration_s,
                promised=promised / source.rate,
            ),
        )
    recording = Recording(
        sample_rate=source.rate,
        frames=source.frames,
        duration_s=source.duration_s,
        stored_at=installation.clock.now(),
        peaks_key=peaks.key,
        files=[
            RecordingFile(
                position=position,
                blob_key=blob.key,
                name=stored_name(file.name),
                size=blob.size,
                encoding=encoding,
            )
            for position, (file, blob, encoding) in enumerate(
                zip(files, blobs, source.encodings, strict=True)
            )
        ],
    )
    return recording, notices


def _put(installation: Installation, file: AudioFile, expected: str) -> StoredBlob:
    with file.path.open("rb") as stream:
        blob = installation.blobs.put(stream)
    if blob.key == expected:
        return blob
    with installation.unit_of_work(read_only=True) as session:
        wanted = session.scalar(select(RecordingFile.id).where(RecordingFile.blob_key == blob.key).limit(1))
    if wanted is None:
        installation.blobs.delete(blob.key)
    raise RetryLater(
        _("%(name)s changed while it was taken in; wait until its recorder has closed it", name=file.name)
    )


def _describe(recording: Recording, facts: RecordingFacts) -> None:
    recording.call_id, recording.agent_id, recording.kind = facts.call_id, facts.agent_id, facts.kind
    recording.started_at, recording.answered_at_s = facts.started_at, facts.answered_at_s
    recording.holds = [[start_s, end_s] for start_s, end_s in facts.holds]


def _known(session: Session, sha256: str, facts: RecordingFacts, at: datetime) -> Added | None:
    """Return the recording with this content, with the facts it lacked filled in."""
    recording = session.scalar(select(Recording).where(Recording.sha256 == sha256).with_for_update())
    if recording is None:
        return None
    for name in ("call_id", "agent_id", "started_at", "answered_at_s"):
        if getattr(recording, name) is None:
            setattr(recording, name, getattr(facts, name))
    if not _learn_roles(session, recording, facts, at):
        return Added(recording, created=False)
    notice = _("recording %(id)s: it is now known who speaks on which channel", id=recording.id)
    return Added(recording, created=False, notices=(notice,))


def _learn_roles(session: Session, recording: Recording, facts: RecordingFacts, at: datetime) -> bool:
    """Fill in roles that were unknown, in transcripts too; False when that is nothing new. Raises Conflict."""
    if facts.roles is None and facts.agent_channel is None:
        return False
    known = [Role(track.role) for track in recording.tracks]
    told = track_roles(len(known), facts)
    if told == known or Role.UNKNOWN in told:
        return False
    if any(before not in (Role.UNKNOWN, now) for before, now in zip(known, told, strict=True)):
        raise Conflict(
            _(
                "recording %(id)s is here already with the channels %(known)s, not %(told)s; nothing was changed",
                id=recording.id,
                known=", ".join(known),
                told=", ".join(told),
            )
        )
    transcripts = session.scalars(select(Transcript.id).where(Transcript.recording_id == recording.id)).all()
    for track, role in zip(recording.tracks, told, strict=True):
        track.role = role
        spoken = (Utterance.transcript_id.in_(transcripts), Utterance.channel == track.channel)
        session.execute(update(Utterance).where(*spoken).values(role=role))
    for transcript_id in transcripts:
        publish(session, RolesLearned(transcript_id=transcript_id), at=at)
    return True


def _recording_hash(hashes: Sequence[str]) -> str:
    return hashes[0] if len(hashes) == 1 else hashlib.sha256("".join(hashes).encode()).hexdigest()


def _file_hash(file: AudioFile) -> str:
    try:
        with file.path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except (FileNotFoundError, IsADirectoryError, PermissionError) as error:
        raise BadInput(
            _("%(name)s: cannot be read (%(reason)s)", name=file.name, reason=error.strerror)
        ) from None


def audio_files(paths: Sequence[Path]) -> list[AudioFile]:
    """Name files after themselves."""
    return [AudioFile(path, path.name) for path in paths]
