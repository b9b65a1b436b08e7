"""File names give hints about calls, join legs, and never carry a telephone number into the database."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.errors import BadInput
from recording.models import Role
from recording.naming import group_files, read_name, stored_name

ZONE = "Asia/Shanghai"


@pytest.mark.parametrize(
    ("pattern", "stem", "call", "agent"),
    [
        ("plain", "whatever 2026", None, None),
        ("asterisk", "1763600000.42", "1763600000.42", None),
        ("asterisk", "pbx1-1763600000.42", "pbx1-1763600000.42", None),
        ("freepbx", "q-600-13800138000-20261120-093015-1763600000.42", "1763600000.42", None),
        ("freepbx", "exten-1001-13800138000-20261120-093015-1763600000.42", "1763600000.42", "1001"),
        ("issabel", "out-013800138000-1001-20261120-093015-1763600000.42", "1763600000.42", "1001"),
        ("vicidial", "20261120-093015_6666_13800138000-all", None, "6666"),
        ("vicidial", "20261120-093015_13800138000", None, None),
    ],
)
def test_the_known_forms_are_understood(pattern, stem, call, agent):
    hint = read_name(stem, pattern, ZONE)
    assert (hint.provider_call_id, hint.agent) == (call, agent)
    if "20261120-093015" in stem:
        assert hint.started_at == datetime(2026, 11, 20, 1, 30, 15, tzinfo=UTC)


@pytest.mark.parametrize("pattern", ["asterisk", "freepbx", "vicidial"])
def test_a_name_that_does_not_fit_gives_no_hint(pattern):
    assert read_name("录音 (3)", pattern, ZONE) == read_name("录音 (3)", "plain", ZONE)
    assert read_name("20269999-999999_13800138000", "vicidial", ZONE).started_at is None


def test_an_unknown_pattern_names_the_known_ones():
    with pytest.raises(BadInput, match="asterisk, freepbx"):
        read_name("x", "genesys", ZONE)


def test_legs_are_joined_and_the_mix_is_left_out():
    paths = [
        Path(f"d/{name}")
        for name in ("1.2-mix.wav", "1.2-rx.wav", "1.2-tx.wav", "b.wav", "c-in.wav", "c-out.wav")
    ]
    sets = group_files(paths)
    assert [s.files for s in sets] == [
        (Path("d/1.2-rx.wav"), Path("d/1.2-tx.wav")),
        (Path("d/b.wav"),),
        (Path("d/c-in.wav"), Path("d/c-out.wav")),
    ]
    assert sets[0].roles == (Role.CALLER, Role.AGENT)
    assert sets[0].stem == "1.2"
    assert sets[1].roles is None


def test_a_lone_leg_is_a_problem_a_lone_mix_is_not():
    lone, mix, named = group_files([Path("a-rx.wav"), Path("b-mix.wav"), Path("check-in.wav")])
    assert "a-tx.wav, is missing" in lone.problem
    assert (mix.problem, mix.stem) == ("", "b")
    assert (named.problem, named.stem) == ("", "check-in")


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        (
            "q-600-13800138000-20261120-093015-1763600000.42.wav",
            "q-600-138****8000-20261120-093015-1763600000.42.wav",
        ),
        ("20261120-093015_6666_13800138000-all.mp3", "20261120-093015_6666_138****8000-all.mp3"),
        ("+8613800138000.wav", "+86****8000.wav"),
        ("1763600000.42-rx.wav", "1763600000.42-rx.wav"),
        ("录音3.wav", "录音3.wav"),
    ],
)
def test_telephone_numbers_in_names_are_masked(name, kept):
    assert stored_name(name) == kept
