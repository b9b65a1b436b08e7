"""The floor on a real Asterisk: who is shown where, agents on duty, listening in, recordings that pause, crashes."""

import subprocess
import wave
from pathlib import Path

import numpy as np
import pytest
from ruamel.yaml import YAML
from sqlalchemy import select

from core.accounts import Role, User
from core.audit import AuditEntry
from core.clock import SystemClock
from ivr.asterisk import duty
from ivr.asterisk.listening import listen_in
from ivr.live import read_live
from recording.models import Recording
from recording.muting import pause_recording, resume_recording
from recording.spool import ingest_spooled
from tests.asterisk.cut_line import CutLine
from tests.asterisk.ledger import rows, settled_call
from tests.asterisk.scene import LANGUAGE, MENU, answers
from tests.asterisk.sipp import Agent, Caller
from tests.waiting import wait_until

pytestmark = pytest.mark.asterisk


@pytest.fixture
def floor(telephony):
    """Reads the live state as a page does, once the watch of `sansheng ivr` has it."""

    def read():
        with telephony.installation.unit_of_work(read_only=True) as session:
            return read_live(session)

    wait_until(lambda: not read().is_stale(SystemClock().now()), "the live state")
    return read


def states(floor):
    return {agent.agent: (agent.state, agent.reason) for agent in floor().floor.agents}


def waiting(floor):
    return [caller for queue in floor().floor.queues for caller in queue.waiting]


def talking_call(floor):
    wait_until(lambda: [a for a in floor().floor.agents if a.state == "talking"], "the conversation")
    return next(agent.call for agent in floor().floor.agents if agent.state == "talking")


def loudness(path):
    """RMS of each second of a leg."""
    with wave.open(str(path), "rb") as file:
        sound = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(float)
    seconds = sound[: len(sound) // 8000 * 8000].reshape(-1, 8000)
    return np.sqrt((seconds**2).mean(axis=1))


def test_agents_come_pause_and_go_through_the_product(telephony, floor):
    duty.log_in(telephony.installation, "1001")
    wait_until(lambda: states(floor) == {"PJSIP/1001": ("ready", "")}, "the agent on duty")
    duty.log_in(telephony.installation, "1001")  # again: no fault
    duty.pause(telephony.installation, "1001", "lunch")
    wait_until(lambda: states(floor) == {"PJSIP/1001": ("paused", "lunch")}, "the pause")
    duty.resume(telephony.installation, "1001")
    wait_until(lambda: states(floor) == {"PJSIP/1001": ("ready", "")}, "the end of the pause")
    duty.log_out(telephony.installation, "1001")
    wait_until(lambda: states(floor) == {}, "the agent to be gone")
    log = telephony.asterisk.queue_log.read_text()
    assert "|PJSIP/1001|PAUSEALL|lunch" in log or "|PJSIP/1001|PAUSE|lunch" in log
    assert "|PJSIP/1001|REMOVEMEMBER|" in log


def test_a_supervisor_listens_while_a_recording_pauses(
    telephony,
    stage,
    floor,
    before,
    caller_sends,
    agent_voice,
):
    installation = telephony.installation
    duty.log_in(installation, "1001")
    with installation.unit_of_work(read_only=True) as session:
        supervisor = session.scalar(select(User.id).where(User.role == Role.SUPERVISOR))
    agent = stage.agent("1001", answers(agent_voice, rings_s=2.0, talks_s=16.0))
    listener = stage.agent("1003", Agent().rings().answers().is_hung_up_on())
    caller = stage.call(Caller().answered().plays(caller_sends(LANGUAGE, MENU, voice_s=60.0)).is_hung_up_on())
    wait_until(lambda: waiting(floor) and waiting(floor)[0].ringing == ("PJSIP/1001",), "the ringing")
    assert waiting(floor)[0].caller == "138****8000"
    call = talking_call(floor)
    pause_recording(installation, call)
    assert listen_in(installation, supervisor, "1001", phone="PJSIP/1003") == call
    channels = telephony.asterisk.cli("core show channels")
    assert "ChanSpy" in channels
    muted_from = SystemClock().now()
    wait_until(lambda: (SystemClock().now() - muted_from).total_seconds() > 3, "three seconds of silence")
    resume_recording(installation, call)
    agent.ends()
    listener.ends()
    caller.ends()
    settled_call(telephony, after=before)
    spool = telephony.settings.spool
    wait_until((spool / f"{call}.closed").exists, "the recorder's note")
    for leg in ("rx", "tx"):
        assert (loudness(spool / f"{call}-{leg}.wav") < 1).sum() >= 2, "the pause is silence on both legs"
    with installation.unit_of_work(read_only=True) as session:
        told = [
            entry.action for entry in session.scalars(select(AuditEntry)) if entry.subject == f"call:{call}"
        ]
    assert told == ["recording_paused", "live_listening_begun", "recording_resumed"]


def test_the_line_to_asterisk_is_cut_while_a_caller_comes_and_goes(
    telephony,
    stage,
    floor,
    caller_sends,
):
    caller = stage.call(Caller().answered().plays(caller_sends(LANGUAGE, MENU)).waits(20).hangs_up())
    wait_until(lambda: waiting(floor), "the caller in the queue")
    for line in telephony.asterisk.cli("manager show connected").splitlines():
        fields = line.split()
        if fields and fields[0] == "sansheng":
            telephony.asterisk.cli(f"manager kick session {fields[6]}")
    caller.ends()
    wait_until(lambda: not waiting(floor) and not floor().problem, "the caller to be gone from the floor")
    assert not floor().is_stale(SystemClock().now())
    assert floor().silent_from is None


def test_the_line_to_asterisk_is_down_for_twenty_seconds_while_callers_come_and_go(
    telephony, stage, floor, before, caller_sends, supervisor
):
    """The wall says that it knows nothing, and since when; mended, it shows who is there now. No fact is lost."""
    line = CutLine(telephony.settings.ami.port)
    telephony.stop_ivr()
    telephony.start_ivr(SANSHENG_AMI_PORT=str(line.port))
    stream = caller_sends(LANGUAGE, MENU)
    goes = stage.call(Caller("13900139001").answered().plays(stream).waits(15).hangs_up())
    wait_until(lambda: [c.caller for c in waiting(floor)] == ["139****9001"], "the first caller")
    line.cut()
    comes = stage.call(Caller("13900139002").answered().plays(stream).waits(60).hangs_up(), port=5062)
    goes.ends()
    wait_until(lambda: floor().age_s(SystemClock().now()) > 20, "twenty seconds without a word")
    assert f"127.0.0.1:{line.port}" in floor().problem
    assert "The telephony is not heard" in supervisor.get("/wall/board").text
    wait_until(lambda: "13900139002" in telephony.asterisk.queue_log.read_text(), "the second caller")
    line.mend()
    wait_until(lambda: [c.caller for c in waiting(floor)] == ["139****9002"], "the floor as it is now")
    assert floor().problem == ""
    assert "The telephony is not heard" not in supervisor.get("/wall/board").text
    assert floor().silent_from is None, "a line that broke is no crash"
    comes.ends()
    settled_call(telephony, after=before)
    assert [(call["caller"], call["outcome"]) for call in rows(telephony, after=before)] == [
        ("13900139001", "abandoned"),
        ("13900139002", "abandoned"),
    ]
    line.cut()


def test_asterisk_is_killed_in_a_conversation(
    telephony,
    stage,
    floor,
    before,
    caller_sends,
    agent_voice,
):
    """The call ends in the ledger where Asterisk was heard last, marked; its recording is swept up and repaired."""
    duty.log_in(telephony.installation, "1001")
    stage.agent("1001", answers(agent_voice, talks_s=60.0))
    stage.call(Caller().answered().plays(caller_sends(LANGUAGE, MENU, voice_s=60.0)).is_hung_up_on())
    call = talking_call(floor)
    leg = telephony.settings.spool / f"{call}-rx.wav"
    wait_until(lambda: leg.exists() and leg.stat().st_size > 100_000, "six seconds of recording")
    telephony.asterisk.kill()
    killed_at = SystemClock().now()
    telephony.asterisk.start()
    wait_until(lambda: rows(telephony, after=before)[-1]["outcome"] != "open", "the call to be closed")
    found = rows(telephony, after=before)[-1]
    assert (found["outcome"], found["visits"][-1]["ended_by"]) == ("answered", "crash")
    assert found["talk_s"] > 0
    assert abs((floor().silent_from - killed_at).total_seconds()) < 3
    ingest_spooled(telephony.installation, stem=call)
    with telephony.installation.unit_of_work(read_only=True) as session:
        kept = session.scalars(select(Recording).order_by(Recording.id.desc())).first()
        assert kept.call.provider_call_id == call
        assert kept.duration_s > 5
    assert not Path(leg).exists()


def test_the_health_check_of_the_container_tells_a_running_asterisk_from_none(telephony):
    compose = YAML(typ="safe").load(Path("docker-compose.yml").read_text(encoding="utf-8"))
    kind, program, *arguments = compose["services"]["asterisk"]["healthcheck"]["test"]
    assert (kind, program) == ("CMD", "asterisk")
    asked = telephony.asterisk.command(*arguments)
    assert subprocess.run(asked, capture_output=True, check=False).returncode == 0
    telephony.asterisk.kill()
    assert subprocess.run(asked, capture_output=True, check=False).returncode != 0
    telephony.asterisk.start()
