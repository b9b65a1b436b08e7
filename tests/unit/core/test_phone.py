"""Telephone numbers: whoever calls again is recognised, and nobody reads a number off the screen."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.phone import mask_number, normalise_number


@pytest.mark.parametrize(
    ("forms", "normal"),
    [
        (
            ["13800138000", "+8613800138000", "008613800138000", "8613800138000", "013800138000"],
            "13800138000",
        ),
        (
            ["138-0013-8000", " +86 138 0013 8000 ", "１３８００１３８０００", "(+86)13800138000"],
            "13800138000",
        ),
        (["sip:13800138000@10.0.0.7:5060"], "13800138000"),
        (["01012345678", "+861012345678", "00861012345678", "(010) 1234-5678"], "01012345678"),
        (["057188157838", "+8657188157838"], "057188157838"),
        (["4008001234", "+864008001234"], "4008001234"),
        (["+442079460000", "00442079460000", "+44 20 7946 0000"], "+442079460000"),
        (["10086", "12345", "95588"], None),
        (["anonymous", "", "Restricted", "+"], ""),
    ],
)
def test_all_forms_of_a_number_are_one(forms, normal):
    assert {normalise_number(form) for form in forms} == ({normal} if normal is not None else set(forms))


@given(st.text(alphabet="+0123456789-() 86", max_size=20))
def test_a_normal_form_stays_as_it_is(text):
    assert normalise_number(normalise_number(text)) == normalise_number(text)


@pytest.mark.parametrize(
    ("number", "masked"),
    [
        ("13800138000", "138****8000"),
        ("+442079460000", "+44****0000"),
        ("88157838", "******38"),
        ("1001", "**01"),
        ("12", "**"),
        ("", ""),
    ],
)
def test_a_masked_number_can_be_recognised_but_not_dialled(number, masked):
    assert mask_number(number) == masked


@given(st.from_regex(r"[0-9]{3,20}", fullmatch=True))
def test_at_least_four_digits_or_all_but_two_are_hidden(number):
    shown = sum(c.isdigit() for c in mask_number(number))
    assert shown <= max(2, len(number) - 4)
