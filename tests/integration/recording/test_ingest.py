"""Recordings are taken in once, whole, and with nothing left behind when something fails."""

import errno
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select

from core.blobs import FolderBlobs
from core.errors import BadInput, Conflict, NotFound, RetryLater
from core.events import OutboxEvent
from ivr.models import Agent, Call
from recording import ingest
from recording.folders import FolderWatch, import_folder
from recording.ingest import RecordingFacts, add_recording, audio_files
from recording.models import Recording, Role, Track, Transcript, Utterance
from recording.services import open_recording, peaks_of, playback_of
from tests.conftest import NOW
from tests.unit.recording.sounds import buzz, ramp, silence, write


def rows(installation, kind=Recording):
    with installation.unit_of_work(read_only=True) as session:
        return session.scalars(select(kind)).all()


def add(installation, *paths, **facts):
    return add_recording(installation, audio_files(paths), RecordingFacts(**facts))


@pytest.fixture
def stereo(tmp_path):
    return write(tmp_path / "call.wav", np.stack([buzz(2), silence(2)], axis=1))


def test_a_recording_is_kept_as_it_came_and_announced(installation, stereo):
    added = add(installation, stereo, agent_channel=1, started_at=NOW)
    assert added.created
    with installation.unit_of_work(read_only=True) as session:
        row = session.get_one(Recording, added.recording.id)
        assert (row.state, row.frames, row.sample_rate, row.duration_s) == ("stored", 16000, 8000, 2.0)
        assert [(t.channel, t.role) for t in row.tracks] == [(0, Role.CALLER), (1, Role.AGENT)]
        (kept,) = row.files
        assert installation.blobs.path(kept.blob_key).read_bytes() == stereo.read_bytes()
        assert kept.encoding == "WAV/PCM_16"
        (event,) = session.scalars(select(OutboxEvent))
        assert (event.name, event.fields) == ("recording_stored", {"recording_id": row.id})
        left, right = peaks_of(installation, row, 20)
        assert max(high for _, high in left) > 15
        assert right == [[0, 0]] * 20
        with playback_of(installation, row) as wav:
            assert wav.size == 44 + 16000 * 4


def test_the_same_content_is_one_recording_and_later_facts_are_filled_in(installation, stereo):
    with installation.unit_of_work() as session:
        agent = Agent(code="1001", name="王", interface="PJSIP/1001")
        session.add(agent)
    first = add(installation, stereo)
    again = add(installation, stereo, agent_id=agent.id)
    assert (again.created, again.recording.id, again.recording.agent_id) == (
        False,
        first.recording.id,
        agent.id,
    )
    assert len(rows(installation)) == len(rows(installation, OutboxEvent)) == 1


def test_roles_that_become_known_reach_the_transcript(installation, stereo, tmp_path):
    first = add(installation, stereo).recording
    with installation.unit_of_work() as session:
        heard = Transcript(
            recording_id=first.id, model_name="m", model_hash="0", pipeline_version=1, created_at=NOW
        )
        heard.utterances = [
            Utterance(number=n, channel=n, role=Role.UNKNOWN, start_s=n, end_s=n + 1, text="好", words=[])
            for n in (0, 1)
        ]
        session.add(heard)

    learned = add(installation, stereo, agent_channel=1)
    again = add(installation, stereo, agent_channel=1)

    assert learned.recording.roles_known
    assert "now known" in learned.notices[0]
    assert again.notices == ()
    with installation.unit_of_work(read_only=True) as session:
        utterances = session.scalars(select(Utterance).order_by(Utterance.number))
        assert [u.role for u in utterances] == ["caller", "agent"]
        told = [(e.name, e.fields) for e in session.scalars(select(OutboxEvent).order_by(OutboxEvent.id))]
        assert told[1:] == [("roles_learned", {"transcript_id": heard.id})]


def test_roles_that_contradict_those_known_are_refused(installation, stereo, tmp_path):
    first = add(installation, stereo, agent_channel=1).recording
    with pytest.raises(Conflict, match="caller, agent, not agent, caller"):
        add(installation, stereo, agent_channel=0, started_at=NOW)
    with installation.unit_of_work(read_only=True) as session:
        row = session.get_one(Recording, first.id)
        assert ([t.role for t in row.tracks], row.started_at) == ([Role.CALLER, Role.AGENT], None)

    (folder := tmp_path / "in").mkdir()
    shutil.copy(stereo, folder / "call.wav")
    write(folder / "other.wav", ramp(90, 2))
    items = list(import_folder(installation, folder, agent_channel=0))
    assert [(item.created, "not agent, caller" in item.problem) for item in items] == [
        (False, True),
        (True, False),
    ]


def test_two_who_add_the_same_file_at_once_get_one_recording(installation, stereo, monkeypatch):
    both_looked = threading.Barrier(2)
    keep = ingest._keep
    monkeypatch.setattr(ingest, "_keep", lambda *a: (both_looked.wait(20), keep(*a))[1])
    results = []
    threads = [threading.Thread(target=lambda: results.append(add(installation, stereo))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(r.created for r in results) == [False, True]
    assert len({r.recording.id for r in results}) == 1
    assert len(rows(installation)) == len(rows(installation, OutboxEvent)) == 1


def test_roles_are_known_from_the_topology_or_unknown(installation, tmp_path, stereo):
    mono = write(tmp_path / "m.wav", ramp(100))
    voicemail = write(tmp_path / "v.wav", ramp(200))
    legs = [write(tmp_path / "l-rx.wav", ramp(300)), write(tmp_path / "l-tx.wav", ramp(310))]
    assert [t.role for t in add(installation, mono).recording.tracks] == [Role.UNKNOWN]
    assert [t.role for t in add(installation, stereo).recording.tracks] == [Role.UNKNOWN] * 2
    assert [t.role for t in add(installation, voicemail, kind="voicemail").recording.tracks] == [Role.CALLER]
    both = add(installation, *legs, roles=[Role.CALLER, Role.AGENT]).recording
    assert both.roles_known
    assert [f.name for f in both.files] == ["l-rx.wav", "l-tx.wav"]
    with pytest.raises(BadInput, match="number of channels is 1"):
        add(installation, write(tmp_path / "n.wav", ramp(77)), agent_channel=1)


def test_a_48_khz_stereo_mp3_is_taken_in(installation, tmp_path):
    sound = np.stack([buzz(3, 48000), silence(3, 48000)], axis=1)
    row = add(installation, write(tmp_path / "a.mp3", sound, 48000), agent_channel=0).recording
    assert (row.sample_rate, row.duration_s) == (48000, pytest.approx(3.0, abs=0.1))


def test_a_torn_file_is_as_long_as_what_can_be_heard(installation, tmp_path):
    path = write(tmp_path / "a.mp3", buzz(20))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    added = add(installation, path)
    assert 7 < added.recording.duration_s < 13
    assert "torn after" in added.notices[0]
    with open_recording(installation, added.recording) as source:
        assert source.frames == added.recording.frames


@pytest.mark.parametrize("content", [b"", b"only text\n" * 50, b"\x00\x01\xfe" * 500])
def test_what_is_no_recording_leaves_nothing_behind(installation, tmp_path, content):
    (tmp_path / "bad.wav").write_bytes(content)
    with pytest.raises(BadInput, match=r"bad\.wav"):
        add(installation, tmp_path / "bad.wav")
    assert rows(installation) == []
    assert list(installation.blobs.keys()) == []


def test_disk_full_is_retried_and_then_nothing_is_doubled(installation, stereo, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(FolderBlobs, "_put", full)
        with pytest.raises(RetryLater, match="free space"):
            add(installation, stereo)
    assert rows(installation) == []
    assert add(installation, stereo).created
    assert len(list(installation.blobs.keys())) == 2


def test_killed_before_the_row_was_written_no_blob_stays_an_orphan(installation, stereo, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(ingest, "publish", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            add(installation, stereo)
    assert rows(installation) == []
    orphans = set(installation.blobs.keys())
    row = add(installation, stereo).recording
    assert set(installation.blobs.keys()) == orphans == {row.files[0].blob_key, row.peaks_key}


def test_a_file_that_still_grows_is_not_taken(installation, stereo, monkeypatch):
    keep = ingest._put

    def grows(installation, file, expected):
        with Path(file.path).open("ab") as opened:
            opened.write(b"\1\2\3\4" * 100)
        return keep(installation, file, expected)

    monkeypatch.setattr(ingest, "_put", grows)
    with pytest.raises(RetryLater, match="changed while"):
        add(installation, stereo)
    assert list(installation.blobs.keys()) == []


def test_a_folder_is_imported_but_for_its_bad_items(installation, tmp_path):
    folder = tmp_path / "in"
    (folder / "2026").mkdir(parents=True)
    with installation.unit_of_work() as session:
        agent = Agent(code="1001", name="王", interface="PJSIP/1001")
        session.add(agent)
        session.flush()
        session.add(
            Call(provider="asterisk", provider_call_id="1763600000.1", started_at=NOW, agent_id=agent.id)
        )
    write(folder / "1763600000.1-rx.wav", ramp(1000))
    write(folder / "1763600000.1-tx.wav", ramp(1100))
    write(folder / "1763600000.1-mix.wav", ramp(1100))
    write(folder / "2026" / "1763600000.2.wav", ramp(900, 2))
    write(folder / "1763600000.3-rx.wav", ramp(100))
    (folder / "broken.wav").write_text("not sound at all")
    (folder / "notes.txt").write_text("not looked at")
    items = list(import_folder(installation, folder, "asterisk", agent_channel=1))
    assert [(item.created, bool(item.problem)) for item in items] == [
        (True, False),
        (False, True),
        (True, False),
        (False, True),
    ]
    with installation.unit_of_work(read_only=True) as session:
        joined, other = session.scalars(select(Recording).order_by(Recording.id))
        assert (joined.call.provider_call_id, joined.agent_id) == ("1763600000.1", agent.id)
        assert [t.role for t in joined.tracks] == [Role.CALLER, Role.AGENT]
        assert (other.call_id, [t.role for t in other.tracks]) == (None, [Role.CALLER, Role.AGENT])
    again = list(import_folder(installation, folder, "asterisk", agent_channel=1))
    assert not any(item.created for item in again)
    assert len(rows(installation, Track)) == 4


def test_a_watched_file_is_taken_once_it_rests(installation, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    watch = FolderWatch(installation, folder)
    path = write(folder / "a.wav", ramp(100))
    assert list(watch.look()) == []
    with path.open("ab") as file:
        file.write(b"\1\2" * 50)
    assert list(watch.look()) == []
    assert [item.created for item in watch.look()] == [True]
    assert list(watch.look()) == []
    write(folder / "b-rx.wav", ramp(50))
    watched = [list(watch.look()), list(watch.look())]
    write(folder / "b-tx.wav", ramp(60))
    watched += [list(watch.look()), list(watch.look())]
    assert watched[:3] == [[], [], []]
    assert [item.created for item in watched[3]] == [True]


def test_a_lost_blob_is_told(installation, stereo):
    row = add(installation, stereo).recording
    installation.blobs.delete(row.files[0].blob_key)
    with pytest.raises(NotFound, match="blob"):
        playback_of(installation, row)


def test_a_watch_outlives_a_full_disk_and_takes_the_file_later(installation, tmp_path, monkeypatch):
    folder = tmp_path / "in"
    folder.mkdir()
    write(folder / "a.wav", ramp(100))
    watch = FolderWatch(installation, folder)
    assert list(watch.look()) == []

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(FolderBlobs, "_put", full)
        (failed,) = watch.look()
    assert "No space left" in failed.problem
    (taken,) = watch.look()
    assert taken.created
