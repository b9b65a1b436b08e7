"""Definitions: a change is a new version, an old version stays as it was."""

import pytest

from core.errors import BadInput, NotFound
from core.i18n import use_locale
from ivr.metrics.definitions import STANDARD, find_definition, list_definitions, publish_definition


def content(**changes):
    return STANDARD.model_dump() | changes


def test_a_change_opens_a_new_version_and_the_old_one_can_still_be_asked_for(session, clock):
    new = publish_definition(session, content(short_abandon_s=10.0), at=clock.now())

    assert new.label == "standard@2"
    assert find_definition(session).label == "standard@2"
    assert find_definition(session, "standard@1") == STANDARD
    assert find_definition(session, "standard@2").short_abandon_s == 10


def test_what_changes_nothing_makes_no_version(session, clock):
    assert publish_definition(session, content(), at=clock.now()) == STANDARD
    publish_definition(session, content(name="ours"), at=clock.now())
    again = publish_definition(session, content(name="ours", version=7), at=clock.now())

    assert again.label == "ours@1"
    assert [d.label for d in list_definitions(session)] == ["standard@1", "gov-hotline@1", "ours@1"]


def test_a_preset_is_found_by_its_chinese_title(session):
    assert find_definition(session, "政务热线").name == "gov-hotline"


def test_an_unknown_definition_is_told_with_those_that_exist(session):
    with pytest.raises(NotFound, match="standard@1, gov-hotline@1"):
        find_definition(session, "standard@9")


@pytest.mark.parametrize(
    "changes", [{"service_level": "best"}, {"within_s": 0}, {"name": "Two Words"}, {"whim": 1}]
)
def test_what_is_no_definition_is_refused_with_the_field(session, clock, changes):
    with pytest.raises(BadInput, match=next(iter(changes))):
        publish_definition(session, content(**changes), at=clock.now())


def test_the_formula_is_in_words_with_the_seconds_in_it():
    with use_locale("en"):
        strict = STANDARD.model_copy(update={"within_s": 15.0})
        assert strict.formulas()["service_level"] == "answered within 15 s ÷ offered"
        assert STANDARD.formulas()["service_level"] == "answered within the queue's time ÷ offered"
