"""Periods as people write them, in the hotline's time zone."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadInput
from qa.periods import parse_period, running_period

SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("text", "start", "days"),
    [
        ("2026-11-22", datetime(2026, 11, 21, 16, tzinfo=UTC), 1),
        ("2026-W47", datetime(2026, 11, 15, 16, tzinfo=UTC), 7),
        ("2026-12", datetime(2026, 11, 30, 16, tzinfo=UTC), 31),
        ("2026-11-01..2026-11-15", datetime(2026, 10, 31, 16, tzinfo=UTC), 15),
    ],
)
def test_periods(text, start, days):
    """Midnight is Shanghai's."""
    assert parse_period(text, SHANGHAI) == (start, start + timedelta(days=days))


@pytest.mark.parametrize(
    "text", ["", "2026", "2026-13", "2026-W60", "2026-02-30", "a..b", "1..2..3", "9999-12", "0001-01-01"]
)
def test_what_is_no_period_is_refused(text):
    """With a sentence, not a traceback."""
    with pytest.raises(BadInput, match=r".+"):
        parse_period(text, SHANGHAI)


@given(st.text(max_size=30))
def test_no_text_breaks_it(text):
    """Anything may be typed."""
    try:
        start, end = parse_period(text, SHANGHAI)
    except BadInput:
        return
    assert start.tzinfo is not None
    assert end.tzinfo is not None


def test_running_periods():
    """A Sunday evening in UTC is Monday morning in Shanghai."""
    now = datetime(2026, 11, 22, 20, tzinfo=UTC)
    assert running_period("daily", now, SHANGHAI) == parse_period("2026-11-23", SHANGHAI)
    assert running_period("weekly", now, SHANGHAI) == parse_period("2026-W48", SHANGHAI)
    assert running_period("monthly", now, SHANGHAI) == parse_period("2026-11", SHANGHAI)
