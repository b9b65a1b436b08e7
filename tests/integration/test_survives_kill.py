"""kill -9 at any moment loses nothing and doubles nothing.

The pipeline (take in, transcribe, score) runs in a process of its own over calls of the demo and is
killed at random moments. In the end the rows must be those of an undisturbed run.
"""

import multiprocessing
import random
import signal
from pathlib import Path

import pytest
from sqlalchemy import func, select

from core.blobs import FolderBlobs
from core.clock import SystemClock
from core.installation import Installation
from core.jobs import Job
from core.settings import Settings
from ivr.models import Agent
from qa.models import AutoAnswer, AutoScore
from recording.audio import AudioFile
from recording.ingest import RecordingFacts, add_recording
from recording.models import Recording, RecordingFile, Role, Transcript, Utterance
from sansheng.demo.audio import render, write_wav
from sansheng.demo.calls import scripted_calls
from sansheng.migrations import upgrade_database
from sansheng.wiring import job_worker

LENGTHS = {False: (8, 15), True: (24, 50)}
"""Calls and kills of a short and of a thorough run."""
_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(["sansheng.wiring", "sansheng.migrations"])


@pytest.fixture(scope="module")
def calls(tmp_path_factory, thorough) -> Path:
    """Calls of the demo as files."""
    folder = tmp_path_factory.mktemp("calls")
    for call in scripted_calls()[: LENGTHS[thorough][0]]:
        write_wav(folder / f"{call.key}.wav", render(call).samples)
    return folder


def _settings(home: Path, url: str) -> Settings:
    return Settings.model_validate(
        {
            "home": home,
            "secret_key": "a secret for tests only",
            "database": {"url": url},
            # A short lease only shortens the test: it is how long a killed worker's jobs rest.
            "jobs": {"lease_s": 1.0, "poll_s": 0.02, "max_crashes": 50},
        }
    )


def run_pipeline(settings: Settings, folder: Path) -> None:
    """Take in every file and work until nothing is left."""
    installation = Installation.open(settings, clock=SystemClock())
    agents = {call.key: call.agent.code if call.agent else None for call in scripted_calls()}
    with installation.unit_of_work() as session:
        by_code = {code: agent_id for agent_id, code in session.execute(select(Agent.id, Agent.code))}
    for path in sorted(folder.iterdir()):
        code = agents[path.stem]
        facts = RecordingFacts(
            agent_id=by_code[code] if code else None,
            roles=(Role.CALLER, Role.AGENT),
            kind="conversation" if code else "voicemail",
        )
        add_recording(installation, [AudioFile(path, path.name)], facts)
    job_worker(installation).run_until_idle()
    installation.close()


def _prepared(home: Path, url: str) -> Installation:
    installation = Installation.open(_settings(home, url), clock=SystemClock())
    upgrade_database(installation.engine)
    with installation.unit_of_work() as session:
        for code in sorted({call.agent.code for call in scripted_calls() if call.agent}):
            session.add(Agent(code=code, name=f"agent {code}", interface=f"PJSIP/{code}"))
    return installation


def _rows(installation: Installation) -> dict[str, list[tuple[object, ...]]]:
    """Everything the pipeline made, without ids and times of the clock."""
    with installation.unit_of_work(read_only=True) as session:
        said = (
            select(Recording.sha256, Utterance.number, Utterance.role, Utterance.start_s, Utterance.text)
            .join(Transcript, Transcript.recording_id == Recording.id)
            .join(Utterance, Utterance.transcript_id == Transcript.id)
        )
        judged = (
            select(
                Recording.sha256,
                AutoScore.points,
                AutoAnswer.criterion,
                AutoAnswer.verdict,
                AutoAnswer.reason,
            )
            .join(AutoScore, AutoScore.recording_id == Recording.id)
            .join(AutoAnswer, AutoAnswer.score_id == AutoScore.id)
        )
        tables = {
            "recordings": select(Recording.sha256, Recording.state, Recording.frames, Recording.peaks_key),
            "utterances": said,
            "answers": judged,
            "jobs": select(Job.name, Job.state),
        }
        return {name: sorted(map(tuple, session.execute(query)), key=repr) for name, query in tables.items()}


@pytest.mark.slow
def test_kills_change_nothing(tmp_path, database_url, calls, thorough):
    undisturbed = _prepared(tmp_path / "undisturbed", f"sqlite:///{tmp_path / 'undisturbed.db'}")
    run_pipeline(undisturbed.settings, calls)
    expected = _rows(undisturbed)
    undisturbed.close()

    disturbed = _prepared(tmp_path / "disturbed", database_url)
    moments = random.Random(20261122)
    for killed in range(LENGTHS[thorough][1]):
        process = _processes.Process(target=run_pipeline, args=(disturbed.settings, calls))
        process.start()
        process.join(timeout=moments.uniform(0.1, 0.9))
        assert process.is_alive(), f"all was done after {killed} kills: shorten the moments"
        process.kill()
        process.join()
        assert process.exitcode == -signal.SIGKILL
    run_pipeline(disturbed.settings, calls)

    assert _rows(disturbed) == expected
    with disturbed.unit_of_work(read_only=True) as session:
        assert session.scalar(select(func.count()).select_from(Transcript)) == len(list(calls.iterdir()))
        referenced = set(session.scalars(select(RecordingFile.blob_key))) | set(
            session.scalars(select(Recording.peaks_key))
        )
    stored = set(FolderBlobs(disturbed.settings.blob_root).keys())
    disturbed.close()
    assert stored == referenced
