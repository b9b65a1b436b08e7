"""Real calls, one scenario each, and what the ledger says of them row by row."""

import wave

import numpy as np
import pytest

from ivr.flow.check import shipped_document
from tests.asterisk.conftest import CLOSED, OPEN, always
from tests.asterisk.ledger import rows, settled_call
from tests.asterisk.scene import AGENT_HZ, CALLER_HZ, FRONT, LANGUAGE, MENU, TO_CONSULTING, answers, visit
from tests.asterisk.sipp import Agent, Caller
from tests.waiting import wait_until

pytestmark = pytest.mark.asterisk


def loudness(path, hertz, since_s, until_s):
    """How much of a recording's stretch is one tone, 0 to 1."""
    with wave.open(str(path), "rb") as file:
        sound = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(float)
    stretch = sound[int(since_s * 8000) : int(until_s * 8000)]
    spectrum = np.abs(np.fft.rfft(stretch)) ** 2
    at = round(hertz * len(stretch) / 8000)
    return spectrum[at - 2 : at + 3].sum() / max(spectrum.sum(), 1.0)


def test_a_call_is_answered_recorded_on_both_legs_and_rated(
    telephony, stage, before, caller_sends, agent_voice
):
    telephony.asterisk.log_in("consulting", "1001")
    agent = stage.agent("1001", answers(agent_voice, rings_s=2.0, talks_s=6.0))
    caller = stage.call(Caller().answered().plays(caller_sends(LANGUAGE, MENU, (17, "2"))).is_hung_up_on())
    agent.ends()
    caller.ends()
    call = settled_call(telephony, after=before)
    assert call["path"] == [
        *TO_CONSULTING,
        "consulting_queue:bridged",
        "survey:score",
        "rated:completed",
        "end:completed",
    ]
    assert call["visits"] == [visit("consulting", "answered", "1001", "agent", [("1001", "answered")])]
    assert (call["outcome"], call["caller"], call["dialled"]) == ("answered", "13800138000", "4008001234")
    assert call["score"] == 4  # the second key of five, of which the first is best
    assert call["ring_s"] == pytest.approx(2, abs=1)
    assert call["talk_s"] == pytest.approx(6, abs=1)
    spool = telephony.settings.spool
    wait_until((spool / f"{call['id']}.closed").exists, "the recorder's note")
    caller_leg, agent_leg = (spool / f"{call['id']}-{leg}.wav" for leg in ("rx", "tx"))
    with wave.open(str(caller_leg)) as rx, wave.open(str(agent_leg)) as tx:
        assert rx.getnframes() == tx.getnframes() > 20 * 8000
        ends_s = rx.getnframes() / 8000
    found = max(loudness(agent_leg, AGENT_HZ, s, s + 3) for s in range(3, int(ends_s) - 3))
    assert found > 0.9
    assert max(loudness(caller_leg, AGENT_HZ, s, s + 3) for s in range(3, int(ends_s) - 3)) < 0.05


def test_the_second_agent_answers_when_the_first_does_not(
    telephony, stage, before, caller_sends, agent_voice
):
    telephony.asterisk.log_in("consulting", "1001")
    telephony.asterisk.log_in("consulting", "1002", penalty=1)
    silent = stage.agent("1001", Agent().rings().is_cancelled(), calls=1)
    caller = stage.call(Caller().answered().plays(caller_sends(LANGUAGE, MENU)).waits(48).hangs_up())
    silent.ends()
    telephony.asterisk.cli("queue remove member PJSIP/1001 from consulting")
    agent = stage.agent("1002", Agent().rings(1).answers().plays(agent_voice).is_hung_up_on())
    agent.ends()
    caller.ends()
    call = settled_call(telephony, after=before)
    assert call["visits"] == [
        visit("consulting", "answered", "1002", "caller", [("1001", "no_answer"), ("1002", "answered")])
    ]
    assert call["path"][-1] == "end:served"
    assert call["outcome"] == "answered"


def test_a_busy_agent_is_passed_over(telephony, stage, before, caller_sends, agent_voice):
    telephony.asterisk.log_in("consulting", "1001")
    telephony.asterisk.log_in("consulting", "1002", penalty=1)
    busy = stage.agent("1001", Agent().is_busy())
    agent = stage.agent("1002", answers(agent_voice))
    caller = stage.call(Caller().answered().plays(caller_sends(LANGUAGE, MENU)).is_hung_up_on())
    busy.ends()
    telephony.asterisk.cli("queue remove member PJSIP/1001 from consulting")
    agent.ends()
    caller.ends()
    (seen,) = settled_call(telephony, after=before)["visits"]
    assert (seen["outcome"], seen["agent"]) == ("answered", "1002")
    assert seen["rings"][0] == ("1001", "no_answer")
    assert seen["rings"][-1] == ("1002", "answered")


def test_a_caller_abandons_in_the_queue(telephony, stage, before, caller_sends):
    caller = stage.call(Caller().answered().plays(caller_sends(LANGUAGE, MENU)).waits(20).hangs_up())
    caller.ends()
    call = settled_call(telephony, after=before)
    assert call["outcome"] == "abandoned"
    assert call["visits"] == [visit("consulting", "abandoned", ended_by="caller")]
    assert call["path"] == [*TO_CONSULTING, "consulting_queue:abandoned", "end:abandoned"]


def test_a_caller_hangs_up_in_the_menu(telephony, stage, before, caller_sends):
    caller = stage.call(Caller().answered().plays(caller_sends(LANGUAGE)).waits(6).hangs_up())
    caller.ends()
    call = settled_call(telephony, after=before)
    assert call["outcome"] == "hung_up"
    assert call["visits"] == []
    assert call["path"] == [*FRONT, "main:hung_up", "end:hung_up"]


def test_a_queue_times_out_and_a_callback_is_promised(telephony, stage, before, caller_sends):
    from ivr.callbacks.models import Callback

    telephony.use_flow(always(shipped_document(), OPEN).replace("max_wait_s: 120", "max_wait_s: 5"))
    telephony.stop_ivr()
    telephony.start_ivr()
    caller = stage.call(
        Caller("13900139000").answered().plays(caller_sends(LANGUAGE, MENU, (14, "1"))).is_hung_up_on()
    )
    caller.ends()
    call = settled_call(telephony, after=before)
    assert call["outcome"] == "callback"
    assert call["visits"] == [visit("consulting", "timeout")]
    assert call["path"][-4:] == [
        "consulting_queue:timeout",
        "consulting_offer:accepted",
        "callback_booked:callback",
        "end:callback",
    ]
    with telephony.installation.unit_of_work(read_only=True) as session:
        promise = session.query(Callback).filter_by(provider_call_id=call["id"]).one()
        assert (promise.number, promise.queue, promise.done_at) == ("13900139000", "consulting", None)


def test_a_key_leaves_the_queue_for_a_callback(telephony, stage, before, caller_sends):
    caller = stage.call(
        Caller().answered().plays(caller_sends(LANGUAGE, MENU, (9, "7"), (1, "1"), (2, "1"))).is_hung_up_on()
    )
    caller.ends()
    call = settled_call(telephony, after=before)
    assert call["visits"] == [visit("consulting", "key")]  # the 7, which means nothing, kept the place
    assert "consulting_queue:callback" in call["path"]
    assert call["outcome"] == "callback"


def test_two_queues_in_one_call(telephony, stage, before, caller_sends, agent_voice):
    document = always(shipped_document(), OPEN).replace("max_wait_s: 120", "max_wait_s: 5")
    telephony.use_flow(
        document.replace("      timeout: consulting_offer\n", "      timeout: after_sales_queue\n")
    )
    telephony.stop_ivr()
    telephony.start_ivr()
    telephony.asterisk.log_in("after_sales", "1003")
    agent = stage.agent("1003", answers(agent_voice))
    caller = stage.call(Caller().answered().plays(caller_sends(LANGUAGE, MENU)).is_hung_up_on())
    agent.ends()
    caller.ends()
    call = settled_call(telephony, after=before)
    assert call["visits"] == [
        visit("consulting", "timeout"),
        visit("after_sales", "answered", "1003", "agent", [("1003", "answered")]),
    ]
    assert [step for step in call["path"] if "queue" in step] == [
        "consulting_queue:timeout",
        "after_sales_queue:bridged",
    ]


def test_of_two_callers_one_abandons(telephony, stage, before, caller_sends, agent_voice):
    stream = caller_sends(LANGUAGE, MENU)
    patient = stage.call(Caller("13900139001").answered().plays(stream).is_hung_up_on())
    impatient = stage.call(Caller("13900139002").answered().plays(stream).waits(20).hangs_up(), port=5062)
    impatient.ends()
    telephony.asterisk.log_in("consulting", "1001")
    stage.agent("1001", answers(agent_voice)).ends()
    patient.ends()
    settled_call(telephony, after=before)
    outcomes = {call["caller"]: call["outcome"] for call in rows(telephony, after=before)}
    assert outcomes == {"13900139001": "answered", "13900139002": "abandoned"}


def test_hold_is_part_of_the_conversation(telephony, stage, before, caller_sends, agent_voice):
    telephony.asterisk.log_in("consulting", "1001")
    held = (
        Agent().rings(1).answers().plays(agent_voice).waits(2).puts_on_hold().waits(3).takes_back().waits(2)
    )
    agent = stage.agent("1001", held.hangs_up())
    caller = stage.call(Caller().answered().plays(caller_sends(LANGUAGE, MENU)).is_hung_up_on())
    agent.ends()
    caller.ends()
    call = settled_call(telephony, after=before)
    assert call["visits"] == [visit("consulting", "answered", "1001", "agent", [("1001", "answered")])]
    assert call["talk_s"] >= 7
    wait_until(lambda: rows(telephony, after=before)[-1]["hold_s"], "the hold that AMI told of")
    assert 2.5 <= rows(telephony, after=before)[-1]["hold_s"] <= 4.5


def test_a_blind_transfer_ends_the_queues_part(telephony, stage, before, caller_sends, agent_voice):
    telephony.asterisk.log_in("consulting", "1001")
    first = stage.agent("1001", Agent().rings(1).answers().plays(agent_voice).waits(3).transfers_to("1002"))
    second = stage.agent("1002", answers(agent_voice, talks_s=3))
    caller = stage.call(Caller().answered().plays(caller_sends(LANGUAGE, MENU)).is_hung_up_on())
    first.ends()
    second.ends()
    caller.ends()
    call = settled_call(telephony, after=before)
    assert call["visits"] == [visit("consulting", "answered", "1001", "transfer", [("1001", "answered")])]
    assert call["path"][-1] == "end:served"
    assert call["outcome"] == "answered"


def test_an_attended_transfer_ends_the_queues_part_when_the_caller_is_handed_over(
    telephony, stage, before, caller_sends, agent_voice
):
    """The first agent asks the second on another line, then brings both together."""
    telephony.asterisk.log_in("consulting", "1001")
    first = Agent().rings(1).answers().plays(agent_voice).waits(2).puts_on_hold()
    first = stage.agent("1001", first.consults("1002", talks_s=3.0).brings_together("1002"))
    second = stage.agent("1002", answers(agent_voice, rings_s=0.5, talks_s=8))
    caller = stage.call(Caller().answered().plays(caller_sends(LANGUAGE, MENU)).is_hung_up_on())
    first.ends()
    second.ends()
    caller.ends()
    call = settled_call(telephony, after=before)
    assert call["visits"] == [visit("consulting", "answered", "1001", "transfer", [("1001", "answered")])]
    assert call["talk_s"] == pytest.approx(
        6, abs=2
    )  # until the hand-over: the colleague's part is not the queue's
    assert call["path"][-4:-2] == ["consulting_queue:bridged", "survey:exhausted"]
    assert (call["outcome"], call["agent"]) == ("answered", "1001")
    log = telephony.asterisk.queue_log.read_text()
    assert f"|{call['id']}|consulting|PJSIP/1001|ATTENDEDTRANSFER|BRIDGE|" in log
    assert f"|{call['id']}|consulting|PJSIP/1001|COMPLETE" not in log


def test_a_message_after_hours(telephony, stage, before, caller_sends):
    telephony.use_flow(always(shipped_document(), CLOSED))
    telephony.stop_ivr()
    telephony.start_ivr()
    caller = stage.call(Caller().answered().plays(caller_sends(LANGUAGE, voice_s=36)).waits(36).hangs_up())
    caller.ends()
    call = settled_call(telephony, after=before)
    assert call["outcome"] == "voicemail"
    assert "night_message:done" in call["path"]
    message = telephony.settings.spool / f"voicemail_{call['id']}.wav"
    with wave.open(str(message)) as file:
        assert file.getnframes() > 3 * 8000
    assert loudness(message, CALLER_HZ, 1, 3) > 0.9
    assert message.with_suffix("").with_name(f"voicemail_{call['id']}.closed").exists()


def test_the_log_may_be_rotated_in_the_middle_of_a_call(telephony, stage, before, caller_sends, agent_voice):
    log = telephony.asterisk.queue_log
    earlier = len(log.read_text()) if log.exists() else 0
    telephony.asterisk.log_in("consulting", "1001")
    agent = stage.agent("1001", answers(agent_voice, talks_s=8))
    caller = stage.call(Caller().answered().plays(caller_sends(LANGUAGE, MENU)).is_hung_up_on())
    wait_until(lambda: log.exists() and "|CONNECT|" in log.read_text()[earlier:], "the conversation")
    telephony.read_queue_log()
    rotated = log.with_name("queue_log.1")
    log.rename(rotated)
    telephony.asterisk.cli("logger reload")
    agent.ends()
    caller.ends()
    call = settled_call(telephony, after=before)
    assert call["visits"] == [visit("consulting", "answered", "1001", "agent", [("1001", "answered")])]
