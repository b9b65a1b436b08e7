"""The page of the caller lists: who may change them, who sees whole numbers."""

import pytest

from ivr.callers.lists import list_caller

NUMBER = "13800138000"


@pytest.fixture
def _blocked(installation, staff, clock):
    with installation.unit_of_work() as session:
        list_caller(session, NUMBER, "blocked", reason="<b>shouts</b>", at=clock.now(), by=staff.supervisor)


def test_an_empty_list_says_what_it_is_for(browser_of):
    assert "Nobody is listed" in browser_of("supervisor").get("/callers").text
    assert "名单为空" in browser_of("supervisor", "zh_CN").get("/callers").text


def test_a_supervisor_lists_a_caller_and_takes_the_number_off_again(browser_of):
    client = browser_of("supervisor")
    form = {"number": "+86 138 0013 8000", "kind": "important", "reason": "contract", "until": "2026-12-31"}
    assert client.post("/callers", data=form).location == "/callers"
    page = client.get("/callers").text
    assert all(part in page for part in (NUMBER, "Important", "contract", "2026-12-31"))
    assert client.post("/callers/1/removal").location == "/callers"
    assert "Nobody is listed" in client.get("/callers").text
    assert client.post("/callers/1/removal").status_code == 404


def test_a_mistake_shows_the_form_again_with_what_was_typed(browser_of):
    client = browser_of("supervisor")
    answer = client.post("/callers", data={"number": "none", "kind": "blocked", "reason": "shouts"})
    assert answer.status_code == 422
    assert "not a telephone number" in answer.text
    assert 'value="shouts"' in answer.text


@pytest.mark.usefixtures("_blocked")
def test_who_may_not_see_numbers_sees_masked_ones_and_no_forms(browser_of):
    page = browser_of("inspector").get("/callers").text
    assert "138****8000" in page
    assert NUMBER not in page
    assert "/removal" not in page
    assert "&lt;b&gt;shouts" in page
    assert browser_of("inspector").post("/callers/1/removal").status_code == 403
    assert browser_of("agent").get("/callers").status_code == 403
