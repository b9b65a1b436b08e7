"""The duty page in a real browser: it follows the floor by itself, and the keyboard's place is kept."""

import pytest

from ivr.live import LiveAgent, LiveFloor, LiveState, write_live

pytestmark = pytest.mark.browser


@pytest.fixture
def talks(installation, clock):
    def write(state):
        agents = [LiveAgent(agent="PJSIP/1001", state=state, since=clock.now(), call="7.7")] if state else []
        with installation.unit_of_work() as session:
            write_live(session, LiveState(floor=LiveFloor(agents=tuple(agents)), heard_at=clock.now()))

    return write


def test_the_page_follows_the_floor_and_keeps_the_focus(page_of, talks):
    talks("ready")
    page = page_of("supervisor", locale="en")
    page.goto("/duty/1")
    assert page.locator("#act-listen").count() == 0
    page.focus("#pause-lunch")
    talks("talking")
    page.wait_for_selector("#act-listen")
    assert page.evaluate("document.activeElement.id") == "pause-lunch"
    page.fill("#phone", "2001")
    talks("on_hold")
    page.wait_for_selector("#duty[data-state=on_hold]")
    assert page.input_value("#phone") == "2001"
    talks("")
    page.wait_for_selector("#act-log-in")
    assert "Off duty" in page.text_content("#duty-now")
