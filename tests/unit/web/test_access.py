"""Agents reach their own calls and grades and nobody else's, by whatever address."""

import pytest

from core.accounts import Role
from qa.evaluation import open_evaluation
from recording.models import Recording
from tests.factories import add_call, add_scored_call


@pytest.fixture
def foreign(installation, staff):
    return add_scored_call(installation, staff, agent=staff.other_agent)


@pytest.fixture
def own(installation, staff):
    return add_scored_call(installation, staff, agent=staff.agent_row)


@pytest.mark.parametrize("path", ["", "/audio", "/peaks"])
def test_an_agent_gets_an_own_recording_but_no_foreign_one(browser_of, own, foreign, path):
    agent = browser_of("agent")

    assert agent.get(f"/recordings/{own.id}{path}").status_code == 200
    assert agent.get(f"/recordings/{foreign.id}{path}").status_code == 404


def test_an_agent_gets_an_own_call_but_no_foreign_one(browser_of, own, foreign):
    agent = browser_of("agent")

    assert agent.get(f"/calls/{own.call_id}").status_code == 200
    assert agent.get(f"/calls/{foreign.call_id}").status_code == 404


def test_the_list_of_an_agent_ignores_a_foreign_agent_in_the_address(
    browser_of, installation, staff, own, foreign
):
    add_call(installation, staff, outcome="abandoned")
    page = browser_of("agent").get(f"/calls?agent={staff.other_agent.id}").text

    assert f"/calls/{foreign.call_id}" not in page
    mine = browser_of("agent").get("/calls").text
    assert f"/calls/{own.call_id}" in mine
    assert mine.count('href="/calls/') == 1


def test_an_account_of_an_agent_without_agent_sees_nothing(browser_of, installation, staff, own):
    with installation.unit_of_work() as session:
        session.get_one(type(staff.agent), staff.agent.id).agent_id = None

    assert browser_of("agent").get(f"/recordings/{own.id}").status_code == 404
    assert 'href="/calls/' not in browser_of("agent").get("/calls").text


def test_a_draft_is_seen_by_nobody_but_its_author(browser_of, installation, staff, own):
    with installation.unit_of_work() as session:
        draft = open_evaluation(
            session,
            recording=session.get_one(Recording, own.id),
            evaluator=session.get_one(type(staff.agent), staff.inspector.id),
            at=installation.clock.now(),
        )
        address = f"/evaluations/{draft.id}"

    assert browser_of("inspector").get(address).status_code == 200
    for role in (Role.AGENT, Role.QA_LEAD, Role.SUPERVISOR):
        assert browser_of(role).get(address).status_code == 404


def test_of_a_transferred_call_an_agent_gets_the_own_part_only(browser_of, installation, staff, own, foreign):
    with installation.unit_of_work() as session:
        call = session.get_one(Recording, own.id).call
        session.get_one(Recording, foreign.id).call_id = call.id
        session.get_one(Recording, own.id).call_id = None
    agent = browser_of("agent")

    page = agent.get(f"/calls/{call.id}")
    assert page.status_code == 200, "it is still the agent's own call"
    assert f"/recordings/{foreign.id}/" not in page.text
    assert f"/recordings/{foreign.id}" not in agent.get("/calls?period=all").text

    with installation.unit_of_work() as session:
        session.get_one(Recording, own.id).call_id = call.id
    assert f"/recordings/{own.id}/" in agent.get(f"/calls/{call.id}").text
