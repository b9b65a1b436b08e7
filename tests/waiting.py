"""Waiting in tests: for a condition, never for a time."""

import time
from collections.abc import Callable

LIMIT_S = 60.0
"""How long a condition may take to come true on a busy machine before the test fails."""


def wait_until(condition: Callable[[], object], what: str, *, limit_s: float = LIMIT_S) -> None:
    """Return as soon as the condition holds; fail the test, saying what was waited for, when it never does."""
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, f"still waiting after {limit_s:g} s for {what}"
        time.sleep(0.01)
