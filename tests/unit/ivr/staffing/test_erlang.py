"""Erlang C against published numbers, Erlang A against a simulation and against Erlang C at its limit."""

import heapq
import json
import math

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import example, given
from hypothesis import strategies as st

from core.errors import BadInput
from core.i18n import use_locale
from ivr.cli_queue import queue
from ivr.staffing.erlang import Load, agents_needed, service

HALF_HOUR = Load(calls=100, interval_s=1800, aht_s=180)


def test_the_published_example_of_erlang_c():
    found = service(HALF_HOUR, 14, 20)

    assert found.waiting == pytest.approx(0.17413, abs=5e-6)
    assert found.service_level == pytest.approx(0.88835, abs=5e-6)
    assert found.asa_s == pytest.approx(7.836, abs=5e-4)
    assert found.occupancy == pytest.approx(10 / 14)


def test_fourteen_agents_are_the_fewest_for_eighty_percent():
    assert agents_needed(HALF_HOUR, target=0.8, within_s=20).agents == 14
    assert service(HALF_HOUR, 13, 20).service_level < 0.8


def test_without_enough_agents_the_wait_has_no_end():
    assert service(HALF_HOUR, 10, 20).asa_s == math.inf


def test_nobody_calls_nobody_waits():
    assert agents_needed(Load(calls=0, interval_s=1800, aht_s=180), target=0.8, within_s=20).agents == 1


def simulated(load, agents, within_s, callers, seed):
    """M/M/n+M, first come first served: shares of waiting, abandoned and in time, and the answered's mean wait."""
    random = np.random.default_rng(seed)
    arrivals = np.cumsum(random.exponential(load.interval_s / load.calls, callers))
    talks, patience = random.exponential(load.aht_s, callers), random.exponential(load.patience_s, callers)
    free_at = [0.0] * agents
    waited = abandoned = in_time = 0
    total = 0.0
    for at, talk, limit in zip(arrivals, talks, patience, strict=True):
        wait = max(0.0, free_at[0] - at)
        waited += wait > 0
        if wait > limit:
            abandoned += 1
            continue
        heapq.heapreplace(free_at, at + wait + talk)
        total += wait
        in_time += wait <= within_s
    return waited / callers, abandoned / callers, in_time / callers, total / (callers - abandoned)


@pytest.mark.parametrize(("agents", "patience_s"), [(9, 60.0), (12, 180.0), (11, 30.0)])
def test_erlang_a_agrees_with_a_simulation(agents, patience_s):
    load = Load(calls=100, interval_s=1800, aht_s=180, patience_s=patience_s)
    found = service(load, agents, 20)
    waiting, abandoned, in_time, asa_s = simulated(load, agents, 20, 150_000, seed=agents)

    assert found.waiting == pytest.approx(waiting, abs=0.012)
    assert found.abandoned == pytest.approx(abandoned, abs=0.006)
    assert found.service_level == pytest.approx(in_time, abs=0.012)
    assert found.asa_s == pytest.approx(asa_s, rel=0.05)


def test_callers_who_never_give_up_make_erlang_a_erlang_c():
    patient = service(Load(calls=100, interval_s=1800, aht_s=180, patience_s=1e7), 14, 20)
    endless = service(HALF_HOUR, 14, 20)

    assert patient.service_level == pytest.approx(endless.service_level, abs=1e-3)
    assert patient.asa_s == pytest.approx(endless.asa_s, rel=1e-2)


loads = st.builds(
    Load,
    calls=st.floats(0.1, 3000),
    interval_s=st.sampled_from([900.0, 1800.0, 3600.0]),
    aht_s=st.floats(5, 900),
    patience_s=st.none() | st.floats(2, 3600),
)


# a patience far shorter than the talk: nearly everybody who waits gives up within seconds
@example(load=Load(calls=105, interval_s=3600, aht_s=441, patience_s=2), target=0.0625, within_s=0)
@given(load=loads, target=st.floats(0.05, 0.99), within_s=st.floats(0, 120))
def test_the_fewest_agents_reach_the_target_and_one_fewer_does_not(load, target, within_s):
    found = agents_needed(load, target=target, within_s=within_s)

    assert found.service_level >= target
    assert 0 <= found.abandoned < 1
    assert 0 <= found.occupancy <= 1 + 1e-6
    if found.agents > 1:
        assert service(load, found.agents - 1, within_s).service_level < target


@pytest.mark.parametrize(
    "changes",
    [{"calls": -1}, {"aht_s": 0}, {"interval_s": math.nan}, {"patience_s": -3}, {"calls": math.inf}],
)
def test_values_without_sense_are_refused(changes):
    values = {"calls": 100, "interval_s": 1800, "aht_s": 180, "patience_s": None} | changes
    with pytest.raises(BadInput):
        service(Load(**values), 3, 20)


def run(*arguments):
    with use_locale("en"):
        return CliRunner().invoke(queue, ["staffing", *arguments])


def test_the_command_gives_the_example_in_json_and_in_words():
    wanted = ("--calls", "100", "--interval", "30m", "--aht", "180", "--target", "0.8", "--within", "20")
    document = json.loads(run(*wanted, "--json").stdout)

    assert (document["agents"], document["model"]) == (14, "erlang_c")
    assert document["asa_s"] == pytest.approx(7.836, abs=5e-4)
    assert [other["agents"] for other in document["what_if"]] == [12, 13, 14, 15, 16]
    assert "14 agents" in run(*wanted).stdout
    assert json.loads(run(*wanted, "--patience", "90", "--json").stdout)["model"] == "erlang_a"
    assert json.loads(run(*wanted, "--agents", "9", "--json").stdout)["asa_s"] is None


@pytest.mark.parametrize("wrong", [("--interval", "soon"), ("--target", "80"), ("--agents", "0")])
def test_the_command_says_what_is_wrong(wrong):
    assert isinstance(run("--calls", "100", "--aht", "180", *wrong).exception, BadInput)
