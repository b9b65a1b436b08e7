"""Promised callbacks on a real Asterisk: dialled in their turn, the agent first, until somebody is reached."""

import pytest
from sqlalchemy import select

from ivr.callbacks.models import Callback
from ivr.missed.models import MissedCall
from ivr.missed.tasks import note_ended_call
from ivr.models import Call
from tests.asterisk.ledger import rows, settled_call
from tests.asterisk.rtp import Telephone
from tests.asterisk.scene import AGENT_HZ, CALLER_HZ, LANGUAGE, MENU, answers, tone, visit
from tests.asterisk.sipp import Agent, Caller
from tests.asterisk.test_callers import waiting
from tests.asterisk.test_calls import loudness
from tests.waiting import wait_until

pytestmark = pytest.mark.asterisk

PROMISED, PATIENT = "13900139011", "13900139012"
ASKS_BACK = ((12, "1"), (4, "1"))
"""The key that leaves the line, and the one that takes the offer for the caller's own number."""


@pytest.fixture
def patient_telephony(telephony):
    """A hotline that tries again at once: a test does not wait for ten minutes."""
    telephony.stop_ivr()
    telephony.start_ivr(SANSHENG_CALLBACKS_PAUSE_S="0", SANSHENG_CALLBACKS_TRIES="2")
    return telephony


@pytest.fixture
def promise(patient_telephony, stage, caller_sends):
    """Let a caller leave the line for a callback; the list of missed calls knows of it."""

    def promise(number=PROMISED):
        stream = caller_sends(LANGUAGE, MENU, *ASKS_BACK)
        stage.call(Caller(number).answered().plays(stream).is_hung_up_on(), port=5066).ends()
        wait_until(lambda: noted(patient_telephony, number), "the task of the promise")

    return promise


def noted(telephony, number):
    """Do the worker's part: make tasks of the calls that are over."""
    telephony.read_queue_log()
    with telephony.installation.unit_of_work(read_only=True) as session:
        over = session.scalars(
            select(Call).where(Call.outcome != "open").order_by(Call.id.desc()).limit(9)
        ).all()
        calls = {call.id: call.caller for call in over}
    for call_id in sorted(calls):
        note_ended_call(telephony.installation, call_id=call_id)
    return number in calls.values()


def task_of(telephony, number):
    """The latest promise to a number, and the task that was made of it."""
    noted(telephony, number)
    with telephony.installation.unit_of_work(read_only=True) as session:
        promised = [p for p in session.scalars(select(Callback).order_by(Callback.id)) if p.number == number]
        task = session.scalars(
            select(MissedCall)
            .join(MissedCall.call)
            .where(Call.provider_call_id == promised[-1].provider_call_id)
        ).one()
        return promised[-1], task


def test_a_callback_is_dialled_in_its_turn_agent_first_before_who_came_later(
    patient_telephony, promise, stage, before, caller_sends, agent_voice, tmp_path
):
    telephony = patient_telephony
    promise()
    later = stage.call(
        Caller(PATIENT).answered().plays(caller_sends(LANGUAGE, MENU, voice_s=60)).is_hung_up_on(), port=5062
    )
    wait_until(lambda: waiting(telephony) == 1, "the caller who came later to wait")
    voice = Telephone().say(tone(8, CALLER_HZ)).save(tmp_path / "customer.pcap")
    customer = stage.customer(PROMISED, Agent().rings(1).answers().plays(voice).is_hung_up_on())
    agent = stage.agent("1001", answers(agent_voice, talks_s=8), calls=2)
    telephony.asterisk.log_in("consulting", "1001")
    customer.ends()
    agent.ends()
    later.ends()
    settled_call(telephony, after=before)
    calls = {call["caller"] + call["outcome"]: call for call in rows(telephony, after=before)}
    asked, called, patient = (
        calls[k] for k in (f"{PROMISED}callback", f"{PROMISED}answered", f"{PATIENT}answered")
    )
    assert asked["visits"] == [visit("consulting", "key")]
    assert (
        called["visits"]
        == patient["visits"]
        == [visit("consulting", "answered", "1001", "agent", [("1001", "answered")])]
    )
    assert called["path"] == ["start:", "callback:answered", "callback:reached", "end:completed"]
    assert called["dialled"] == "4008001234"
    order = [line for line in telephony.asterisk.queue_log.read_text().splitlines() if "|CONNECT|" in line]
    assert [line.split("|")[1] for line in order[-2:]] == [called["id"], patient["id"]]
    promised, task = task_of(telephony, PROMISED)
    assert (promised.result, promised.tries, task.disposition) == ("reached", 0, "reached")
    spool = telephony.settings.spool
    wait_until((spool / f"{called['id']}.closed").exists, "the recorder's note")
    customers, agents = (spool / f"{called['id']}-{leg}.wav" for leg in ("rx", "tx"))
    assert loudness(customers, CALLER_HZ, 2, 5) > 0.9
    assert loudness(agents, AGENT_HZ, 2, 5) > 0.9


def test_a_busy_caller_is_tried_again_by_a_new_process_and_then_left_to_a_person(
    patient_telephony, promise, stage, before, agent_voice
):
    telephony = patient_telephony
    promise()
    busy = stage.customer(PROMISED, Agent().is_busy(), calls=2)
    agent = stage.agent("1001", Agent().rings().answers().plays(agent_voice).is_hung_up_on(), calls=1)
    telephony.asterisk.log_in("consulting", "1001")
    agent.ends()
    wait_until(lambda: task_of(telephony, PROMISED)[0].tries == 1, "the first try to be noted")
    telephony.ivr.kill()
    telephony.ivr.wait()
    telephony.asterisk.cli("channel request hangup all")
    telephony.start_ivr(SANSHENG_CALLBACKS_PAUSE_S="0", SANSHENG_CALLBACKS_TRIES="2")
    agent = stage.agent("1001", Agent().rings().answers().plays(agent_voice).is_hung_up_on(), calls=1)
    agent.ends()
    busy.ends()
    wait_until(lambda: task_of(telephony, PROMISED)[0].done_at, "the last try")
    promised, task = task_of(telephony, PROMISED)
    assert (promised.tries, promised.result, promised.leg) == (2, "busy", "")
    assert (task.kind, task.disposition) == ("callback", "")
    tried = [call for call in rows(telephony, after=before) if call["path"][1:2] == ["callback:busy"]]
    assert [call["outcome"] for call in tried] == ["unreached", "unreached"]


def test_a_caller_who_got_through_meanwhile_is_not_called(
    patient_telephony, promise, stage, before, caller_sends, agent_voice
):
    """The callback stands in the line behind an agent's rings; the person in it talks with another agent already."""
    telephony = patient_telephony
    promise()
    telephony.asterisk.log_in("after_sales", "1003")
    telephony.asterisk.log_in("consulting", "1002")  # has no telephone: on duty, and never answers
    silent = stage.agent("1002", Agent().rings().is_cancelled(), calls=1)
    wait_until(lambda: waiting(telephony) == 1, "the callback to stand in the line")
    agent = stage.agent("1003", answers(agent_voice))
    through = stage.call(
        Caller(PROMISED).answered().plays(caller_sends(LANGUAGE, (7, "2"))).is_hung_up_on(), port=5064
    )
    agent.ends()
    through.ends()
    wait_until(lambda: task_of(telephony, PROMISED)[1].disposition == "reached", "the task to be closed")
    wait_until(lambda: waiting(telephony) == 0, "the callback to be taken out of the line")
    silent.ends()
    wait_until(lambda: task_of(telephony, PROMISED)[0].done_at, "the promise to be done with")
    promised, _task = task_of(telephony, PROMISED)
    assert (promised.result, promised.tries) == ("withdrawn", 0)
    left = next(call for call in rows(telephony, after=before) if "callback:withdrawn" in call["path"])
    assert (left["outcome"], left["visits"]) == ("unreached", [])
