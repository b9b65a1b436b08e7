"""From verdicts to points."""

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.models import Verdict
from qa.publishing import shipped_document
from qa.scorecard import read_scorecard
from qa.scoring import machine_score, score
from qa.verdicts import Judgement

CARD = read_scorecard(shipped_document())
KEYS = [c.key for c in CARD.criteria]
VERDICTS = st.fixed_dictionaries({key: st.sampled_from([v.value for v in Verdict]) for key in KEYS})
DECIDED = ("pass", "fail")


@given(VERDICTS, st.booleans())
def test_points_and_coverage_stay_in_bounds(verdicts, confirmed):
    """0 to 100, 0 to 1, and no points exactly when nothing is decided."""
    total = score(CARD, verdicts, confirmed=confirmed)
    assert 0 <= total.coverage <= 1
    assert (total.points is None) == (not any(v in DECIDED for v in verdicts.values()))
    assert total.points is None or 0 <= total.points <= 100


@given(VERDICTS, st.sampled_from(KEYS))
def test_na_leaves_the_shares_of_the_others_alone(verdicts, key):
    """A criterion that does not apply neither gives nor takes."""
    weights = {c.key: c.weight for c in CARD.criteria if verdicts[c.key] in DECIDED and c.key != key}
    total = score(CARD, {**verdicts, key: "na"}, confirmed=False)
    passed = sum(w for k, w in weights.items() if verdicts[k] == "pass")
    if weights:
        assert total.points == pytest.approx(100 * passed / sum(weights.values()), abs=1e-3)


@given(VERDICTS, st.randoms())
def test_the_order_of_criteria_does_not_matter(verdicts, rng: random.Random):
    """Moving a criterion within its section changes no score."""
    sections = tuple(
        replace(s, criteria=tuple(rng.sample(s.criteria, len(s.criteria)))) for s in CARD.sections
    )
    assert score(replace(CARD, sections=sections), verdicts, confirmed=True) == score(
        CARD, verdicts, confirmed=True
    )


@given(VERDICTS, st.sampled_from(KEYS))
def test_a_pass_never_costs_points(verdicts, key):
    """Turning a fail into a pass never lowers the score."""
    failed = score(CARD, {**verdicts, key: "fail"}, confirmed=True)
    passed = score(CARD, {**verdicts, key: "pass"}, confirmed=True)
    assert passed.points >= failed.points


def test_critical_errors_count_when_a_person_confirms_them():
    """Fail-all takes everything, fail-section its section; the machine's finding takes nothing."""
    everything = dict.fromkeys(KEYS, "pass")
    assert score(CARD, everything, confirmed=True).points == 100
    veto = {**everything, "banned_rude": "fail"}
    assert score(CARD, veto, confirmed=True).points == 0
    assert score(CARD, veto, confirmed=True).critical
    assert score(CARD, veto, confirmed=False).points == 92
    handling = sum(c.weight for s in CARD.sections if s.key == "handling" for c in s.criteria)
    wrong = {**everything, "correctness": "fail"}
    assert score(CARD, wrong, confirmed=True).points == 100 - handling


def test_a_confirmed_veto_without_weight_takes_everything_even_when_nothing_else_applied():
    """Vetoes are often not weighted; 0 is not the same as no score."""
    sections = tuple(
        replace(
            s, criteria=tuple(replace(c, weight=0.0) if c.key == "banned_rude" else c for c in s.criteria)
        )
        for s in CARD.sections
    )
    verdicts = dict.fromkeys(KEYS, "na") | {"banned_rude": "fail"}
    assert score(replace(CARD, sections=sections), verdicts, confirmed=True).points == 0
    assert score(replace(CARD, sections=sections), verdicts, confirmed=False).points is None


def test_a_suspected_veto_is_flagged_and_costs_nothing():
    """It waits for a person."""
    answers = {key: Judgement(Verdict.PASS, "phrase_heard") for key in KEYS}
    assert machine_score(CARD, answers) == score(CARD, dict.fromkeys(KEYS, "pass"), confirmed=False)
    answers["banned_rude"] = Judgement(Verdict.HUMAN, "veto_found")
    total = machine_score(CARD, answers)
    assert (total.points, total.coverage, total.critical) == (100, 0.92, True)


def test_an_absent_answer_is_undecided():
    """A draft's points are over what is answered so far."""
    total = score(CARD, {"greeting_first": "pass"}, confirmed=True)
    assert (total.points, total.coverage) == (100, 0.06)
