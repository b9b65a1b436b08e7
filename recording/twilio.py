"""Recordings that were fetched from Twilio, on their way in: the last step from the spool to a recording."""

from __future__ import annotations

from core.installation import Installation
from ivr.twilio.recordings import fetched_recording, mark_stored, spool_file
from recording.audio import AudioFile
from recording.ingest import RecordingFacts, add_recording


def take_in_call_recording(installation: Installation, *, provider: str, recording: str) -> None:
    """Take a fetched recording in, then have Twilio's copy deleted (a job); `provider` is always `twilio`.

    Killed anywhere it can begin again: the sound is its own key, and the spool is emptied last.

    Raises:
        BadInput: what came cannot be read as sound.
        RetryLater: the disk is full or the database is busy.
    """
    del provider
    path = spool_file(installation.settings, recording)
    with installation.unit_of_work(read_only=True) as session:
        found = fetched_recording(session, recording)
        if found is None:
            path.unlink(missing_ok=True)
            return
        row, call_id = found
    facts = RecordingFacts(
        call_id=call_id,
        agent_id=row.agent_id,
        agent_channel=row.agent_channel if row.channels == 2 else None,
        kind=row.kind,
        started_at=row.started_at,
        answered_at_s=0.0 if row.kind == "conversation" else None,
    )
    add_recording(installation, [AudioFile(path, path.name)], facts)
    with installation.unit_of_work() as session:
        mark_stored(session, installation.settings, recording, installation.clock.now())
    path.unlink(missing_ok=True)
