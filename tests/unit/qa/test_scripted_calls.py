"""The scripted calls of the demo, heard without errors, get the verdicts a careful person gives them."""

import pytest

from qa.heard import HeardCall, HeardUtterance
from qa.phrases import SpokenWord
from qa.publishing import shipped_document
from qa.scorecard import read_scorecard
from qa.scoring import judge
from recording.models import Role
from sansheng.demo.calls import scripted_calls

DEPARTMENTS = ("客服中心", "售后服务部", "投诉部")
SYLLABLE_S = 0.22


def heard(call):
    """The call as a recogniser without errors hears it, timed like natural speech."""
    at, utterances, holds = 0.8, [], []
    for line in call.lines:
        at = max(0.0, at + (0.4 if line.pause_s is None else line.pause_s) - line.overlap_s)
        start, words = at, []
        for text in line.words:
            words.append(SpokenWord(text, at, at + SYLLABLE_S * len(text), 0.98))
            at += SYLLABLE_S * len(text)
        utterances.append(HeardUtterance(Role(line.role.value), start, at, tuple(words)))
        if line.hold_s:
            holds.append((at + 0.5, at + 0.5 + line.hold_s))
            at += line.hold_s + 1.0
    speech = {
        role: tuple((u.start_s, u.end_s) for u in utterances if u.role == role)
        for role in (Role.AGENT, Role.CALLER)
    }
    slots = {"company": ("云帆科技",), "department": DEPARTMENTS}
    if call.agent:
        slots |= {"name": (call.agent.name,), "code": (call.agent.code,)}
    return HeardCall(
        duration_s=at + 0.5,
        roles_known=True,
        utterances=tuple(utterances),
        speech=speech,
        kind="voicemail" if call.is_voicemail else "conversation",
        answered_at_s=0.0,
        holds=tuple(holds),
        ring_s=call.ring_s,
        ended_by=call.hung_up_by.value,
        slots=slots,
    )


@pytest.mark.parametrize("call", scripted_calls(), ids=lambda call: call.key)
def test_machine_agrees_with_the_script(call):
    """Where the machine decides, it decides as the script says; a suspected veto is left to a person."""
    answers = judge(read_scorecard(shipped_document()), heard(call))

    expected = {key: verdict.value for key, verdict in call.expected.items()}
    if expected["banned_rude"] == "fail":
        expected["banned_rude"] = "human"
    assert {key: answers[key].verdict.value for key in expected} == expected
