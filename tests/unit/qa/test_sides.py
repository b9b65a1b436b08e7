"""Tracks the wrong way round are told from tracks on which little was said."""

from dataclasses import replace

import pytest

from qa.publishing import shipped_document
from qa.scorecard import read_scorecard
from qa.sides import are_contradicted
from recording.models import Role
from tests.unit.qa.calls import agent, caller, heard

CARD = read_scorecard(shipped_document())
OPENING = "您好 云帆 科技 客服 中心 工号 一 零 零 一"


@pytest.mark.parametrize(
    ("utterances", "contradicted"),
    [
        ((agent(1, OPENING), caller(8, "我 要 查询 订单")), False),
        ((caller(1, OPENING), agent(8, "我 要 查询 订单")), True),
        ((caller(1, OPENING), agent(8, "您好 我 要 查询 订单")), True),
        ((agent(1, OPENING), caller(8, "您好 是 云帆 科技 吗")), False),
        ((caller(1, "您好 我 要 查询 订单"), agent(8, "请 说")), False),
        ((agent(1, "喂"), caller(3, "我 要 查询 订单")), False),
        ((caller(30, OPENING), agent(2, "喂 您 请 说")), False),
        ((), False),
    ],
)
def test_the_opening_tells_whose_track_it_is(utterances, contradicted):
    assert are_contradicted(CARD, heard(*utterances)) is contradicted


def test_tracks_nobody_claims_to_know_contradict_nothing():
    call = heard(caller(1, OPENING), agent(8, "我 要 查询 订单"))
    assert not are_contradicted(CARD, replace(call, roles_known=False))
    assert not are_contradicted(CARD, replace(call, speech={Role.CALLER: call.speech[Role.CALLER]}))
