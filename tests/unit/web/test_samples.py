"""Drawing a sample on the page, and proving it."""

import pytest
from sqlalchemy import select

from qa.models import Draw, Sample
from tests.factories import add_draw, add_scored_call


@pytest.fixture
def calls(installation, staff):
    for agent in (staff.agent_row, staff.other_agent):
        for _ in range(3):
            add_scored_call(installation, staff, agent=agent)


FORM = {"plan": "weekly", "start": "2026-11-16", "end": "2026-11-22", "per_agent": "2", "seed": "known"}


def test_a_draw_takes_the_same_number_of_every_agent_and_shows_its_proof(browser_of, calls, installation):
    lead = browser_of("qa_lead")
    answer = lead.post("/samples", data=FORM)

    assert answer.status_code == 303
    page = lead.get(answer.location).text
    with installation.unit_of_work(read_only=True) as session:
        draw = session.scalar(select(Draw))
        assert [s.agent_id for s in draw.samples].count(draw.samples[0].agent_id) == 2
        assert len(draw.samples) == 4
        assert draw.frame_hash in page
    assert "known" in page
    assert "4 of 6 eligible calls" in page
    assert "2026-11-16 – 2026-11-22" in page
    assert "the same calls" in lead.get(answer.location + "/verification").text


def test_a_tampered_sample_is_found_out(browser_of, calls, installation, staff):
    draw = add_draw(installation, staff, per_agent=2)
    with installation.unit_of_work() as session:
        session.delete(session.scalar(select(Sample).limit(1)))

    answer = browser_of("qa_lead").get(f"/samples/{draw.id}/verification").text
    assert "not what the draw gives" in answer


@pytest.mark.parametrize(
    "change",
    [
        {"per_agent": "0"},
        {"per_agent": "many"},
        {"start": ""},
        {"end": "2026-11-01"},
        {"start": "2020-01-01", "end": "2020-01-02"},
    ],
)
def test_a_draw_that_cannot_be_made_keeps_the_form_and_says_why(browser_of, calls, change):
    answer = browser_of("qa_lead").post("/samples", data=FORM | change)

    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert 'value="known"' in answer.text


def test_the_sample_is_the_inspectors_task_list(browser_of, calls, installation, staff):
    add_draw(installation, staff, per_agent=2)
    inspector = browser_of("inspector")
    home = inspector.get("/").text

    assert "4 calls wait for your grade, 0 are done." in home
    first = home.split('href="/recordings/')[1].split('"')[0]
    assert "Next in my sample" in inspector.get(f"/recordings/{first}").text


def test_lists_ask_a_fixed_number_of_questions(browser_of, calls, installation, staff, count_queries):
    draw = add_draw(installation, staff, per_agent=3)
    inspector, lead = browser_of("inspector"), browser_of("qa_lead")
    with count_queries() as home:
        inspector.get("/")
    with count_queries() as page:
        lead.get(f"/samples/{draw.id}")

    assert len(home) == 3, "account, counts, tasks"
    assert len(page) == 4, "account, draw, calls, who drew"


@pytest.mark.parametrize("size", ["9" * 5000, "0", "1001", "-1", ""])
def test_a_size_that_is_none_is_refused_with_the_form(browser_of, calls, installation, size):
    answer = browser_of("qa_lead").post("/samples", data=FORM | {"per_agent": size})

    assert answer.status_code == 422
    with installation.unit_of_work(read_only=True) as session:
        assert session.scalar(select(Draw)) is None
