"""One call from the dial tone to the score on the page: every process of the product beside a real Asterisk."""

import pytest
from sqlalchemy import select

from ivr.models import Call
from qa.models import AutoScore
from recording.models import Recording
from sansheng.demo.audio import CHANNELS, render
from sansheng.demo.calls import Role as Side
from sansheng.demo.calls import scripted_calls
from tests.asterisk.ledger import newest_id, settled_call
from tests.asterisk.rtp import Telephone
from tests.asterisk.sipp import Agent, Caller
from tests.waiting import wait_until

pytestmark = pytest.mark.asterisk

QUEUE_AT_S, RINGS_S = 13.0, 2.0
"""Seconds from the caller's first packet to the queue, with keys pressed as below, and of ringing."""


@pytest.fixture
def worker(telephony):
    process = telephony.sansheng("worker")
    yield
    process.terminate()
    process.wait(60)


@pytest.mark.usefixtures("worker")
def test_a_call_is_dialled_answered_recorded_transcribed_scored_and_shown(telephony, stage, tmp_path, lead):
    before = newest_id(telephony)
    script = next(call for call in scripted_calls() if call.key == "consulting-01")
    spoken = render(script)
    sides = {side: spoken.samples[:, CHANNELS.index(side)] for side in (Side.CALLER, Side.AGENT)}
    caller = Telephone().silence(0.5).press("1").silence(7).press("1")
    caller.silence(QUEUE_AT_S + RINGS_S - caller.at).say(sides[Side.CALLER]).silence(4).press("1").silence(30)
    telephony.asterisk.log_in("consulting", "1001")
    voice = Telephone().say(sides[Side.AGENT]).save(tmp_path / "agent.pcap")
    agent = stage.agent(
        "1001", Agent().rings(RINGS_S).answers().plays(voice).waits(spoken.duration_s).hangs_up()
    )
    dialling = stage.call(Caller().answered().plays(caller.save(tmp_path / "caller.pcap")).is_hung_up_on())
    agent.ends()
    dialling.ends()
    call = settled_call(telephony, after=before)
    assert call["score"] == 5

    wait_until(lambda: _judged(telephony, call["id"]), "the transcript and the score", limit_s=180)
    judged = _judged(telephony, call["id"])
    assert "您好" in judged["said"]["agent"]
    assert len(judged["said"]["caller"]) > 20
    assert judged["roles"] == ["caller", "agent"]
    assert judged["points"] > 50

    page = lead.get(f"/calls/{judged['call_id']}").text
    (tmp_path / "page.html").write_text(page, encoding="utf-8")
    for shown in ("王敏", "Talk", f"/recordings/{judged['recording_id']}/audio"):
        assert shown in page


def _judged(telephony, call_id):
    """Return what became of a call's recording once it is transcribed and scored."""
    with telephony.installation.unit_of_work(read_only=True) as session:
        call = session.scalars(select(Call).where(Call.provider_call_id == call_id)).one()
        score = session.scalar(
            select(AutoScore)
            .join(Recording, Recording.id == AutoScore.recording_id)
            .where(Recording.call_id == call.id)
        )
        if score is None:
            return None
        utterances = score.transcript.utterances
        return {
            "call_id": call.id,
            "recording_id": score.recording_id,
            "roles": [track.role for track in score.recording.tracks],
            "said": {
                role: "".join(u.text for u in utterances if u.role == role) for role in ("agent", "caller")
            },
            "points": score.points,
        }
