"""Which events start which jobs, and which function does each job: the only place that knows both sides."""

from __future__ import annotations

from typing import Final

import ivr.missed.tasks
import ivr.twilio.callbacks
import ivr.twilio.ending
import ivr.twilio.jobs
import ivr.twilio.reconciling
import qa.jobs
import recording.jobs
import recording.spool
import recording.twilio
from core.events import Subscriptions
from core.installation import Installation
from core.jobs.worker import Jobs, JobWorker
from ivr.events import CallEnded, CallRecorded
from recording.events import RecordingStored, RolesLearned, TranscriptReady

JOBS: Final[Jobs] = {
    "note_ended_call": ivr.missed.tasks.note_ended_call,
    "ring_twilio_agent": ivr.twilio.jobs.ring_agent,
    "drop_twilio_leg": ivr.twilio.jobs.drop_leg,
    "keep_twilio_callbacks": ivr.twilio.callbacks.keep_callbacks,
    "settle_twilio_call": ivr.twilio.ending.settle_call,
    "reconcile_twilio_call": ivr.twilio.reconciling.reconcile_call,
    "fetch_twilio_recording": ivr.twilio.jobs.fetch_recording,
    "take_in_call_recording": recording.twilio.take_in_call_recording,
    "delete_twilio_recording": ivr.twilio.jobs.delete_recording,
    recording.spool.INGEST: recording.spool.ingest_spooled,
    "transcribe_recording": recording.jobs.transcribe_recording,
    "score_transcript": qa.jobs.score_transcript,
    "rescore_transcript": qa.jobs.rescore_transcript,
}

SUBSCRIPTIONS: Final[Subscriptions] = {
    CallEnded: ["note_ended_call"],
    CallRecorded: ["take_in_call_recording"],
    RecordingStored: ["transcribe_recording"],
    TranscriptReady: ["score_transcript"],
    RolesLearned: ["rescore_transcript"],
}


def job_worker(installation: Installation) -> JobWorker:
    """Build the worker that knows every job of the product."""
    return JobWorker(installation, JOBS, SUBSCRIPTIONS)
