"""Rounds go on whatever one of them does, and end when they are told to."""

import threading

import pytest

from core.errors import RetryLater
from core.rounds import go_round, in_background
from tests.waiting import wait_until


def test_a_round_that_fails_ends_neither_the_next_nor_other_works(capsys):
    looks, others = [], []

    def look():
        looks.append(len(looks))
        if looks[-1] == 0:
            raise RetryLater("busy")
        if looks[-1] == 1:
            raise ValueError("13800138000")

    with in_background(
        go_round("fails", look, every_s=0.001), go_round("other", lambda: others.append(1), every_s=0.001)
    ):
        wait_until(lambda: len(looks) > 3 and others, "the rounds to go on")
    assert "13800138000" not in "".join(capsys.readouterr()), "what a round worked on is nobody's business"


def test_works_end_with_their_block_even_when_it_fails():
    ended = threading.Event()

    def work(stop):
        stop.wait()
        ended.set()

    with pytest.raises(KeyError), in_background(work):
        {}["no such key"]
    assert ended.is_set()
