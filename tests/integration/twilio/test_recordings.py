"""A conversation on Twilio ends up as one recording of two tracks, fetched once, stored once, deleted there once."""

from itertools import product

import pytest
from sqlalchemy import func, select

from core.audit import AuditEntry
from core.errors import Conflict
from core.settings import Settings
from ivr.models import Call
from ivr.twilio.models import TwilioRecording
from ivr.twilio.recordings import spool_file
from recording.models import Recording
from recording.muting import pause_recording, resume_recording
from sansheng import wiring
from tests.integration.twilio.virtual_legs import Knobs, QueuePlan, ScriptedCaller

CONVERSATION = {"keys": ["1", "1", "5"], "queues": [QueuePlan("bridged", talk_s=6.0)]}
MESSAGE = {"keys": ["1", "1", "3"], "queues": [QueuePlan("timeout")] * 2, "messages": [5.0]}
EVERY_KNOB = [
    Knobs(total, caller, duplicate, reorder, early, not_ready, failures)
    for total, caller, duplicate, reorder, early in product([False, True], repeat=5)
    for not_ready, failures in ((0, 0.0), (3, 0.2))
]


def figures(installation):
    """What the call log says, without what is different on every call."""
    with installation.unit_of_work(read_only=True) as session:
        call = session.scalars(select(Call)).one()
        return (
            call.outcome,
            [
                (v.outcome, round(v.wait_s or 0), round(v.talk_s or 0), v.agent and v.agent.code)
                for v in call.visits
            ],
        )


@pytest.mark.parametrize("knobs", EVERY_KNOB, ids=str)
def test_whatever_twilio_means_a_call_has_one_outcome_and_one_recording(hotline, knobs):
    line = hotline(knobs)
    line.twilio.call(ScriptedCaller(**CONVERSATION))
    line.settle()
    outcome, ((visit, wait_s, talk_s, agent),) = figures(line.installation)
    assert (outcome, visit, agent, talk_s) == ("answered", "answered", "2001", 6)
    assert wait_s == 6
    (sid,) = line.twilio.recordings
    assert line.twilio.fetched == [sid]
    assert line.twilio.deleted == [sid]
    with line.installation.unit_of_work(read_only=True) as session:
        recording = session.scalars(select(Recording)).one()
        assert [track.role for track in recording.tracks] == ["agent", "caller"]
        assert recording.call_id == session.scalars(select(Call.id)).one()
        assert recording.agent.code == "2001"
        assert recording.duration_s == pytest.approx(6.0, abs=0.1)
        assert session.scalars(select(TwilioRecording)).one().state == "deleted"
    assert not spool_file(line.installation.settings, sid).exists()


def test_where_twilio_orders_the_channels_otherwise_a_setting_says_so(hotline):
    line = hotline(Knobs())
    twilio = line.installation.settings.twilio.model_copy(update={"parent_channel": 1})
    settings = line.installation.settings.model_copy(update={"twilio": twilio})
    object.__setattr__(line.installation, "settings", settings)
    line.twilio.call(ScriptedCaller(**CONVERSATION))
    line.settle()
    with line.installation.unit_of_work(read_only=True) as session:
        recording = session.scalars(select(Recording)).one()
        assert [track.role for track in recording.tracks] == ["caller", "agent"]


def test_a_message_is_the_callers_own_recording(hotline):
    line = hotline(Knobs())
    line.twilio.call(ScriptedCaller(**MESSAGE))
    line.settle()
    with line.installation.unit_of_work(read_only=True) as session:
        recording = session.scalars(select(Recording)).one()
        assert (recording.kind, [track.role for track in recording.tracks]) == ("voicemail", ["caller"])


@pytest.mark.parametrize("on_caller", [False, True])
def test_a_conversation_is_silent_in_the_recording_until_it_goes_on(hotline, on_caller):
    line = hotline(Knobs(recording_on_caller=on_caller))
    conversation = {**CONVERSATION, "queues": [QueuePlan("bridged", talk_s=60.0)]}
    sid = line.twilio.call(ScriptedCaller(**conversation))
    line.twilio.later(30.0, lambda: pause_recording(line.installation, sid, api=line.twilio))
    line.twilio.later(40.0, lambda: resume_recording(line.installation, sid, api=line.twilio))
    line.settle()
    (leg, first), (same, second) = line.twilio.silenced
    assert (first, second, leg == same) == (True, False, True)
    assert (leg == sid) is on_caller
    with line.installation.unit_of_work(read_only=True) as session:
        told = [(entry.action, entry.subject) for entry in session.scalars(select(AuditEntry))]
        assert told == [("recording_paused", f"call:{sid}"), ("recording_resumed", f"call:{sid}")]
    with pytest.raises(Conflict, match=sid):
        pause_recording(line.installation, sid, api=line.twilio)


def test_who_waits_is_not_recorded_and_cannot_be_paused(hotline):
    line = hotline(Knobs())
    sid = line.twilio.call(ScriptedCaller(keys=["1", "1"], queues=[QueuePlan("abandoned", after_s=20.0)]))
    with pytest.raises(Conflict, match=sid):
        line.twilio.later(12.0, lambda: pause_recording(line.installation, sid, api=line.twilio))
        line.settle()
    assert line.twilio.silenced == []


def test_nothing_is_deleted_at_twilio_where_the_settings_say_so(hotline):
    line = hotline(Knobs())
    settings: Settings = line.installation.settings
    twilio = settings.twilio.model_copy(update={"delete_recordings": False})
    object.__setattr__(line.installation, "settings", settings.model_copy(update={"twilio": twilio}))
    line.twilio.call(ScriptedCaller(**CONVERSATION))
    line.settle()
    assert line.twilio.deleted == []


def test_a_recording_twilio_kept_nothing_of_is_not_waited_for(hotline):
    line = hotline(Knobs(recording_absent=True))
    line.twilio.call(ScriptedCaller(**CONVERSATION))
    line.settle()
    assert line.twilio.fetched == []
    with line.installation.unit_of_work(read_only=True) as session:
        assert session.scalars(select(TwilioRecording)).one().state == "absent"


@pytest.mark.parametrize("on_caller", [False, True])
@pytest.mark.parametrize(("script", "kind"), [(CONVERSATION, "conversation"), (MESSAGE, "voicemail")])
def test_a_recording_whose_callback_was_lost_is_asked_for(hotline, script, kind, on_caller):
    line = hotline(Knobs(recording_callbacks_lost=True, recording_on_caller=on_caller))
    line.twilio.call(ScriptedCaller(**script))
    line.settle()
    assert line.twilio.fetched == []
    line.twilio.pass_time(601)
    line.twilio.pass_time(1)
    assert len(line.twilio.fetched) == len(line.twilio.deleted) == 1
    with line.installation.unit_of_work(read_only=True) as session:
        assert session.scalars(select(Recording)).one().kind == kind


def test_a_call_without_a_conversation_is_not_asked_about(hotline, monkeypatch):
    line = hotline(Knobs())
    monkeypatch.setattr(line.twilio, "recordings_of", lambda _sid: pytest.fail("asked for nothing"))
    line.twilio.call(ScriptedCaller(keys=["1", "1"], queues=[QueuePlan("abandoned")]))
    line.settle()
    line.twilio.pass_time(601)


def test_a_recording_that_never_comes_is_given_up_after_a_day(hotline):
    line = hotline(Knobs(not_ready=10_000))
    line.twilio.call(ScriptedCaller(**CONVERSATION))
    line.settle()
    for _ in range(290):
        line.twilio.pass_time(301)
    with line.installation.unit_of_work(read_only=True) as session:
        row = session.scalars(select(TwilioRecording)).one()
        assert (row.state, row.problem) == ("failed", "http_404")
        assert session.scalar(select(func.count()).select_from(Recording)) == 0
    assert row.attempts < 300


@pytest.mark.parametrize(
    ("status", "content_type", "content", "problem"),
    [
        (200, "application/xml", b"<RestException/>", "not_audio"),
        (200, "audio/x-wav", b"<RestException/>", "not_wav"),
        (200, "audio/x-wav", b"", "not_wav"),
        (401, "application/json", b"{}", "http_401"),
        (500, "text/html", b"", "http_500"),
    ],
)
def test_what_is_no_recording_is_not_taken_for_one(
    hotline, monkeypatch, status, content_type, content, problem
):
    line = hotline(Knobs())

    def fetch(_sid, *, channels, target):
        target.write_bytes(content)
        return status, content_type

    monkeypatch.setattr(line.twilio, "fetch_media", fetch)
    line.twilio.call(ScriptedCaller(**CONVERSATION))
    line.settle()
    with line.installation.unit_of_work(read_only=True) as session:
        row = session.scalars(select(TwilioRecording)).one()
        assert (row.state, row.problem) == ("completed", problem)
        assert session.scalar(select(func.count()).select_from(Recording)) == 0


def test_a_job_that_is_done_twice_does_nothing_the_second_time(hotline):
    line = hotline(Knobs())
    line.twilio.call(ScriptedCaller(**CONVERSATION))
    line.settle()
    (sid,) = line.twilio.recordings
    for name in ("fetch_twilio_recording", "delete_twilio_recording"):
        wiring.JOBS[name](line.installation, recording_sid=sid, api=line.twilio)
    wiring.JOBS["take_in_call_recording"](line.installation, provider="twilio", recording=sid)
    assert (len(line.twilio.fetched), len(line.twilio.deleted)) == (1, 1)
