"""Background work of this room. A job may be delivered twice and killed anywhere."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.errors import BadInput, NotFound
from core.events import publish
from core.installation import Installation
from recording.asr import Engine
from recording.asr.model import current_model
from recording.asr.vosk_engine import load_engine
from recording.events import TranscriptReady
from recording.models import Recording, Role, Transcript, Utterance
from recording.services import open_recording
from recording.transcript import Span, SpokenUtterance
from recording.transcription import PIPELINE_VERSION, SpokenTranscript, transcribe


def transcribe_recording(installation: Installation, *, recording_id: int) -> None:
    """Transcribe a recording with the model in use, once for each model and pipeline version.

    A recording that was deleted meanwhile is nothing to do; one whose sound cannot be read is marked
    `failed`, with the reason, because trying again would change nothing.

    Raises:
        MissingPart: there is no usable model.
        RetryLater: the database is busy or full.
    """
    settings = installation.settings
    engine = load_engine(current_model(settings))
    transcribe_with(installation, engine, recording_id, threads=settings.asr.threads)


def transcribe_with(
    installation: Installation, engine: Engine, recording_id: int, *, threads: int = 0
) -> int | None:
    """Transcribe a recording with a loaded engine; return the transcript's id, None when there can be none."""
    with installation.unit_of_work(read_only=True) as session:
        recording = session.get(Recording, recording_id)
        if recording is None:
            return None
        done = _existing(session, recording_id, engine)
        if done is not None:
            return done
        roles = [Role(track.role) for track in recording.tracks]
        holds = [Span(float(start_s), float(end_s)) for start_s, end_s in recording.holds]
        _ = recording.files
    try:
        with open_recording(installation, recording) as source:
            heard = transcribe(source, roles, engine, threads=threads, holds=holds)
    except (BadInput, NotFound) as error:
        _mark_failed(installation, recording_id, str(error))
        return None
    return _store(installation, recording_id, engine, heard)


def transcribe_many(
    installation: Installation, engine: Engine, recording_ids: Sequence[int]
) -> Iterator[tuple[int, int | None]]:
    """Transcribe recordings side by side; yield (recording, transcript or None) in the order given.

    With one thread for each recording all cores stay busy although one party speaks less than the other.
    """
    cores = installation.settings.asr.threads or os.cpu_count() or 1
    workers = max(1, min(cores, len(recording_ids)))
    with ThreadPoolExecutor(workers, thread_name_prefix="recording") as pool:
        work = partial(transcribe_with, installation, engine, threads=max(1, cores // workers))
        yield from zip(recording_ids, pool.map(work, recording_ids), strict=True)


def pending_recordings(session: Session) -> Sequence[int]:
    """Return the recordings nobody has transcribed yet, the oldest first."""
    return session.scalars(
        select(Recording.id).where(Recording.state == "stored").order_by(Recording.id)
    ).all()


def _existing(session: Session, recording_id: int, engine: Engine) -> int | None:
    return session.scalar(
        select(Transcript.id).where(
            Transcript.recording_id == recording_id,
            Transcript.model_hash == engine.model_hash,
            Transcript.pipeline_version == PIPELINE_VERSION,
        )
    )


def _store(
    installation: Installation, recording_id: int, engine: Engine, heard: SpokenTranscript
) -> int | None:
    """Write rows and event in one transaction; what another worker wrote first stands."""
    now = installation.clock.now()
    try:
        with installation.unit_of_work() as session:
            recording = session.get(Recording, recording_id, with_for_update=True)
            if recording is None:
                return None
            done = _existing(session, recording_id, engine)
            if done is not None:
                return done
            for track, speech in zip(recording.tracks, heard.tracks, strict=True):
                track.speech = [[round(span.start_s, 3), round(span.end_s, 3)] for span in speech.spans]
                track.level_dbfs = speech.level_dbfs
            roles = [track.role for track in recording.tracks]  # they may have become known meanwhile
            transcript = Transcript(
                recording_id=recording_id,
                model_name=engine.model_name,
                model_hash=engine.model_hash,
                pipeline_version=PIPELINE_VERSION,
                created_at=now,
                confidence=heard.confidence,
                utterances=[
                    _row(number, spoken, roles[spoken.channel])
                    for number, spoken in enumerate(heard.utterances)
                ],
            )
            session.add(transcript)
            recording.state, recording.problem = "transcribed", ""
            session.flush()
            publish(session, TranscriptReady(transcript_id=transcript.id), at=now)
            return transcript.id
    except IntegrityError:
        with installation.unit_of_work(read_only=True) as session:
            done = _existing(session, recording_id, engine)
        if done is None:
            raise
        return done


def _row(number: int, spoken: SpokenUtterance, role: str) -> Utterance:
    return Utterance(
        number=number,
        channel=spoken.channel,
        role=role,
        start_s=spoken.start_s,
        end_s=spoken.end_s,
        text=spoken.text,
        words=[[word.text, word.start_s, word.end_s, word.confidence] for word in spoken.words],
    )


def _mark_failed(installation: Installation, recording_id: int, problem: str) -> None:
    with installation.unit_of_work() as session:
        recording = session.get(Recording, recording_id)
        if recording is not None:
            recording.state, recording.problem = "failed", problem[:400]
