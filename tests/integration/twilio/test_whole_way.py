"""A call on Twilio ends as one on Asterisk does: two tracks, a transcript, a score, and a row on the wall."""

import pytest
from sqlalchemy import select

from core.accounts import User
from ivr.models import Call
from qa.models import AutoScore
from qa.sides import Sides, latest_sides
from recording.models import Recording, Transcript
from tests.integration.twilio.spoken_call import place_spoken_call, staff_the_line
from web.app import create_app
from web.assets import MANIFEST

SCORECARD = "hotline-etiquette"


@pytest.fixture
def line(installation):
    staff_the_line(installation)
    return installation


def browser(installation, username):
    app = create_app(installation)
    client = app.test_client()
    client.set_cookie("sansheng_locale", "zh_CN")
    with installation.unit_of_work(read_only=True) as session:
        account = session.scalars(select(User).where(User.username == username)).one()
    with client.session_transaction() as cookie:
        cookie["user_id"], cookie["epoch"] = account.id, account.session_epoch
    return client


@pytest.mark.slow
def test_a_spoken_call_is_recorded_transcribed_scored_and_counted(line):
    if not MANIFEST.exists():
        pytest.skip(f"{MANIFEST} is missing: python -m web.vendor")
    placed = place_spoken_call(line, "consulting-01")
    assert len(placed.twilio.fetched) == len(placed.twilio.deleted) == 1
    with line.unit_of_work(read_only=True) as session:
        call = session.scalars(select(Call)).one()
        assert (call.provider, call.outcome, call.agent.code, call.survey_score) == (
            "twilio",
            "answered",
            "1001",
            None,  # the caller hung up first
        )
        recording = session.scalars(select(Recording)).one()
        assert [track.role for track in recording.tracks] == ["agent", "caller"]
        heard = session.scalars(select(Transcript)).one()
        said = {
            role: "".join(u.text for u in heard.utterances if u.role == role).replace(" ", "")
            for role in ("agent", "caller")
        }
        assert "云帆科技客服中心" in said["agent"]
        assert "云帆科技" not in said["caller"]
        assert "空调" in said["caller"]
        score = session.scalars(select(AutoScore)).one()
        verdicts = {answer.criterion: answer.verdict for answer in score.answers}
        assert {verdicts[k] for k in ("greeting_first", "greeting_company", "greeting_name")} == {"pass"}
        assert score.points > 90
        assert latest_sides(session, SCORECARD) == Sides(looked_at=1, contradicted=0)
        recording_id = recording.id
    wall = browser(line, "supervisor").get("/wall").get_data(as_text=True)
    row = wall.partition('<th scope="row">咨询')[2].partition("</tr>")[0]
    assert "100" in row, "the row of the queue has its service level"
    page = browser(line, "inspector").get(f"/recordings/{recording_id}")
    assert page.status_code == 200
    assert "云帆" in page.get_data(as_text=True)


@pytest.mark.slow
def test_channels_the_other_way_round_than_documented_are_noticed(line, capfd):
    place_spoken_call(line, "consulting-01", agent_first=False)
    with line.unit_of_work(read_only=True) as session:
        assert latest_sides(session, SCORECARD) == Sides(looked_at=1, contradicted=1)
    assert "tracks_contradicted" in "".join(capfd.readouterr())
