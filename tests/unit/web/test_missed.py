"""The missed-call page: what is due, and the way a task ends."""

from datetime import timedelta

import pytest

from core.setting_sections import CallbackSettings
from ivr.callbacks.booking import book_callback
from ivr.callbacks.keeping import begin_leg, end_leg
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
    assert page.count(">overdue<") == 1
    assert "1 overdue" in page
    assert CALLER_NUMBER in page

    assert client.post("/missed/1/take").location == "/missed"
    answer = client.post("/missed/1/close", data={"disposition": "reached", "reason": "spoke to her"})
    assert answer.location == "/missed"
    assert "spoke to her" in client.get("/missed?state=closed").text
    assert 'To call back <span class="muted figures">1</span>' in client.get("/missed").text


@pytest.mark.usefixtures("_missed")
def test_a_task_does_not_end_without_a_reason(browser_of):
    client = browser_of("agent")

    assert client.post("/missed/1/close", data={"disposition": "reached"}).status_code == 400
    assert 'To call back <span class="muted figures">2</span>' in client.get("/missed").text
    assert CALLER_NUMBER not in client.get("/missed").text


@pytest.mark.usefixtures("_missed")
def test_what_another_has_taken_does_not_exist_for_an_agent(browser_of):
    browser_of("supervisor").post("/missed/1/take")

    assert browser_of("agent").post("/missed/1/take").status_code == 404


@pytest.mark.usefixtures("_missed")
def test_the_list_is_filtered_and_says_what_is_left(browser_of):
    client = browser_of("supervisor")

    assert 'To call back <span class="muted figures">1</span>' in client.get("/missed?kind=voicemail").text
    assert 'To call back <span class="muted figures">1</span>' in client.get("/missed?overdue=1").text
    assert "No task matches" in client.get("/missed?mine=1").text
    assert (
        'To call back <span class="muted figures">2</span>'
        in client.get("/missed?kind=nonsense&queue=x").text
    )


@pytest.mark.usefixtures("_missed")
def test_after_an_act_one_is_where_one_was_and_nowhere_else(browser_of):
    client = browser_of("supervisor")

    assert client.post("/missed/1/take", data={"next": "/missed?overdue=1"}).location == "/missed?overdue=1"
    assert client.post("/missed/2/take", data={"next": "//evil.example"}).location == "/missed"


@pytest.mark.usefixtures("_missed")
def test_looking_through_the_list_is_recorded(browser_of):
    client = browser_of("supervisor")
    assert "Nobody has looked through the list yet." in client.get("/missed").text

    assert client.post("/missed/review").location == "/missed"
    assert "Looked through last by 孙班长" in client.get("/missed").text


@pytest.mark.usefixtures("_missed")
def test_the_export_holds_what_the_page_shows_and_no_formula(browser_of, staff):
    client = browser_of("supervisor")
    client.post("/missed/2/close", data={"disposition": "reached", "reason": "=HYPERLINK(1)"})

    table = client.get("/missed/export.csv").text.splitlines()
    assert len(table) == 2
    assert CALLER_NUMBER in table[1]
    closed = client.get("/missed/export.csv?state=closed").text
    assert "'=HYPERLINK(1)" in closed
    assert CALLER_NUMBER not in browser_of("qa_lead").get("/missed/export.csv").text


@pytest.mark.usefixtures("_missed")
def test_an_agent_is_not_led_to_a_call_that_is_not_theirs(browser_of):
    assert 'href="/calls/' not in browser_of("agent").get("/missed").text
    assert 'href="/calls/1"' in browser_of("supervisor").get("/missed").text


@pytest.mark.usefixtures("_missed")
def test_the_missed_are_accounted_for(browser_of):
    page = browser_of("supervisor").get("/missed").text

    assert "Nothing disappears" in page
    assert "Nothing disappears" not in browser_of("agent").get("/missed").text


@pytest.fixture
def promise(installation, staff, clock):
    call = add_call(installation, staff, outcome="callback", started_at=clock.now() - timedelta(hours=1))
    note_ended_call(installation, call_id=call.id)
    with installation.unit_of_work() as session:
        booked = book_callback(
            session,
            provider=call.provider,
            provider_call_id=call.provider_call_id,
            number="13900139000",
            queue=staff.queue.name,
            language="zh",
            at=clock.now(),
        )
        session.flush()
        return booked.id


def test_the_list_shows_the_number_that_was_keyed_in_and_what_became_of_the_tries(
    browser_of, installation, promise, clock
):
    client = browser_of("supervisor")
    assert "13900139000" in client.get("/missed?kind=callback").text
    assert "to be called by hand" in client.get("/missed").text
    assert "13900139000" in client.get("/missed/export.csv").text
    assert "13900139000" not in browser_of("agent").get("/missed").text
    with installation.unit_of_work() as session:
        leg = begin_leg(session, promise, now=clock.now()).id
    assert "in the line now" in client.get("/missed").text
    with installation.unit_of_work() as session:
        end_leg(session, "simulator", leg, "busy", settings=CallbackSettings(), now=clock.now())
    assert "tried 1 times · last: busy, 17:00" in client.get("/missed").text
