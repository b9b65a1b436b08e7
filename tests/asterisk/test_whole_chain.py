"""One call from the dial tone to the score on the page: every process of the product beside a real Asterisk."""

import pytest

from tests.asterisk.real_call import judged, place_call

pytestmark = pytest.mark.asterisk


@pytest.fixture
def worker(telephony):
    process = telephony.sansheng("worker")
    yield
    process.terminate()
    process.wait(60)


@pytest.mark.usefixtures("worker")
def test_a_call_is_dialled_answered_recorded_transcribed_scored_and_shown(telephony, stage, tmp_path, lead):
    call = place_call(telephony, stage, tmp_path)
    assert call["score"] == 5
    found = judged(telephony, call["id"])
    assert "您好" in found["said"]["agent"]
    assert len(found["said"]["caller"]) > 20
    assert found["roles"] == ["caller", "agent"]
    assert found["points"] > 50
    page = lead.get(f"/calls/{found['call_id']}").text
    (tmp_path / "page.html").write_text(page, encoding="utf-8")
    for shown in ("王敏", "Talk", f"/recordings/{found['recording_id']}/audio"):
        assert shown in page
