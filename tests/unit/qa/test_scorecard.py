"""The scorecard document: everything wrong is found in one pass, on its line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadInput
from core.i18n import use_locale
from qa.publishing import shipped_document
from qa.scorecard import LANGUAGES, Critical, check_scorecard, read_scorecard

GOOD = """\
scorecard: small
title: {zh: 小, en: small}
sections:
  one:
    title: {zh: 一, en: one}
    criteria:
      greeting:
        weight: 60
        title: {zh: 问候, en: greeting}
        help: {zh: 说您好, en: say 您好}
        measure: {kind: required_phrase, say: [您好], first_s: 15}
      order:
        weight: 40
        title: {zh: 顺序, en: order}
        help: {zh: 顺序, en: order}
        measure: {kind: order, of: [greeting]}
"""

REQUIRED = {
    *("greeting_first", "greeting_company", "greeting_department", "greeting_name", "greeting_order"),
    *("greeting_delay", "banned_refusal", "banned_vague", "banned_rude", "hold_announced", "hold_limit"),
    *("interruption", "dead_air", "rings", "closing_else", "closing_thanks", "closing_farewell"),
    *("closing_order", "attitude", "tone", "understanding", "reaction", "correctness"),
}


def findings(text):
    """The findings as `line: text`."""
    with use_locale("en"):
        return [f"{f.line}: {f.text}" for f in check_scorecard(text, "x.yaml")[1]]


def test_the_shipped_scorecard_is_complete():
    """In order, with every criterion of the contract, texts in both languages and its source."""
    assert findings(shipped_document()) == []
    card = read_scorecard(shipped_document())
    assert {c.key for c in card.criteria} == REQUIRED
    assert sum(c.weight for c in card.criteria) == 100
    assert card.criterion("banned_rude").critical == Critical.ALL
    for criterion in card.criteria:
        assert criterion.source.startswith("R")
        assert all(criterion.title[la] and criterion.help[la] for la in LANGUAGES)


def test_a_good_document_has_no_findings():
    """The base of the tests below."""
    assert findings(GOOD) == []


@pytest.mark.parametrize(
    ("change", "line", "told"),
    [
        (("weight: 40", "weight: 30"), 3, "the weights add up to 90, not to 100"),
        (("kind: order", "kind: ordre"), 16, "there is no measure ordre; did you mean order?"),
        (("title: {zh: 问候, en: greeting}", "title: {zh: 问候}"), 9, "title has no en text"),
        (("      order:", "      greeting:"), 12, "greeting is already given on line 7"),
        (("of: [greeting]", "of: [later]"), 16, "later is not a criterion that stands before this one"),
        (("say: [您好]", "say: ['{firma}您好']"), 11, "there is no slot firma"),
        (("weight: 60", "weigth: 60"), 8, "unknown key weigth; did you mean weight?"),
        (("scorecard: small", "scorecard: Small card"), 1, "is not a name"),
        (("first_s: 15", "first_s: soon"), 11, "first_s must be a number"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(change, line, told):
    """An author repairs the document once."""
    found = findings(GOOD.replace(*change))
    assert any(f.startswith(f"{line}: ") and told in f for f in found), found


def test_all_findings_come_at_once():
    """Not one error a run."""
    broken = GOOD.replace("weight: 60", "weight: 50").replace("kind: order", "kind: what")
    assert len(findings(broken)) == 2
    with pytest.raises(BadInput, match=r"(?s)x\.yaml:3: .*\nx\.yaml:16: "):
        read_scorecard(broken, "x.yaml")


@given(st.text(max_size=200))
def test_no_text_breaks_the_reader(text):
    """Garbage is findings, never a traceback."""
    card, found = check_scorecard(text, "x.yaml")
    assert card is None or found


@given(st.integers(0, len(GOOD) - 1), st.integers(1, 30))
def test_no_damage_breaks_the_reader(at, length):
    """A document with a hole in it is read or refused."""
    check_scorecard(GOOD[:at] + GOOD[at + length :], "x.yaml")
