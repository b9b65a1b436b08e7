"""The missed-call page: what is due, and the way a task ends."""

from datetime import timedelta

import pytest

from ivr.missed.tasks import note_ended_call
from tests.factories import CALLER_NUMBER, add_call


@pytest.fixture
def _missed(installation, staff, clock):
    for hours, outcome in ((30, "abandoned"), (1, "voicemail")):
        call = add_call(installation, staff, outcome=outcome, started_at=clock.now() - timedelta(hours=hours))
        note_ended_call(installation, call_id=call.id)


@pytest.mark.usefixtures("_missed")
def test_a_supervisor_sees_what_is_overdue_and_ends_it_with_a_reason(browser_of):
    client = browser_of("supervisor")
    page = client.get("/missed").text
    assert page.count("overdue") == 1
    assert CALLER_NUMBER in page

    assert client.post("/missed/1/take").location == "/missed"
    answer = client.post("/missed/1/close", data={"disposition": "reached", "reason": "spoke to her"})
    assert answer.location == "/missed"
    assert "spoke to her" in client.get("/missed?state=closed").text
    assert "To call back: 1" in client.get("/missed").text


@pytest.mark.usefixtures("_missed")
def test_a_task_does_not_end_without_a_reason(browser_of):
    client = browser_of("agent")

    assert client.post("/missed/1/close", data={"disposition": "reached"}).status_code == 400
    assert "To call back: 2" in client.get("/missed").text
    assert CALLER_NUMBER not in client.get("/missed").text


@pytest.mark.usefixtures("_missed")
def test_what_another_has_taken_does_not_exist_for_an_agent(browser_of):
    browser_of("supervisor").post("/missed/1/take")

    assert browser_of("agent").post("/missed/1/take").status_code == 404
