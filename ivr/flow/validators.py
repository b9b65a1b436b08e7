"""Checks on keyed-in digits: length is the question's own, these look at the content."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date

_MOBILE = re.compile(r"1[3-9][0-9]{9}")
_LANDLINE = re.compile(r"0(?:10|2[0-9])[2-8][0-9]{7}|0[3-9][0-9]{2}[2-8][0-9]{6,7}")


def is_digits(digits: str) -> bool:
    """Return whether there are digits and nothing else (no `*`, no `#`)."""
    return digits.isascii() and digits.isdigit()


def is_luhn(digits: str) -> bool:
    """Return whether the check digit is right (Luhn; ISO/IEC 7812-1 annex B)."""
    if not is_digits(digits) or len(digits) < 2:
        return False
    doubled = [int(d) * (1 + i % 2) for i, d in enumerate(reversed(digits))]
    return sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0


def is_date(digits: str) -> bool:
    """Return whether eight digits are a day of the calendar, year first (20260214)."""
    if not is_digits(digits) or len(digits) != 8:
        return False
    try:
        date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return False
    return True


def is_phone(digits: str) -> bool:
    """Return whether this is a mainland mobile number, or a landline with its area code.

    Foreign, premium and short numbers are refused: a callback dials what a stranger keyed in, and dialling
    those is how toll fraud works.
    """
    return bool(_MOBILE.fullmatch(digits) or _LANDLINE.fullmatch(digits))


VALIDATORS: Mapping[str, Callable[[str], bool]] = {
    "digits": is_digits,
    "luhn": is_luhn,
    "date": is_date,
    "phone": is_phone,
}
