"""What callers key in is checked before it counts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.flow.validators import VALIDATORS, is_date, is_luhn, is_phone


@pytest.mark.parametrize(("digits", "valid"), [("79927398713", True), ("79927398710", False), ("0", False)])
def test_luhn(digits, valid):
    assert is_luhn(digits) is valid


@given(st.integers(10, 10**15), st.integers(1, 9))
def test_luhn_notices_every_single_wrong_digit(number, shift):
    body = str(number)
    whole = next(body + str(check) for check in range(10) if is_luhn(body + str(check)))
    for place, digit in enumerate(whole):
        wrong = whole[:place] + str((int(digit) + shift) % 10) + whole[place + 1 :]
        assert not is_luhn(wrong)


@pytest.mark.parametrize(
    ("digits", "valid"), [("20240229", True), ("20230229", False), ("20261301", False), ("2026101", False)]
)
def test_date(digits, valid):
    assert is_date(digits) is valid


@pytest.mark.parametrize(
    ("digits", "valid"),
    [
        ("13800138000", True),
        ("02087654321", True),
        ("01012345678", False),
        ("01062345678", True),
        ("07556234567", True),
        ("075582345678", True),
        ("12345678901", False),
        ("0044207123456", False),
        ("4008001234", False),
        ("110", False),
    ],
)
def test_phone(digits, valid):
    assert is_phone(digits) is valid


@given(st.text(max_size=20))
def test_anything_at_all_is_judged_not_raised(text):
    for validate in VALIDATORS.values():
        assert validate(text) in {True, False}
