"""Which events start which jobs, and which function does each job: the only place that knows both sides."""

from __future__ import annotations

from typing import Final

import qa.jobs
import recording.jobs
import recording.spool
from core.events import Subscriptions
from core.installation import Installation
from core.jobs.worker import Jobs, JobWorker
from recording.events import RecordingStored, TranscriptReady

JOBS: Final[Jobs] = {
    recording.spool.INGEST: recording.spool.ingest_spooled,
    "transcribe_recording": recording.jobs.transcribe_recording,
    "score_transcript": qa.jobs.score_transcript,
}

SUBSCRIPTIONS: Final[Subscriptions] = {
    RecordingStored: ["transcribe_recording"],
    TranscriptReady: ["score_transcript"],
}


def job_worker(installation: Installation) -> JobWorker:
    """Build the worker that knows every job of the product."""
    return JobWorker(installation, JOBS, SUBSCRIPTIONS)
