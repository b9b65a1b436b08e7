"""Verdicts: three states, and never a fail for what could not be heard."""

import pytest

from qa.publishing import shipped_document
from qa.scorecard import read_scorecard
from qa.scoring import judge
from recording.models import Role
from tests.unit.qa.calls import agent, caller, heard

SCORECARD = read_scorecard(shipped_document())
GREETING = "您好 这里 是 云帆科技 客服中心 工号 一 零 零 一 请问 有什么 可以 帮 您"
TALK = "我 马上 为 您 处理 请 您 放心"


def answers(*utterances, **facts):
    """The verdicts and reasons of the shipped scorecard."""
    return {k: (a.verdict.value, a.reason) for k, a in judge(SCORECARD, heard(*utterances, **facts)).items()}


def test_a_missing_greeting_is_a_fail_only_when_the_opening_was_heard_well():
    """Audible and confident: fail. Noise, doubt or silence: a person decides."""
    assert answers(agent(1, TALK))["greeting_company"] == ("fail", "phrase_missing")
    assert answers(agent(1, TALK, confidence=0.3))["greeting_company"] == ("human", "low_confidence")
    assert answers(agent(1, "[unk] [unk] [unk] 处理"))["greeting_company"] == ("human", "low_confidence")
    assert answers(agent(30, TALK))["greeting_company"] == ("human", "inaudible")
    untranscribed = {Role.AGENT: ((1.0, 9.0),)}
    assert answers(agent(1, "您好"), speech=untranscribed)["greeting_company"][0] == "human"


def test_a_phrase_that_was_recognised_badly_still_passes():
    """A hit by sound needs no confidence: chance does not make five right syllables."""
    assert answers(agent(1, GREETING, confidence=0.2))["greeting_company"] == ("pass", "phrase_heard")


def test_three_of_four_syllables_of_the_company_are_a_doubt():
    """Not enough for a pass, too much for a fail."""
    assert answers(agent(1, "您好 这里 是 云反科室 客服中心"))["greeting_company"] == (
        "human",
        "phrase_doubtful",
    )


def test_the_own_number_must_be_right():
    """Another agent's number is close in sound, so it goes to a person."""
    other = GREETING.replace("一 零 零 一", "一 零 零 六")
    assert answers(agent(1, other))["greeting_name"] == ("human", "phrase_doubtful")
    assert answers(agent(1, GREETING.replace("一 零 零 一", "幺 零 零 幺")))["greeting_name"][0] == "pass"


def test_a_slot_without_value_is_not_the_agents_fault():
    """No company is configured for the queue: a person decides."""
    assert answers(agent(1, GREETING), slots={})["greeting_company"] == ("human", "not_configured")


@pytest.mark.parametrize(
    ("opening", "expected"),
    [
        ("您好 云帆科技", ("pass", "phrase_heard")),
        ("嗯 您好 云帆科技", ("pass", "phrase_heard")),
        ("[unk] 您好 云帆科技", ("pass", "phrase_heard")),
        ("早上好 您好 云帆科技", ("pass", "phrase_heard")),
        ("喂 您好 云帆科技", ("fail", "bad_opening")),
        ("哎 您好 云帆科技", ("fail", "bad_opening")),
        ("云帆科技 您好", ("fail", "not_first")),
        ("你好 云帆科技", ("human", "phrase_doubtful")),
        ("云帆科技 客服中心 工号 一 零 零 一", ("fail", "phrase_missing")),
    ],
)
def test_the_first_words(opening, expected):
    """您好 comes first; 你好 is what recognisers often write for it, so it is not a fail."""
    assert answers(agent(1, opening))["greeting_first"] == expected


def test_only_the_agents_words_count():
    """Callers say 喂 and 不行 all the time."""
    call = answers(agent(1, GREETING), caller(6, "喂 不行 我 不知道 闭嘴 差不多"))
    assert {call[k][0] for k in ("greeting_first", "banned_refusal", "banned_vague", "banned_rude")} == {
        "pass"
    }


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("这个 不行", "fail"),
        ("您 看 行不行", "pass"),
        ("可不可以 请 您 稍等", "pass"),
        ("不知道 您 方便 吗", "pass"),
        ("请 您 步行 到 那里", "pass"),
        ("这个 我 不知道", "fail"),
        ("这个 我 不值到", "human"),
    ],
)
def test_refusals(words, expected):
    """Blunt refusals, not the questions and courtesies that contain them."""
    assert answers(agent(1, GREETING), agent(10, words))["banned_refusal"][0] == expected


def test_a_veto_waits_for_a_person_and_a_faint_hit_does_too():
    """No machine may fail a whole call."""
    assert answers(agent(1, GREETING), agent(9, "闭嘴"))["banned_rude"] == ("human", "veto_found")
    faint = answers(agent(1, GREETING), agent(9, "不行", confidence=0.3))
    assert faint["banned_refusal"] == ("human", "forbidden_faint")


def test_absence_of_forbidden_words_needs_a_heard_call():
    """A call nobody could transcribe has not passed."""
    assert answers(agent(1, TALK, confidence=0.2))["banned_rude"] == ("human", "low_confidence")


def test_what_cannot_be_judged_is_not_applicable():
    """Voicemail, mono, another language."""
    left = answers(caller(1, "我 要 投诉"), kind="voicemail")
    assert set(left.values()) == {("na", "no_agent")}
    mono = answers(agent(1, GREETING), roles_known=False, ring_s=7.0)
    assert mono["greeting_first"] == mono["interruption"] == ("na", "roles_unknown")
    assert (mono["rings"][0], mono["attitude"][0]) == ("pass", "human")
    english = answers(agent(1, GREETING), language="en")
    assert english["greeting_first"] == ("human", "language_unsupported")
    assert english["greeting_delay"][0] == "pass"


BOTH_PARTIES = ("dead_air", "hold_announced", "hold_limit", "interruption")


def test_a_lone_leg_is_judged_only_by_what_it_can_show():
    """While the agent's track is silent the caller may be talking: no silence, wait or interruption is known."""
    said = agent(1, GREETING), agent(30, TALK), agent(50, "感谢 您 的 来电 再见")
    spans = tuple((u.start_s, u.end_s) for u in said)
    whole = answers(*said, speech={Role.AGENT: spans, Role.CALLER: ()})
    only_agent = answers(*said, speech={Role.AGENT: spans}, ring_s=7.0, ended_by="caller")
    only_caller = answers(caller(1, "喂 不行"), speech={Role.CALLER: ((1.0, 2.0),)}, ring_s=7.0)

    assert whole["dead_air"][0] == "fail"
    assert {only_agent[key] for key in BOTH_PARTIES} == {("na", "track_missing")}
    assert {only_agent[key][0] for key in ("greeting_first", "greeting_delay", "banned_rude", "rings")} == {
        "pass"
    }
    assert only_agent["closing_farewell"][0] == "pass"
    assert {reason for verdict, reason in only_caller.values() if verdict == "na"} >= {"track_missing"}
    assert {verdict for verdict, _ in only_caller.values()} == {"na", "human", "pass"}
    assert (only_caller["greeting_first"], only_caller["rings"][0]) == (("na", "track_missing"), "pass")


def test_without_the_callers_track_nobody_knows_whether_the_caller_was_closing():
    """The caller hung up, perhaps after a goodbye that was not recorded."""
    alone = {Role.AGENT: ((1.0, 5.0), (20.0, 23.0))}
    call = answers(agent(1, GREETING), agent(20, TALK), speech=alone, ended_by="caller")
    assert call["closing_thanks"] == ("human", "end_unknown")


@pytest.mark.parametrize(
    ("ring_s", "verdict"), [(9.9, "pass"), (14.9, "pass"), (15.0, "human"), (25.0, "fail"), (None, "na")]
)
def test_rings(ring_s, verdict):
    """Three rings pass, the fourth and fifth are a person's decision."""
    assert answers(agent(1, GREETING), ring_s=ring_s)["rings"][0] == verdict


def test_greeting_delay():
    """Late is a fail only when it is known when the call was answered."""
    assert answers(agent(5, GREETING))["greeting_delay"][0] == "pass"
    assert answers(agent(5.1, GREETING))["greeting_delay"][0] == "fail"
    assert answers(agent(9, GREETING), answered_at_s=None)["greeting_delay"] == ("human", "bridge_unknown")


ASK = "很 抱歉 请 您 稍等"


def test_hold_etiquette():
    """Ask and explain before; offer to call back when it takes long."""
    before, after = agent(10, ASK), agent(60, "让 您 久等 了")

    def held(*extra, start=12.0, end=30.0):
        return answers(agent(1, GREETING), *extra, after, holds=((start, end),), duration_s=90)

    assert held(before)["hold_announced"] == ("pass", "hold_announced")
    assert held(agent(10, "请 您 稍等"))["hold_announced"] == ("fail", "hold_unexplained")
    assert held(agent(10, "好的"))["hold_announced"] == ("fail", "hold_unannounced")
    assert held(agent(2, ASK))["hold_announced"] == ("fail", "hold_unannounced")
    assert held(before)["hold_limit"] == ("pass", "hold_within")
    assert held(before, end=45.0)["hold_limit"] == ("fail", "hold_too_long")
    offered = agent(62, "稍后 给 您 回复 可以 吗")
    assert held(before, offered, end=45.0)["hold_limit"] == ("pass", "callback_offered")
    assert answers(agent(1, GREETING))["hold_limit"] == ("na", "no_wait")


def test_silence_is_counted_once():
    """Announced silence is a wait, unannounced silence is dead air."""
    announced = answers(agent(1, GREETING), agent(10, ASK), agent(30, TALK))
    assert (announced["dead_air"][0], announced["hold_announced"][0]) == ("pass", "pass")
    unannounced = answers(agent(1, GREETING), agent(10, TALK), agent(30, TALK))
    assert (unannounced["dead_air"][0], unannounced["hold_announced"][0]) == ("fail", "na")


CLOSING = ("请问 还有 其他 需要 吗", "感谢 您 的 来电", "再见")


def closed(*words, ended_by="agent", last_of_caller="好的"):
    """A call that ends with these words of the agent."""
    talk = [agent(1, GREETING), caller(8, "我 要 查询 订单"), agent(20, TALK), caller(40, last_of_caller)]
    return answers(*talk, *(agent(45 + 4 * n, w) for n, w in enumerate(words)), ended_by=ended_by)


def test_closing_parts_and_order():
    """Question, thanks, farewell; a missing part counts once."""
    whole = closed(*CLOSING)
    assert {whole[k][0] for k in whole if k.startswith("closing")} == {"pass"}
    turned = closed(CLOSING[1], CLOSING[0], CLOSING[2])
    assert turned["closing_order"] == ("fail", "out_of_order")
    again = closed(CLOSING[1], *CLOSING)
    assert again["closing_order"][0] == "pass"
    half = closed(CLOSING[2])
    assert (half["closing_thanks"][0], half["closing_order"][0]) == ("fail", "na")


@pytest.mark.parametrize(
    ("ended_by", "last", "expected"),
    [
        ("agent", "好的", ("fail", "phrase_missing")),
        ("caller", "好的", ("na", "caller_hung_up")),
        ("caller", "好的 再见", ("fail", "phrase_missing")),
        ("transfer", "好的", ("na", "transferred")),
        ("", "好的", ("human", "end_unknown")),
    ],
)
def test_a_missing_closing_asks_how_the_call_ended(ended_by, last, expected):
    """A caller who hangs up in mid-call leaves the agent no chance."""
    assert closed(ended_by=ended_by, last_of_caller=last)["closing_thanks"] == expected


def test_offering_help_at_the_start_is_not_asking_at_the_end():
    """请问有什么可以帮您 sounds nearly like 还有什么可以帮您; in a short call both lie in the last 30 seconds."""
    short = answers(agent(1, GREETING), caller(8, "打错 了"), agent(10, "好的 再见"), ended_by="agent")
    assert short["closing_else"][0] == "fail"


def test_interruptions_and_human_criteria():
    """Once is forgiven; manner is a person's to judge, always."""
    long = [caller(10 * n, "我 想 问 一下 我 的 订单 为什么 还 没有 到") for n in (1, 2)]
    breaking_in = [agent(12, "您 的 订单号 是 多少"), agent(22, "您 的 订单号 是 多少")]
    assert answers(agent(1, GREETING), long[0], breaking_in[0])["interruption"][0] == "pass"
    assert answers(agent(1, GREETING), *long, *breaking_in)["interruption"][0] == "fail"
    found = answers(agent(1, GREETING))
    for key in ("attitude", "tone", "understanding", "reaction", "correctness"):
        assert found[key] == ("human", "person_only")
