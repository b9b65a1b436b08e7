from pathlib import Path

import pytest

from sansheng.demo.calls import CRITERIA, Role, Verdict, agents, scripted_calls, vocabulary

WORDS = Path(__file__).parents[4] / "recording" / "asr" / "demo_model" / "graph" / "words.txt"
CALLS = scripted_calls()


def agent_text(call):
    return " ".join(" ".join(line.words) for line in call.lines if line.role is Role.AGENT)


def test_the_demo_says_only_words_its_model_knows():
    known = {line.split()[0] for line in WORDS.read_text(encoding="utf-8").splitlines()}
    assert vocabulary() <= known


def test_there_are_24_calls_on_three_queues_for_six_agents():
    assert len({call.key for call in CALLS}) == len(CALLS) == 24
    assert {call.queue for call in CALLS} == {"consulting", "after_sales", "complaints"}
    assert {call.agent.code for call in CALLS if call.agent} == {agent.code for agent in agents()}
    assert [agent.code for agent in agents()] == ["1001", "1002", "1003", "1004", "1005", "1006"]


def test_every_criterion_is_met_and_missed_somewhere():
    for key in CRITERIA:
        seen = {call.expected[key] for call in CALLS}
        assert seen == {Verdict.PASS, Verdict.FAIL, Verdict.NA}, key


def test_nothing_is_judged_where_no_agent_spoke():
    voicemails = [call for call in CALLS if call.is_voicemail]
    assert len(voicemails) == 2
    for call in voicemails:
        assert {line.role for line in call.lines} == {Role.CALLER}
        assert set(call.expected.values()) == {Verdict.NA}


@pytest.mark.parametrize(
    ("criterion", "phrase"),
    [
        ("greeting_company", "云帆 科技"),
        ("greeting_name", "工号 一"),
        ("closing_farewell", "再见"),
    ],
)
def test_a_part_expected_as_present_is_in_the_script(criterion, phrase):
    for call in CALLS:
        if call.expected[criterion] is not Verdict.NA:
            assert (phrase in agent_text(call)) == (call.expected[criterion] is Verdict.PASS), call.key


@pytest.mark.parametrize(
    ("criterion", "phrases"),
    [
        ("banned_refusal", ["不行", "不知道", "没办法", "不可能"]),
        ("banned_vague", ["不清楚", "差不多", "大概", "吧"]),
        ("banned_rude", ["听不懂", "闭嘴", "神经病", "有病", "烦 不 烦", "关 我 什么 事", "有完没完"]),
    ],
)
def test_banned_words_count_on_the_agents_side_only(criterion, phrases):
    for call in CALLS:
        if call.agent:
            said = any(phrase in agent_text(call) for phrase in phrases)
            assert said == (call.expected[criterion] is Verdict.FAIL), call.key
    callers = " ".join(" ".join(x.words) for call in CALLS for x in call.lines if x.role is Role.CALLER)
    assert any(phrase in callers for phrase in phrases)


def test_the_own_number_an_agent_says_is_the_agents_code():
    digits = dict(zip("零一二三四五六七八九", "0123456789", strict=True))
    for call in CALLS:
        if call.agent and call.expected["greeting_name"] is Verdict.PASS:
            words = list(call.lines[0].words) + list(call.lines[1].words)
            first = words.index("工号") + 1
            assert "".join(digits[word] for word in words[first : first + 4]) == call.agent.code
