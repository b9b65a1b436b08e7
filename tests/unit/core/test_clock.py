"""The clock: aware UTC everywhere."""

from datetime import UTC, datetime, timedelta

from core.clock import FixedClock, SystemClock


def test_the_machines_clock_is_aware_utc():
    assert SystemClock().now().utcoffset() == timedelta(0)


def test_a_fixed_clock_stands_until_it_is_put_elsewhere():
    clock = FixedClock(datetime(2026, 1, 1, tzinfo=UTC))
    assert clock.now() == clock.now()
    clock.at += timedelta(hours=1)
    assert clock.now() == datetime(2026, 1, 1, 1, tzinfo=UTC)
