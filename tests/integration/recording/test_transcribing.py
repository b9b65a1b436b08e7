"""From a kept recording to its transcript, with the real recogniser."""

import sqlite3
import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soxr
from sqlalchemy import select

from core.db import create_database_engine
from core.errors import MissingPart, RetryLater
from core.events import OutboxEvent
from core.installation import Installation
from core.setting_sections import AsrSettings
from recording import jobs
from recording.asr.model import demo_model
from recording.asr.scripted import ScriptedEngine
from recording.asr.vosk_engine import load_engine
from recording.audio import AudioFile, open_audio
from recording.ingest import RecordingFacts, add_recording, audio_files
from recording.jobs import pending_recordings, transcribe_many, transcribe_recording, transcribe_with
from recording.models import Recording, Role, Transcript
from recording.speech import find_speech
from recording.transcript import Span, Word
from recording.transcription import transcribe
from sansheng.demo.audio import render
from sansheng.demo.calls import scripted_calls
from tests.unit.recording.sounds import buzz, silence, write


@pytest.fixture(scope="module")
def spoken(tmp_path_factory):
    """A scripted call with hold music, spoken by espeak-ng, and what was really said."""
    call = render(next(call for call in scripted_calls() if call.key == "after-sales-02"))
    path = write(tmp_path_factory.mktemp("call") / "call.wav", call.samples, subtype="ALAW")
    return path, call


def add(installation, *paths, **facts):
    return add_recording(installation, audio_files(paths), RecordingFacts(**facts)).recording


def texts(utterances, role):
    return "".join(u.text for u in utterances if u.role == role)


def test_every_word_of_a_call_is_heard_at_its_time(installation, spoken):
    path, truth = spoken
    row = add(installation, path, agent_channel=1, holds=[tuple(hold) for hold in truth.holds])
    transcribe_recording(installation, recording_id=row.id)
    with installation.unit_of_work(read_only=True) as session:
        transcript = session.scalars(select(Transcript)).one()
        for role in (Role.CALLER, Role.AGENT):
            words = [word for u in transcript.utterances if u.role == role for word in u.words]
            expected = [word for speaker, said in truth.words.items() if speaker == role for word in said]
            assert [word[0] for word in words] == [word[0] for word in expected]
            errors = [abs(word[1] - true[1]) for word, true in zip(words, expected, strict=True)]
            assert np.median(errors) < 0.03
            assert max(errors) < 0.25
        assert transcript.confidence > 0.95
        starts = [u.start_s for u in transcript.utterances]
        assert starts == sorted(starts)
        recording = session.get_one(Recording, row.id)
        assert recording.state == "transcribed"
        caller, agent = recording.tracks
        assert caller.level_dbfs < -10
        (hold,) = truth.holds
        assert not [s for s in agent.speech if s[0] < hold.end_s - 1 and s[1] > hold.start_s + 1]


def test_roles_that_become_known_while_it_is_transcribed_are_not_lost(installation, spoken, monkeypatch):
    row = add(installation, spoken[0])
    monkeypatch.setattr(
        jobs,
        "transcribe",
        lambda *a, **k: (add(installation, spoken[0], agent_channel=1), transcribe(*a, **k))[1],
    )
    transcribe_recording(installation, recording_id=row.id)
    with installation.unit_of_work(read_only=True) as session:
        transcript = session.scalars(select(Transcript)).one()
        assert {(u.channel, u.role) for u in transcript.utterances} == {(0, "caller"), (1, "agent")}


def test_the_same_call_is_transcribed_once_and_announced_once(installation, spoken):
    row = add(installation, spoken[0])
    for _ in range(2):
        transcribe_recording(installation, recording_id=row.id)
    with installation.unit_of_work(read_only=True) as session:
        transcript = session.scalars(select(Transcript)).one()
        events = session.scalars(select(OutboxEvent).where(OutboxEvent.name == "transcript_ready")).all()
        assert [event.fields for event in events] == [{"transcript_id": transcript.id}]
        assert {u.role for u in transcript.utterances} == {Role.UNKNOWN}
        assert list(pending_recordings(session)) == []


def test_quiet_calls_and_48_khz_mp3_are_heard_as_well(installation, spoken, tmp_path):
    _, call = spoken
    expected = call.text(next(role for role in call.words if role == Role.AGENT)).replace(" ", "")
    quiet = write(tmp_path / "quiet.wav", (call.samples * 10 ** (-30 / 20)).astype(np.int16))
    wide = write(tmp_path / "wide.mp3", soxr.resample(call.samples, 8000, 48000), 48000)
    engine = load_engine(demo_model())
    for path in (quiet, wide):
        with open_audio([AudioFile(path, path.name)]) as source:
            heard = transcribe(
                source, [Role.CALLER, Role.AGENT], engine, holds=[Span(*h) for h in call.holds]
            )
        assert texts(heard.utterances, Role.AGENT) == expected


def test_a_deleted_recording_is_nothing_to_do(installation):
    transcribe_recording(installation, recording_id=404)


def test_sound_that_was_lost_fails_with_its_reason_and_not_again_and_again(installation, spoken):
    row = add(installation, spoken[0])
    installation.blobs.delete(row.files[0].blob_key)
    transcribe_recording(installation, recording_id=row.id)
    with installation.unit_of_work(read_only=True) as session:
        failed = session.get_one(Recording, row.id)
        assert failed.state == "failed"
        assert "blob" in failed.problem


def test_another_model_makes_another_transcript(installation, tmp_path):
    row = add(installation, write(tmp_path / "a.wav", np.concatenate([silence(1), buzz(2)])))
    for number in "12":
        engine = ScriptedEngine([Word("好", 1.2, 1.5, 0.9)], model_hash=number * 64)
        assert transcribe_with(installation, engine, row.id) == int(number)


def test_a_batch_goes_on_behind_a_bad_item(installation, tmp_path):
    rows = [
        add(installation, write(tmp_path / f"{n}.wav", np.concatenate([silence(n), buzz(1)])))
        for n in (1, 2, 3)
    ]
    installation.blobs.delete(rows[1].files[0].blob_key)
    engine = ScriptedEngine([Word("好", 3.2, 3.5, 0.9)])
    done = list(transcribe_many(installation, engine, [row.id for row in rows]))
    assert [(number, bool(transcript)) for number, transcript in done] == [
        (rows[0].id, True),
        (rows[1].id, False),
        (rows[2].id, True),
    ]


def test_a_locked_database_is_tried_again_later(installation, tmp_path, database_url):
    if not database_url.startswith("sqlite"):
        pytest.skip("PostgreSQL does not lock as a whole")
    row = add(installation, write(tmp_path / "a.wav", buzz(1)))
    lock = sqlite3.connect(Path(installation.settings.home) / "sansheng.db", isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    engine = create_database_engine(database_url, busy_timeout_ms=50)
    hurried = Installation(installation.settings, engine, installation.blobs, installation.clock)
    with pytest.raises(RetryLater, match="busy"):
        transcribe_with(hurried, ScriptedEngine([]), row.id)
    lock.execute("ROLLBACK")
    lock.close()
    assert transcribe_with(hurried, ScriptedEngine([]), row.id) is not None
    hurried.close()


def test_without_a_model_the_message_says_what_to_do(installation, tmp_path):
    row = add(installation, write(tmp_path / "a.wav", buzz(1)))
    settings = installation.settings.model_copy(update={"asr": AsrSettings(model=str(tmp_path / "none"))})
    with pytest.raises(MissingPart, match="model fetch"):
        transcribe_recording(replace(installation, settings=settings), recording_id=row.id)


def test_ten_hours_of_silence_are_nothing_and_cost_little_memory(tmp_path):
    path = tmp_path / "long.wav"
    write(path, np.zeros(8000, np.int16))
    seconds = 10 * 3600
    with path.open("r+b") as file:
        file.truncate(44 + seconds * 16000)  # sparse; the header still says one second
    with open_audio([AudioFile(path, path.name)]) as source:
        assert source.duration_s == seconds
        tracemalloc.start()
        (track,) = find_speech(source)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert track.spans == ()
    assert peak < 60 << 20


def test_noise_on_the_line_costs_no_word(spoken, tmp_path):
    _, call = spoken
    speech = np.std(call.samples[:, 1][np.abs(call.samples[:, 1]) > 1000].astype(float))
    noise = np.random.default_rng(5).normal(size=call.samples.shape) * speech * 10 ** (-20 / 20)
    path = write(tmp_path / "noisy.wav", np.clip(call.samples + noise, -32768, 32767).astype(np.int16))
    words = [word for said in call.words.values() for word in said]
    with open_audio([AudioFile(path, path.name)]) as source:
        spans = [span for track in find_speech(source) for span in track.spans]
    missed = [w for w in words if not any(s.start_s < (w[1] + w[2]) / 2 < s.end_s for s in spans)]
    assert missed == []
