"""What Asterisk leaves in the spool is taken in once, whole, with its call, whoever was down when."""

import os
from datetime import timedelta

import pytest
from sqlalchemy import select

from core.errors import BadInput, RetryLater
from core.jobs import Job
from ivr.asterisk.recorder import leave_note, voicemail_stem
from ivr.ledger.holds import Hold, record_holds
from ivr.ledger.store import import_queue_log
from ivr.models import Agent, Call
from recording import spool as spool_module
from recording.models import Recording, Role
from recording.spool import INGEST, PATIENCE_S, Spool, ingest_spooled, link_recordings
from tests.conftest import NOW
from tests.unit.recording.sounds import buzz, write

STEM = "1795319300.0"
STARTED = NOW - timedelta(seconds=30)


@pytest.fixture
def folder(installation):
    installation.settings.spool.mkdir()
    return installation.settings.spool


@pytest.fixture
def look(installation, clock):
    """A look whose files are as old as the clock says, not as the disk does."""
    spool = Spool(installation)

    def looked(age_s=0.0):
        for path in installation.settings.spool.iterdir():
            touched = (clock.now() - timedelta(seconds=age_s)).timestamp()
            os.utime(path, (touched, touched))
        spool.look()
        with installation.unit_of_work(read_only=True) as session:
            return [job.arguments["stem"] for job in session.scalars(select(Job).order_by(Job.id))]

    return looked


def legs(folder, stem=STEM):
    return [
        write(folder / f"{stem}-{leg}.wav", buzz(2, pitch=pitch)) for leg, pitch in (("rx", 140), ("tx", 190))
    ]


def add_call(installation, outcome="answered", call_id=STEM, agent=True):
    with installation.unit_of_work() as session:
        who = Agent(code="1001", name="王", interface="PJSIP/1001") if agent else None
        call = Call(provider="asterisk", provider_call_id=call_id, outcome=outcome, started_at=NOW, agent=who)
        session.add(call)
        session.flush()
        return call.id, who.id if who else None


def recordings(installation):
    with installation.unit_of_work(read_only=True) as session:
        found = session.scalars(select(Recording).order_by(Recording.id)).all()
        for row in found:
            _ = row.tracks, row.files
        return found


def test_a_note_becomes_a_recording_with_both_legs_its_call_and_its_time(installation, folder, look):
    call_id, agent_id = add_call(installation)
    legs(folder)
    leave_note(folder / STEM, STARTED)
    assert look() == [STEM]
    ingest_spooled(installation, stem=STEM)
    (row,) = recordings(installation)
    assert (row.call_id, row.agent_id, row.started_at, row.kind) == (
        call_id,
        agent_id,
        STARTED,
        "conversation",
    )
    assert [track.role for track in row.tracks] == [Role.CALLER, Role.AGENT]
    assert [file.name for file in row.files] == [f"{STEM}-rx.wav", f"{STEM}-tx.wav"]
    assert list(folder.iterdir()) == []


def test_a_recording_knows_when_the_caller_was_on_hold(installation, folder, tmp_path):
    began = int(STARTED.timestamp())
    lines = (
        f"{began - 8}|{STEM}|sales|NONE|ENTERQUEUE||138|1",
        f"{began}|{STEM}|sales|PJSIP/1001|CONNECT|8|x.1|4",
        f"{began + 25}|{STEM}|sales|PJSIP/1001|COMPLETEAGENT|8|25|1",
    )
    (tmp_path / "queue_log").write_text("".join(f"{line}\n" for line in lines))
    import_queue_log(installation, [tmp_path / "queue_log"])
    holds = [(5.0, True), (9.5, False), (20.0, True)]
    with installation.unit_of_work() as session:
        told = [Hold(STEM, "PJSIP/1001", STARTED + timedelta(seconds=s), begins) for s, begins in holds]
        record_holds(session, told, now=NOW)
    legs(folder)
    leave_note(folder / STEM, STARTED)
    ingest_spooled(installation, stem=STEM)

    (row,) = recordings(installation)
    assert row.holds == [[5.0, 9.5], [20.0, 25.0]]


def test_while_we_were_down_nothing_is_lost_and_nothing_is_promised_twice(installation, folder, look):
    add_call(installation)
    legs(folder)
    leave_note(folder / STEM, STARTED)
    assert look(age_s=86_400) == [STEM]
    assert look(age_s=86_400) == [STEM]
    another_process = Spool(installation)
    another_process.look()
    with installation.unit_of_work(read_only=True) as session:
        assert len(session.scalars(select(Job)).all()) == 1


def test_killed_between_keeping_and_clearing_it_is_one_recording(installation, folder, monkeypatch):
    add_call(installation)
    legs(folder)
    leave_note(folder / STEM, STARTED)

    class Killed(BaseException):
        pass

    def killed(*_args, **_kwargs):
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(spool_module.Path, "unlink", killed)
        with pytest.raises(Killed):
            ingest_spooled(installation, stem=STEM)
    assert (folder / f"{STEM}.closed").exists()
    ingest_spooled(installation, stem=STEM)
    ingest_spooled(installation, stem=STEM)  # delivered once more: nothing to do
    assert len(recordings(installation)) == 1
    assert list(folder.iterdir()) == []


def test_a_failure_that_passes_keeps_the_files(installation, folder, monkeypatch):
    legs(folder)
    leave_note(folder / STEM, STARTED)

    def full(*_args, **_kwargs):
        raise RetryLater("disk full")

    monkeypatch.setattr(spool_module, "add_recording", full)
    with pytest.raises(RetryLater):
        ingest_spooled(installation, stem=STEM)
    assert len(list(folder.iterdir())) == 3


def test_a_recording_waits_for_its_calls_end_but_not_for_ever(installation, folder, look, clock):
    add_call(installation, outcome="open")
    legs(folder)
    leave_note(folder / STEM, STARTED)
    assert look() == []
    assert look(age_s=PATIENCE_S) == [STEM]


def test_the_call_log_may_come_later_than_the_recording(installation, folder):
    legs(folder)
    leave_note(folder / STEM, STARTED)
    ingest_spooled(installation, stem=STEM)
    assert recordings(installation)[0].call_id is None
    assert link_recordings(installation) == 0
    call_id, agent_id = add_call(installation)
    assert link_recordings(installation) == 1
    (row,) = recordings(installation)
    assert (row.call_id, row.agent_id) == (call_id, agent_id)
    assert link_recordings(installation) == 0


def test_an_agent_known_later_is_joined_too(installation, folder):
    call_id, _agent = add_call(installation, agent=False)
    legs(folder)
    leave_note(folder / STEM, STARTED)
    ingest_spooled(installation, stem=STEM)
    assert recordings(installation)[0].agent_id is None
    with installation.unit_of_work() as session:
        session.get_one(Call, call_id).agent = Agent(code="1002", name="李", interface="PJSIP/1002")
    assert link_recordings(installation) == 1


def test_a_message_is_the_callers(installation, folder, look):
    call_id, _agent = add_call(installation, outcome="voicemail")
    stem = voicemail_stem(folder, STEM)
    write(stem.with_name(stem.name + ".wav"), buzz(2))
    leave_note(stem, STARTED)
    assert look() == [stem.name]
    ingest_spooled(installation, stem=stem.name)
    (row,) = recordings(installation)
    assert (row.kind, row.call_id, row.agent_id) == ("voicemail", call_id, None)
    assert [track.role for track in row.tracks] == [Role.CALLER]


def test_the_sweep_finds_what_a_crash_left_and_its_header_is_repaired(installation, folder, look):
    add_call(installation, outcome="failed")
    for path in legs(folder):  # as a killed recorder leaves it: the sizes are written at the close
        sound = bytearray(path.read_bytes())
        sound[4:8] = sound[40:44] = bytes(4)
        path.write_bytes(sound)
    assert look(age_s=599) == []
    assert look(age_s=600) == [STEM]
    ingest_spooled(installation, stem=STEM)
    (row,) = recordings(installation)
    assert row.duration_s == pytest.approx(2.0)
    assert row.started_at is None


def test_the_sweep_leaves_a_call_alone_that_goes_on(installation, folder, look):
    add_call(installation, outcome="open")
    legs(folder)
    assert look(age_s=3600) == []
    assert look(age_s=5 * 3600) == [STEM]


def test_a_note_half_written_waits_and_in_the_end_counts(installation, folder, look):
    add_call(installation)
    legs(folder)
    (folder / f"{STEM}.closed").write_text("")
    assert look() == []
    assert look(age_s=PATIENCE_S) == [STEM]
    ingest_spooled(installation, stem=STEM)
    assert recordings(installation)[0].started_at is None


def test_a_note_without_its_files_and_a_leg_without_its_other_are_said_so(installation, folder):
    leave_note(folder / STEM, STARTED)
    with pytest.raises(BadInput, match="announces a recording that is not there"):
        ingest_spooled(installation, stem=STEM)
    write(folder / f"{STEM}-rx.wav", buzz(1))
    with pytest.raises(BadInput, match="other leg"):
        ingest_spooled(installation, stem=STEM)
    assert len(list(folder.iterdir())) == 2


@pytest.mark.parametrize("stem", ["../1.1", "/etc/passwd", "a/b", ".."])
def test_a_stem_cannot_lead_out_of_the_spool(installation, folder, stem):
    with pytest.raises(BadInput):
        ingest_spooled(installation, stem=stem)


def test_a_spool_that_is_not_there_yet_is_no_fault(installation):
    assert Spool(installation).look() == 0


def test_the_job_is_known_to_the_workers():
    from sansheng.wiring import JOBS

    assert JOBS[INGEST] is ingest_spooled
