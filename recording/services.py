"""What the rooms above ask of a kept recording: its sound, its waveform, its transcript in use."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.errors import NotFound
from core.i18n import gettext as _
from core.installation import Installation
from recording.audio import AudioFile, AudioSource, open_audio
from recording.audio.peaks import read_peaks
from recording.audio.playback import PlaybackWav
from recording.models import Recording, Transcript


def open_recording(installation: Installation, recording: Recording) -> AudioSource:
    """Open a recording's sound (its `files` must be loaded); raises NotFound when a blob is gone."""
    files = [AudioFile(installation.blobs.path(file.blob_key), file.name) for file in recording.files]
    return open_audio(files, frames=recording.frames)


def playback_of(installation: Installation, recording: Recording) -> PlaybackWav:
    """Return the recording as one WAV for range requests; the caller closes it. Raises NotFound."""
    return PlaybackWav(open_recording(installation, recording))


def peaks_of(installation: Installation, recording: Recording, points: int) -> list[list[list[int]]]:
    """Return for each channel at most `points` pairs [lowest, highest] of -128 to 127; raises NotFound."""
    if recording.peaks_key is None:
        raise NotFound(_("recording %(id)s has no waveform", id=recording.id))
    return read_peaks(installation.blobs.path(recording.peaks_key), points)


def latest_transcript(session: Session, recording_id: int) -> Transcript | None:
    """Return the transcript made last, whatever the model."""
    newest = select(Transcript).where(Transcript.recording_id == recording_id).order_by(Transcript.id.desc())
    return session.scalar(newest.limit(1))
