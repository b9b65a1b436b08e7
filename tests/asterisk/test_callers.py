"""Blocked and important callers on a real Asterisk: refused before they are answered, answered before others."""

import pytest

from ivr.callers.lists import list_caller, listing_of, unlist_caller
from tests.asterisk.ledger import rows, settled_call
from tests.asterisk.scene import LANGUAGE, MENU, answers, visit
from tests.asterisk.sipp import Caller
from tests.waiting import wait_until

pytestmark = pytest.mark.asterisk

NUISANCE, IMPORTANT, PATIENT = "13900139003", "13900139004", "13900139005"


@pytest.fixture
def listed(telephony):
    """Return a function that lists a number for the length of a test."""
    numbers = []

    def listed(number, kind):
        with telephony.installation.unit_of_work() as session:
            list_caller(session, number, kind, reason="for a test", at=telephony.installation.clock.now())
        numbers.append(number)

    yield listed
    with telephony.installation.unit_of_work() as session:
        for number in numbers:
            listing = listing_of(session, number=number)
            unlist_caller(session, listing, at=telephony.installation.clock.now())


def test_a_blocked_caller_is_refused_before_the_call_is_answered(telephony, stage, before, listed):
    listed("+86" + NUISANCE, "blocked")
    stage.call(Caller(NUISANCE).refused(403)).ends()  # 403: cause 21, call rejected
    call = settled_call(telephony, after=before)
    assert (call["outcome"], call["caller"], call["visits"]) == ("blocked", NUISANCE, [])
    assert call["path"] == ["start:", "screen:blocked", "refused:blocked", "end:blocked"]


def test_an_important_caller_is_answered_before_one_who_waited_longer(
    telephony, stage, before, caller_sends, agent_voice, listed
):
    listed(IMPORTANT, "important")
    stream = caller_sends(LANGUAGE, MENU, voice_s=40)
    patient = stage.call(Caller(PATIENT).answered().plays(stream).is_hung_up_on())
    wait_until(lambda: waiting(telephony) == 1, "the first caller to wait")
    important = stage.call(Caller(IMPORTANT).answered().plays(stream).is_hung_up_on(), port=5062)
    wait_until(lambda: waiting(telephony) == 2, "both callers to wait")
    agent = stage.agent("1001", answers(agent_voice), calls=2)
    telephony.asterisk.log_in("consulting", "1001")
    agent.ends()
    important.ends()
    patient.ends()
    settled_call(telephony, after=before)
    calls = {call["caller"]: call for call in rows(telephony, after=before)}
    assert {call["outcome"] for call in calls.values()} == {"answered"}
    for call in calls.values():
        assert call["visits"] == [visit("consulting", "answered", "1001", "agent", [("1001", "answered")])]
    assert "screen:vip" in calls[IMPORTANT]["path"]
    assert calls[PATIENT]["wait_s"] > calls[IMPORTANT]["wait_s"] + 4  # a whole conversation longer


def waiting(telephony):
    """How many wait in the queue, as Asterisk itself says."""
    lines = telephony.asterisk.cli("queue show consulting").splitlines()
    return next((int(line.split(" has ")[1].split()[0]) for line in lines if " has " in line), 0)
