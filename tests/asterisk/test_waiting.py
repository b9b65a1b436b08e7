"""What waiting callers hear of their wait on a real Asterisk: heard in the recording, kept for the judgement."""

import re
import wave
from datetime import timedelta

import pytest
from sqlalchemy import select

from ivr.asterisk.config.sounds import write_wave
from ivr.models import Call, Queue, QueueVisit
from ivr.waiting.models import WaitPrediction
from ivr.waiting.wording import PROMPT, said_ranges
from tests.asterisk.ledger import rows, settled_call
from tests.asterisk.scene import LANGUAGE, MENU, answers, tone, visit
from tests.asterisk.sipp import Caller
from tests.asterisk.test_callers import waiting
from tests.asterisk.test_calls import loudness
from tests.waiting import wait_until

pytestmark = pytest.mark.asterisk

RANGE_HZ, PATIENCE_HZ = 1700, 1150
TALKING, SECOND, THIRD = "13900139006", "13900139007", "13900139008"


@pytest.fixture
def _waits_are_tones(telephony):
    """Let each range be a tone instead of a sentence: it can be found in what the caller heard."""
    own = telephony.settings.home / "prompts" / "zh"
    write_wave(own / f"{PROMPT}.wav", tone(1.5, PATIENCE_HZ))
    for said in said_ranges():
        write_wave(own / f"{PROMPT}_{said.low}_{said.high}.wav", tone(1.5, RANGE_HZ))
    telephony.write_configuration()
    yield
    for path in own.glob(f"{PROMPT}*.wav"):
        path.unlink()
    telephony.write_configuration()


@pytest.fixture
def _taught(telephony):
    """Twenty callers before: the line moves once a minute."""
    now = telephony.installation.clock.now()
    with telephony.installation.unit_of_work() as session:
        queue_id = session.scalar(select(Queue.id).where(Queue.name == "consulting"))
        for number in range(20):
            answered_at = now - timedelta(minutes=1 + number)
            call = Call(
                provider="simulator",
                provider_call_id=f"before{number}",
                outcome="answered",
                started_at=answered_at - timedelta(minutes=4),
            )
            call.visits = [
                QueueVisit(
                    number=1, queue_id=queue_id, entered_at=call.started_at, left_queue_at=answered_at,
                    outcome="answered", wait_s=240.0, talk_s=50.0,
                )
            ]  # fmt: skip
            session.add(call)
    yield
    with telephony.installation.unit_of_work() as session:
        for call in session.scalars(select(Call).where(Call.provider == "simulator")):
            session.delete(call)


@pytest.mark.usefixtures("_waits_are_tones", "_taught")
def test_waiting_callers_are_told_place_and_range_and_keep_their_place(
    telephony, stage, before, caller_sends, agent_voice
):
    log = telephony.asterisk.queue_log
    earlier = log.read_text() if log.exists() else ""
    telephony.asterisk.log_in("consulting", "1001")
    agent = stage.agent("1001", answers(agent_voice, talks_s=45), calls=1)
    stream = caller_sends(LANGUAGE, MENU, voice_s=60)
    talking = stage.call(Caller(TALKING).answered().plays(stream).is_hung_up_on())
    wait_until(lambda: "|CONNECT|" in log.read_text()[len(earlier) :], "the first conversation")
    second = stage.call(Caller(SECOND).answered().plays(stream).is_hung_up_on(), port=5062)
    wait_until(lambda: waiting(telephony) == 1, "the second caller to wait")
    third = stage.call(Caller(THIRD).answered().plays(stream).is_hung_up_on(), port=5064)
    wait_until(lambda: waiting(telephony) == 2, "the third caller to wait")
    agent.ends()
    stage.agent("1001", answers(agent_voice, talks_s=3), calls=2).ends()
    for caller in (talking, second, third):
        caller.ends()
    settled_call(telephony, after=before)
    calls = {call["caller"]: call for call in rows(telephony, after=before)}
    for call in calls.values():
        assert call["visits"] == [visit("consulting", "answered", "1001", "agent", [("1001", "answered")])]
    written = log.read_text()
    for number in (SECOND, THIRD):
        assert written.count(f"|{calls[number]['id']}|consulting|NONE|ENTERQUEUE|") == 1
        told = announced(telephony, calls[number]["id"])
        assert len(told) >= 2
        assert all(low is not None for _place, low, _high in told)
        assert times_heard(telephony, calls[number]["id"], RANGE_HZ) >= 2
        assert times_heard(telephony, calls[number]["id"], PATIENCE_HZ) == 0
    places = [place for place, _low, _high in announced(telephony, calls[THIRD]["id"])]
    assert (places[0], places[-1]) == (2, 1)
    assert announced(telephony, calls[TALKING]["id"]) == []
    assert times_heard(telephony, calls[TALKING]["id"], PATIENCE_HZ) == 0


def announced(telephony, call_id):
    """Place and range of everything a call was told, in order."""
    with telephony.installation.unit_of_work(read_only=True) as session:
        found = session.scalars(
            select(WaitPrediction)
            .where(WaitPrediction.provider_call_id == call_id)
            .order_by(WaitPrediction.number)
        )
        return [(row.place, row.low_min, row.high_min) for row in found]


def times_heard(telephony, call_id, hertz):
    """How often a tone begins in what was sent to the caller."""
    path = telephony.settings.spool / f"{call_id}-tx.wav"
    wait_until(path.with_name(f"{call_id}.closed").exists, "the recorder's note")
    with wave.open(str(path), "rb") as file:
        seconds = file.getnframes() / 8000
    halves = [loudness(path, hertz, at / 2, at / 2 + 0.5) > 0.5 for at in range(int(seconds * 2))]
    return len(re.findall("#+", "".join("#" if heard else "." for heard in halves)))
