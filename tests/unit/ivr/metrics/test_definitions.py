"""Definitions: a change is a new version, an old version stays as it was."""

import numpy as np
import pytest

from core.errors import BadInput, NotFound
from core.i18n import use_locale
from ivr.metrics.columns import VISIT
from ivr.metrics.counts import calls_again
from ivr.metrics.definitions import PRESETS, STANDARD, find_definition, list_definitions, publish_definition
from ivr.metrics.figures import counted_visits, figures_of
from ivr.metrics.models import MetricDefinition


def content(**changes):
    return STANDARD.model_dump() | changes


def test_a_change_opens_a_new_version_and_the_old_one_can_still_be_asked_for(session, clock):
    new = publish_definition(session, content(short_abandon_s=10.0), at=clock.now())

    assert new.label == "standard@3"
    assert find_definition(session).label == "standard@3"
    assert find_definition(session, "standard@2") == STANDARD
    assert find_definition(session, "standard@3").short_abandon_s == 10


def test_a_version_published_before_there_was_a_preset_of_its_number_stays(session, clock):
    ours = content(version=2, handling="talk", short_abandon_s=3.0)
    session.add(MetricDefinition(name="standard", version=2, content=ours, published_at=clock.now()))
    session.flush()

    assert find_definition(session, "standard@2").short_abandon_s == 3
    assert [d.label for d in list_definitions(session)].count("standard@2") == 1
    assert publish_definition(session, content(), at=clock.now()).label == "standard@3"


def test_a_definition_kept_before_handling_had_a_meaning_counts_the_talk(session, clock):
    old = content(name="ours", version=1)
    del old["handling"], old["day_parts"]
    session.add(MetricDefinition(name="ours", version=1, content=old, published_at=clock.now()))
    session.flush()

    assert find_definition(session, "ours").handling == "talk"


def test_what_changes_nothing_makes_no_version(session, clock):
    assert publish_definition(session, content(), at=clock.now()) == STANDARD
    publish_definition(session, content(name="ours"), at=clock.now())
    again = publish_definition(session, content(name="ours", version=7), at=clock.now())

    assert again.label == "ours@1"
    assert [d.label for d in list_definitions(session)] == [
        "standard@1", "standard@2", "gov-hotline@1", "gov-hotline@2", "ours@1",
    ]  # fmt: skip


def test_a_preset_is_found_by_its_chinese_title(session):
    assert find_definition(session, "政务热线").name == "gov-hotline"


def test_an_unknown_definition_is_told_with_those_that_exist(session):
    with pytest.raises(NotFound, match="standard@1, standard@2, gov-hotline@1"):
        find_definition(session, "standard@9")


@pytest.mark.parametrize(
    "changes",
    [
        {"service_level": "best"},
        {"within_s": 0},
        {"name": "Two Words"},
        {"whim": 1},
        {"handling": "guess"},
        {"day_parts": [6, 12, 12, 22]},
    ],
)
def test_what_is_no_definition_is_refused_with_the_field(session, clock, changes):
    with pytest.raises(BadInput, match=next(iter(changes))):
        publish_definition(session, content(**changes), at=clock.now())


def test_the_formula_is_in_words_with_the_seconds_in_it():
    with use_locale("en"):
        strict = STANDARD.model_copy(update={"within_s": 15.0})
        assert strict.formulas()["service_level"] == "answered within 15 s ÷ offered"
        assert STANDARD.formulas()["service_level"] == "answered within the queue's time ÷ offered"


@pytest.mark.parametrize("definition", PRESETS, ids=lambda definition: definition.label)
def test_every_figure_has_its_formula_in_both_languages(definition):
    rows = np.zeros(0, VISIT)
    counted = counted_visits(rows, {}, calls_again(rows, 7), definition, 0)
    figures = figures_of(counted, np.zeros(0, np.int64), 1)
    told = {}
    for locale in ("en", "zh_CN"):
        with use_locale(locale):
            told[locale] = definition.formulas()

    assert {*figures.counts, *figures.values} <= set(told["en"])
    assert [name for name in told["en"] if told["en"][name] == told["zh_CN"][name]] == []
