"""A recording is paused on the right channel, by name, and it is noted."""

from dataclasses import replace

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from core.audit import AuditEntry
from core.errors import Conflict
from recording.cli import recording
from recording.muting import pause_recording, resume_recording
from tests.unit.ivr.asterisk.ami_server import AmiServer

CALL = "1795319324.4"


@pytest.fixture
def server():
    opened = AmiServer()
    opened.answers["MixMonitorMute"] = "Response: Success\r\nMessage: 1 streams muted"
    channel = "Event: CoreShowChannel\r\nChannel: PJSIP/{name}\r\nUniqueid: {call}"
    opened.answers["CoreShowChannels"] = [
        "Response: Success",
        channel.format(name="1001-03", call="1795319324.5"),
        channel.format(name="trunk-02", call=CALL),
        "Event: CoreShowChannelsComplete",
    ]
    yield opened
    opened.close()


@pytest.fixture
def hotline(installation, server):
    return replace(installation, settings=installation.settings.model_copy(update={"ami": server.settings()}))


def test_both_directions_are_silent_until_it_goes_on(hotline, server, installation):
    pause_recording(hotline, CALL)
    paused = server.next_asked("MixMonitorMute")
    assert (paused["Channel"], paused["Direction"], paused["State"]) == ("PJSIP/trunk-02", "both", "1")
    resume_recording(hotline, CALL)
    assert server.next_asked("MixMonitorMute")["State"] == "0"
    with installation.unit_of_work(read_only=True) as session:
        told = [(e.action, e.subject) for e in session.scalars(select(AuditEntry))]
    assert told == [("recording_paused", f"call:{CALL}"), ("recording_resumed", f"call:{CALL}")]


def test_a_call_that_is_over_or_not_recorded_cannot_be_paused(hotline, server):
    with pytest.raises(Conflict, match=r"no call 1\.1 going on"):
        pause_recording(hotline, "1.1")
    server.answers["MixMonitorMute"] = "Response: Error\r\nMessage: Cannot set mute flag"
    with pytest.raises(Conflict, match="is not recorded"):
        pause_recording(hotline, CALL)


def test_the_commands(hotline):
    for command, words in (("pause", "is paused"), ("resume", "goes on")):
        result = CliRunner().invoke(recording, [command, CALL], obj=hotline, catch_exceptions=False)
        assert words in result.output
