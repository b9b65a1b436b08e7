"""Telephone numbers: one normal form for look-up, one masked form for the screen."""

from __future__ import annotations

import re

_KEPT = re.compile(r"[^\d+]")
_CHINA = re.compile(r"^(?:\+|00)86")


def normalise_number(number: str) -> str:
    """Return digits (with a leading + for foreign numbers); mainland prefixes +86 and 0086 are dropped.

    The same caller reaches Asterisk as `13800138000` and Twilio as `+8613800138000`; repeat-caller
    and delete-by-number look-ups need one form. Text without digits (`anonymous`) comes back empty.
    """
    kept = _KEPT.sub("", number)
    kept = _CHINA.sub("", kept)
    return kept if any(c.isdigit() for c in kept) else ""


def mask_number(number: str) -> str:
    """Return `138****8000`: the first three and last four digits; short numbers show their last two."""
    if not number:
        return ""
    if len(number) < 8:
        return "*" * (len(number) - 2) + number[-2:] if len(number) > 2 else "*" * len(number)
    return f"{number[:3]}****{number[-4:]}"
