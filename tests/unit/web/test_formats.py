"""Lengths of time read as people say them, from seconds to a working day."""

import pytest

from core.i18n import use_locale
from web.formats import duration


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "–"),
        (14, "14 s"),
        (59.6, "1 min"),
        (3599, "59 min 59 s"),
        (3600, "1 h"),
        (3599.6, "1 h"),
        (7199, "2 h"),
        (29_100, "8 h 5 min"),
    ],
)
def test_a_length_of_time_is_told_in_its_largest_two_units_without_zeros(seconds, text):
    with use_locale("en"):
        assert duration(seconds) == text
