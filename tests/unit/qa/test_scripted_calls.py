"""The scripted calls of the demo get the verdicts a careful person gives them, with recognition errors too."""

import pytest

from bench.verdicts import heard_script, outcomes
from qa.publishing import shipped_document
from qa.scorecard import read_scorecard
from qa.scoring import judge
from sansheng.demo.calls import scripted_calls

SCORECARD = read_scorecard(shipped_document())


@pytest.mark.parametrize("call", scripted_calls(), ids=lambda call: call.key)
def test_machine_agrees_with_the_script(call):
    """Where the machine decides, it decides as the script says; a suspected veto is left to a person."""
    answers = judge(SCORECARD, heard_script(call))

    expected = {key: verdict.value for key, verdict in call.expected.items()}
    if expected["banned_rude"] == "fail":
        expected["banned_rude"] = "human"
    assert {key: answers[key].verdict.value for key in expected} == expected


@pytest.mark.parametrize(("rate", "wrong"), [(0.1, 0.01), (0.3, 0.03)])
def test_recognition_errors_make_it_abstain_rather_than_err(rate, wrong):
    """Thirty percent wrong characters: more work for people, hardly a wrong verdict."""
    counted = outcomes(SCORECARD, rate, rounds=3)
    assert counted["wrong"] / counted.total() <= wrong
    assert counted["right"] / counted.total() >= 0.75
