"""A transfer on Twilio: whoever is dialled says with a key that a person is there, and the call ends one way only."""

from dataclasses import replace
from itertools import product

import pytest
from sqlalchemy import select

from ivr.flow.check import load_flow
from ivr.flow.events import DialResult, Start
from ivr.flow.interpreter import advance, begin
from ivr.ledger.steps import first_step, steps_of
from ivr.models import Call, CallEvent
from recording.models import Recording
from tests.integration.twilio.conftest import MONDAY, Hotline
from tests.integration.twilio.virtual_dialling import PartyPlan
from tests.integration.twilio.virtual_legs import Knobs, ScriptedCaller

FLOW = """
flow: extension
languages: [zh]
prompts:
  recorded: {zh: 本次通话将会录音}
  nobody: {zh: 同事暂时无法接听}
start: hello
nodes:
  hello: {kind: consent, say: recorded, then: colleague}
  colleague: {kind: transfer, target: "TARGET", timeout_s: 30, then: {answered: bye, busy: sorry, noanswer: sorry, failed: sorry}}
  sorry: {kind: announce, say: nobody, then: bye}
  bye: {kind: hangup}
"""
DUPLICATES_AND_ORDERS = [
    Knobs(duplicate=d, status_before_result=s) for d, s in product((False, True), repeat=2)
]
ANSWERS = PartyPlan("answers")


@pytest.fixture(params=["+862112345678", "sip:desk@pbx.example.com"], ids=["number", "sip"])
def line(request, staffed, tmp_path):
    """Return a function that makes a hotline whose flow transfers every caller."""
    path = tmp_path / "extension.yaml"
    path.write_text(FLOW.replace("TARGET", request.param), encoding="utf-8")
    twilio = staffed.settings.twilio.model_copy(update={"flow": str(path)})
    settings = staffed.settings.model_copy(update={"twilio": twilio})
    object.__setattr__(staffed, "settings", settings)

    def make(knobs):
        made = Hotline(staffed, knobs, 1)
        made.flow = load_flow(path)
        return made

    return make


def the_call(line):
    with line.installation.unit_of_work(read_only=True) as session:
        call = session.scalars(select(Call)).one()
        steps = session.scalars(
            select(CallEvent).where(CallEvent.source == "flow").order_by(CallEvent.position)
        )
        path = [(step.kind, step.fields.get("node", ""), step.fields.get("outcome", "")) for step in steps]
        return call, path


def on_paper(flow, result):
    """The way through the flow when the transfer ends so."""
    answer = begin(flow, Start(caller="13800138000", called="4008000000", at=MONDAY))
    path = [first_step(answer.state), *steps_of(flow, answer, number=1)]
    answer = advance(flow, answer.state, DialResult(result=result, at=MONDAY))
    path += steps_of(flow, answer, number=len(path))
    return [(step.kind, step.fields.get("node", ""), step.fields.get("outcome", "")) for step in path]


@pytest.mark.parametrize("knobs", DUPLICATES_AND_ORDERS, ids=str)
@pytest.mark.parametrize(
    ("plan", "result", "outcome"),
    [
        (ANSWERS, "answered", "answered"),
        (PartyPlan("busy"), "busy", "hung_up"),
        (PartyPlan("failed"), "failed", "hung_up"),
        (PartyPlan("no-answer", after_s=99.0), "noanswer", "hung_up"),
        (replace(ANSWERS, after_s=99.0), "noanswer", "hung_up"),
        (replace(ANSWERS, key=""), "noanswer", "hung_up"),
        (replace(ANSWERS, key="2"), "noanswer", "hung_up"),
        (replace(ANSWERS, key="", refused_as="no-answer"), "noanswer", "hung_up"),
    ],
    ids=str,
)
def test_however_a_transfer_ends_the_call_goes_on_as_the_flow_says(line, knobs, plan, result, outcome):
    line = line(knobs)
    line.twilio.call(ScriptedCaller(parties=[plan]))
    line.settle()
    call, path = the_call(line)
    assert path == on_paper(line.flow, result)
    assert call.outcome == outcome


@pytest.mark.parametrize("knobs", DUPLICATES_AND_ORDERS, ids=str)
@pytest.mark.parametrize("told", [True, False])
def test_a_caller_who_hangs_up_while_it_rings_has_ended_there(line, knobs, told):
    line = line(knobs)
    line.twilio.call(ScriptedCaller(parties=[PartyPlan("given_up", told=told)]))
    line.settle()
    call, path = the_call(line)
    assert call.outcome == "hung_up"
    assert path[-2:] == [("transfer", "colleague", "hung_up"), ("end", "", "hung_up")]


@pytest.mark.parametrize("knobs", DUPLICATES_AND_ORDERS, ids=str)
def test_a_caller_who_hangs_up_after_the_talk_was_served(line, knobs):
    line = line(knobs)
    line.twilio.call(ScriptedCaller(parties=[replace(ANSWERS, ended_by="caller")]))
    line.settle()
    call, path = the_call(line)
    assert call.outcome == "answered"
    assert ("transfer", "colleague", "answered") in path
    assert len([step for step in path if step[0] == "end"]) == 1


@pytest.mark.parametrize("on_caller", [True, False])
def test_the_talk_of_a_transfer_is_recorded_once_with_both_sides(line, on_caller):
    line = line(Knobs(recording_on_caller=on_caller, duplicate=True))
    line.twilio.call(ScriptedCaller(parties=[replace(ANSWERS, talk_s=8.0)]))
    line.settle()
    (sid,) = line.twilio.recordings
    assert (line.twilio.fetched, line.twilio.deleted) == ([sid], [sid])
    with line.installation.unit_of_work(read_only=True) as session:
        recording = session.scalars(select(Recording)).one()
        assert recording.call_id == session.scalars(select(Call.id)).one()
        assert len(recording.tracks) == 2
        assert recording.duration_s == pytest.approx(8.0, abs=0.1)


def test_the_colleague_is_asked_before_the_caller_is_heard(line):
    line = line(Knobs())
    sid = line.twilio.call(ScriptedCaller(parties=[ANSWERS]))
    line.settle()
    asked = [params for _at, path, params, _status in line.twilio.log if path == "/twilio/whisper"]
    assert [params.get("Digits", "") for params in asked] == ["", "1"]
    assert {params["ParentCallSid"] for params in asked} == {sid}
    assert {params["CallSid"] for params in asked} != {sid}
